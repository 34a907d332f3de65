"""What is said, and the exit code, where the input is not, or not only, label images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kmseg.images import write_png
from tests.support.kinds import draw_figure, draw_label, draw_photo


def last_line(out: str) -> str:
    return " ".join(out.split("doubt    ")[-1].split())


def write_all(folder, draw, count=4, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        image = draw(seed)
        if suffix == ".jpg":
            cv2.imwrite(str(folder / f"{seed}.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        else:
            write_png(folder / f"{seed}_mask.png", image)
    return folder


def blend(seed):
    return np.rint(draw_photo(seed) * 0.5 + draw_label(seed) * 0.5).astype(np.uint8)


def beside(seed):
    gap = np.full((160, 8, 3), 255, np.uint8)
    return np.hstack([draw_photo(seed), gap, draw_label(seed), gap, draw_label(seed)])


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (draw_photo, "photos"),
        (blend, "photos"),
        (lambda seed: np.hstack([draw_photo(seed), draw_label(seed)]), "use dataset=pairs dataset.label=right"),
        (beside, "use dataset=panels dataset.label=2"),
        (draw_figure, "figures with axes or captions"),
    ],
)
def test_what_is_no_label_image_is_said_last_and_ends_with_3_or_an_error(kmseg, tmp_path, draw, said):
    ran = kmseg("task=discover", "dataset=folder", f"dataset.root={write_all(tmp_path / 'in', draw)}")
    assert ran.code in (1, 3), ran.err
    assert said in (last_line(ran.out) if ran.code == 3 else ran.err)


def test_photos_among_labels_are_named(kmseg, tmp_path):
    write_all(tmp_path / "in", draw_label)
    write_all(tmp_path / "in", draw_photo, suffix=".jpg")
    ran = kmseg("task=discover", "dataset=folder", f"dataset.root={tmp_path / 'in'}")
    assert ran.code == 1
    assert "4 of 8 images are photos, as 0.jpg; 0_mask.png is a label" in ran.err
    assert "dataset.labels='*_mask.png'" in ran.err


def test_labels_are_not_doubted(kmseg, tmp_path):
    ran = kmseg("task=discover", "dataset=folder", f"dataset.root={write_all(tmp_path / 'in', draw_label)}")
    assert ran.code == 0, ran.err
    assert "doubt   " not in ran.out


def test_files_without_a_photo_among_pairs_are_named(kmseg, tmp_path):
    write_all(tmp_path / "in" / "train", lambda seed: np.hstack([draw_photo(seed), draw_label(seed)]))
    words = ("task=discover", "dataset=pairs", f"dataset.root={tmp_path / 'in'}")
    assert kmseg(*words).code == 0
    write_all(tmp_path / "in" / "truth", draw_label)
    ran = kmseg(*words)
    assert ran.code == 3
    assert "the 4 .png files of truth/ seem to hold no photo" in last_line(ran.out)


def test_labels_alone_that_were_cut_in_two_are_doubted(kmseg, tmp_path):
    folder = write_all(tmp_path / "in", draw_label)
    ran = kmseg("task=discover", "dataset=pairs", f"dataset.root={folder}")
    assert ran.code == 3
    assert "both parts of each file seem to be labels" in last_line(ran.out)
    assert "dataset=folder" in last_line(ran.out)
