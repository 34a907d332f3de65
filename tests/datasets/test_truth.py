"""True masks mean what people mean by them; what a metric does not cover is said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kmseg.datasets import Item
from kmseg.datasets.truth import Truth
from kmseg.errors import UnreadableImage
from tests.conftest import COLORS, draw_label, write_rgb


@pytest.fixture
def legend_of_two(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("name,r,g,b\nbackground,0,0,0\nvessel,255,255,255\n")
    return path


def write_masks(folder, *masks):
    folder.mkdir()
    for number, mask in enumerate(masks):
        cv2.imwrite(str(folder / f"{number}.PNG"), np.array(mask, np.uint8))
    return folder


def test_masks_of_0_and_255_with_a_legend_of_two_classes_are_foreground_and_background(tmp_path, legend_of_two):
    truth = Truth(str(legend_of_two), str(write_masks(tmp_path / "masks", [[0, 0]], [[0, 255]])))
    assert truth.read_mask(truth.mask_file("1"), (1, 2)).tolist() == [[0, 1]]
    assert "255 is read as 'vessel'" in truth.warnings[0]


def test_255_is_ignore_where_the_masks_hold_the_second_class_too(tmp_path, legend_of_two):
    truth = Truth(str(legend_of_two), str(write_masks(tmp_path / "masks", [[0, 1]], [[0, 255]])))
    assert truth.read_mask(truth.mask_file("1"), (1, 2)).tolist() == [[0, -1]]
    assert not truth.warnings


def test_masks_of_0_and_255_with_a_larger_legend_are_said_to_cover_one_class(tmp_path, legend):
    truth = Truth(str(legend), str(write_masks(tmp_path / "masks", [[0, 255]])))
    assert "only 'sky' is evaluated" in truth.warnings[0]


def test_classes_that_no_true_mask_has_are_named(kmseg, tmp_path, legend):
    write_rgb(tmp_path / "labels" / "0.png", draw_label(0))
    names, colors = list(COLORS), np.array(list(COLORS.values()))
    mask = (draw_label(0)[:, :, None] == colors).all(-1).argmax(-1)
    write_masks(tmp_path / "truth", np.where(mask == names.index("car"), 255, mask))
    words = ("dataset=folder", f"dataset.root={tmp_path}/labels", f"palette.file={legend}", f"truth.legend={legend}")
    ran = kmseg(*words, f"truth.masks={tmp_path}/truth")
    assert ran.code == 0, ran.err
    assert "no true mask has" not in ran.out  # car is predicted only where the truth ignores it
    write_masks(tmp_path / "other", np.where(mask == names.index("car"), names.index("road"), mask))
    ran = kmseg(*words, f"truth.masks={tmp_path}/other")
    assert "no true mask has car, which the masks have" in " ".join(ran.out.split())


def test_masks_in_the_legends_colors_and_of_other_names_and_formats_are_read(tmp_path, legend):
    folder, label = tmp_path / "masks", draw_label(0)
    rows = (label[:, :, None] == np.array(list(COLORS.values()))).all(-1).argmax(-1)
    write_rgb(folder / "a" / "0_gt.png", label)
    items = [Item("a/0_mask", tmp_path / "a" / "0_mask.png"), Item("b/1_mask", tmp_path / "b" / "1_mask.png")]
    truth = Truth(str(legend), str(folder)).for_items(items)
    assert truth.read_mask(truth.mask_file("a/0_mask"), label.shape[:2]).tolist() == rows.tolist()
    write_rgb(folder / "a" / "0_gt.png", label + np.uint8(1))
    (folder / "b").mkdir()
    cv2.imwrite(str(folder / "b" / "1_gt.tif"), rows.astype(np.uint8))
    truth = Truth(str(legend), str(folder)).for_items(items)
    assert truth.read_mask(truth.mask_file("b/1_mask"), label.shape[:2]).tolist() == rows.tolist()
    with pytest.raises(UnreadableImage, match="is no color of "):
        truth.read_mask(truth.mask_file("a/0_mask"), label.shape[:2])


def test_label_images_are_not_their_own_truth(tmp_path, legend):
    path = write_rgb(tmp_path / "labels" / "0.png", draw_label(0))
    truth = Truth(str(legend), str(path.parent)).for_items([Item("0", path)])
    assert truth.mask_file("0") is None


@pytest.mark.parametrize(("mask", "says"), [([[1, 2], [3, 4]], "count the legend's classes from 1"), ([[255]], "none")])
def test_values_that_cannot_be_rows_are_said(tmp_path, legend, mask, says):
    assert says in Truth(str(legend), str(write_masks(tmp_path / "masks", mask))).warnings[0]
