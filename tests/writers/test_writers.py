import numpy as np
import pytest

from kmseg.datasets.truth import read_true_mask
from kmseg.errors import UserError
from kmseg.images import read_rgb
from kmseg.palette import Palette
from kmseg.writers import Segmented
from kmseg.writers.class_mask import ClassMask
from kmseg.writers.color_png import ColorPng
from kmseg.writers.index_png import IndexPng
from kmseg.writers.one_hot import OneHot
from kmseg.writers.preview import Preview
from tests.conftest import draw_label, whole

MASK = np.array([[0, 1, 2], [3, 255, 0]], np.uint8)


def image(mask=MASK, key="far/away/a", position=0):
    return Segmented(key, position, np.zeros((*mask.shape, 3), np.uint8), mask, lambda: None)


def test_index_masks_come_back_as_they_were(tmp_path, palette):
    IndexPng().write(image(), palette, tmp_path)
    assert np.array_equal(read_true_mask(tmp_path / "masks/far/away/a.png"), MASK)
    deep = MASK.astype(np.uint16) * 250
    IndexPng().write(image(deep), palette, tmp_path)
    assert np.array_equal(read_true_mask(tmp_path / "masks/far/away/a.png"), deep)


def test_labels_are_painted_in_the_palettes_colors_or_the_users(tmp_path, palette):
    ColorPng().write(image(), palette, tmp_path)
    assert np.array_equal(read_rgb(tmp_path / "color/far/away/a.png"), palette.paint(MASK))
    target = tmp_path / "mine.csv"
    target.write_text("name,r,g,b\nroad,1,1,1\nsky,2,2,2\nsign,3,3,3\ncar,4,4,4\nmore,5,5,5\n")
    ColorPng(target=str(target)).write(image(), palette, tmp_path)
    assert read_rgb(tmp_path / "color/far/away/a.png")[..., 0].tolist() == [[2, 1, 4], [3, 0, 2]]


def test_a_target_that_lacks_a_class_is_refused_before_work(tmp_path, palette):
    target = tmp_path / "mine.csv"
    target.write_text("name,r,g,b\nroad,1,1,1\n")
    with pytest.raises(UserError, match="no color for sky, car, sign"):
        ColorPng(target=str(target)).check(palette)


def test_class_masks_are_0_and_255_for_the_wanted_classes_only(tmp_path, palette):
    ClassMask(classes=["sky", 3]).write(image(), palette, tmp_path)
    assert read_true_mask(tmp_path / "class/sky/far/away/a.png").tolist() == [[255, 0, 0], [0, 0, 255]]
    assert read_true_mask(tmp_path / "class/sign/far/away/a.png").tolist() == [[0, 0, 0], [255, 0, 0]]
    assert sorted(entry.name for entry in (tmp_path / "class").iterdir()) == ["sign", "sky"]
    for wrong in (["ski"], "ski", [9], [True]):
        with pytest.raises(UserError, match="no class"):
            ClassMask(classes=wrong).check(palette)


def test_a_class_named_by_a_number_is_meant_by_its_name(tmp_path):
    numbers = Palette(["2", "1", "0"], np.arange(9).reshape(3, 3))
    ClassMask(classes=2).write(image(), numbers, tmp_path)
    assert read_true_mask(tmp_path / "class/2/far/away/a.png").tolist() == [[255, 0, 0], [0, 0, 255]]


def test_layers_hold_every_class_the_first_included(tmp_path, palette):
    OneHot().write(image(), palette, tmp_path)
    with np.load(tmp_path / "layers/far/away/a.npz", allow_pickle=False) as file:
        layers = file["layers"]
    assert layers.shape == (2, 3, 4)
    assert layers.dtype == np.uint8
    assert layers[..., 0].tolist() == [[1, 0, 0], [0, 0, 1]]  # the paper's first layer is always empty
    assert layers.sum(axis=-1).tolist() == [[1, 1, 1], [1, 0, 1]]


def test_the_preview_shows_the_first_images_only(tmp_path, palette):
    writer = Preview(images=2, width=64)
    label = draw_label()
    shown = [
        writer.write(Segmented(str(n), n, label, np.zeros(label.shape[:2], np.uint8), lambda: label), palette, tmp_path)
        for n in range(3)
    ]
    assert shown[2] is None
    writer.finish(shown[:2], whole(palette, tmp_path))
    sheet = read_rgb(tmp_path / "preview.png")
    assert sheet.shape[0] > 2 * 64
    assert sheet.shape[1] > 3 * 64
