import cv2
import numpy as np
import pytest

import kmseg
from kmseg.legends.jpeg_colors import most_plausible, through_jpeg
from kmseg.legends.recognition import published


@pytest.mark.parametrize("quality", [60, 75, 90, 100])
def test_the_color_chosen_is_one_that_the_file_shows_as_the_color_seen(quality):
    colors = np.random.default_rng(quality).integers(0, 256, (40, 3))
    seen = through_jpeg(colors, quality)
    chosen = most_plausible(seen, seen, np.full(len(seen), 100), quality)
    assert np.array_equal(through_jpeg(chosen, quality), seen)


def test_flat_areas_look_as_libjpeg_decodes_them():
    colors = np.random.default_rng(0).integers(0, 256, (24, 3)).astype(np.uint8)
    for quality in (55, 75, 95):
        image = np.repeat(np.repeat(colors[None], 32, axis=0), 32, axis=1)
        data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
        assert np.array_equal(decoded[16, 16::32], through_jpeg(colors, quality))


def test_a_color_that_no_flat_pixel_supports_stays():
    assert most_plausible(np.array([[9, 80, 200]]), np.array([[9, 99, 9]]), np.array([5]), 75).tolist() == [
        [9, 80, 200]
    ]


def test_a_published_legend_comes_back_to_the_digit():
    colors = published()["cityscapes"].colors
    colors = np.unique(colors, axis=0).astype(np.int64)
    seen = through_jpeg(colors, 75)
    chosen = most_plausible(seen, seen, np.full(len(seen), 100), 75)
    assert (chosen == colors).all(axis=1).mean() >= 0.9 > (seen == colors).all(axis=1).mean()


def test_discovery_finds_colors_of_jpeg_files_to_the_digit_and_keeps_pinned_ones(tmp_path):
    colors = np.array([(128, 64, 128), (244, 35, 232), (70, 130, 180), (0, 0, 142)], np.uint8)
    mask = np.kron(np.arange(16).reshape(4, 4) % 5 % 4, np.ones((24, 24), int))
    for name in "ab":
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), colors[mask][..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    found = kmseg.discover(tmp_path, names="none").colors
    assert {tuple(color) for color in found.tolist()} == {tuple(color) for color in colors.tolist()}
    pinned = kmseg.discover(tmp_path, names="none", pin=[(128, 63, 127)]).colors
    assert (128, 63, 127) in {tuple(color) for color in pinned.tolist()}
