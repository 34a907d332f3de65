import cv2
import numpy as np
import pytest

from kmseg.datasets.overlay import Overlay
from kmseg.errors import UserError
from kmseg.images import read_rgb, write_png
from tests.support.kinds import COLORS, as_jpeg, draw_label, draw_photo


def write_overlays(folder, opacity, quality=None, partial=False, gray=False):
    (folder / "photos").mkdir()
    (folder / "overlays").mkdir()
    labels = []
    for seed in range(3):
        photo, label = draw_photo(seed), draw_label(seed)
        if gray:
            photo = photo[..., :1].repeat(3, axis=2)
        if partial:
            label[:80] = 0
        blend = np.rint(photo * (1 - opacity) + label * opacity).astype(np.uint8)
        if partial:
            blend[:80] = photo[:80]
        write_png(folder / "photos" / f"{seed}.png", photo)
        write_png(folder / "overlays" / f"{seed}.png", blend if quality is None else as_jpeg(blend, quality))
        labels.append(label)
    return Overlay(str(folder / "overlays"), str(folder / "photos")), labels


@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("quality", [None, 90])
def test_the_opacity_is_found_and_the_blend_undone(tmp_path, opacity, quality):
    dataset, labels = write_overlays(tmp_path, opacity, quality)
    assert dataset.used_opacity == pytest.approx(opacity, abs=0.021)
    for item, label in zip(dataset.items(), labels, strict=True):
        apart = np.abs(dataset.read_label(item).pixels[..., None, :].astype(int) - COLORS).sum(axis=3)
        right = (COLORS[apart.argmin(axis=2)] == label).all(axis=2)
        assert right.mean() > (0.99 if quality is None else 0.85)
        if quality is None:
            assert len(np.unique(dataset.read_label(item).pixels.reshape(-1, 3), axis=0)) <= 3 * len(COLORS)


@pytest.mark.parametrize("opacity", [0.5, 0.85, 1])
@pytest.mark.parametrize("gray", [False, True])
def test_labels_on_gray_photos_and_labels_that_hide_the_photo_are_found_too(tmp_path, opacity, gray):
    dataset, labels = write_overlays(tmp_path, opacity, partial=True, gray=gray)
    assert dataset.used_opacity == pytest.approx(opacity, abs=0.021)
    off = np.abs(dataset.read_label(dataset.items()[1]).pixels.astype(int) - labels[1]).max(axis=2)
    assert (off <= 3).mean() > 0.99


@pytest.mark.parametrize("change", [lambda photo: cv2.GaussianBlur(photo, (9, 9), 0), lambda photo: 255 - photo])
def test_two_versions_of_gray_photos_are_no_overlays(tmp_path, change):
    dataset, _ = write_overlays(tmp_path, 0.5, gray=True)
    for path in (tmp_path / "photos").iterdir():
        write_png(tmp_path / "overlays" / path.name, change(read_rgb(path)))
    with pytest.raises(UserError, match="no opacity turns the overlays"):
        dataset.read_label(dataset.items()[0])


def test_outside_the_objects_of_a_partial_overlay_the_label_is_black(tmp_path):
    dataset, labels = write_overlays(tmp_path, 0.5, partial=True)
    assert (dataset.read_label(dataset.items()[0]).pixels[:80] == 0).mean() > 0.99
    off = np.abs(dataset.read_label(dataset.items()[1]).pixels.astype(int) - labels[1]).max(axis=2)
    assert (off <= 3).mean() > 0.99


def test_photos_that_are_not_those_of_the_overlays_are_refused(tmp_path):
    dataset, _ = write_overlays(tmp_path, 0.5)
    for seed in range(3):
        write_png(tmp_path / "photos" / f"{seed}.png", draw_photo(seed + 10))
    with pytest.raises(UserError, match="no opacity turns the overlays"):
        dataset.read_label(dataset.items()[0])
    with pytest.raises(UserError, match=r"dataset\.opacity"):
        Overlay(dataset.root, dataset.photos, opacity=0)
