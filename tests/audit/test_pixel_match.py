from dataclasses import replace

import cv2
import numpy as np

from kmseg.audit import pixel_match
from kmseg.audit.pixel_match import PixelMatcher
from kmseg.color_spaces.rgb import Rgb
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Row, from_rows
from tests.conftest import COLORS, draw_label
from tests.support.kinds import draw_photo


def test_the_color_that_a_class_is_painted_in_plays_no_part(palette):
    label = draw_label()
    mask = Boundary().for_palette(palette, Rgb())(label)
    explained, *_ = PixelMatcher(replace(palette, repainted=np.zeros((4, 3)))).match(label, mask)
    assert explained.exact == mask.size


def test_pixels_of_a_color_of_no_class_are_explained_and_those_of_an_unknown_color_are_not():
    label = draw_label()
    palette = from_rows(Row(name, color, ignored=name == "road") for name, color in COLORS.items())
    mask = Boundary().for_palette(palette, Rgb())(label)
    explained, _, near, new_colors = PixelMatcher(palette).match(label, mask)
    assert not new_colors
    assert (explained.exact, explained.unmatched) == (mask.size, 0)
    assert near[:-1].sum() == (mask != 255).sum()
    label[40:60, 2:10] = (240, 120, 120)
    explained, *_, new_colors = PixelMatcher(palette).match(label, mask)
    assert explained.unmatched == 8 * 20
    assert explained.where == (2, 42, 9, 57)
    assert new_colors == {"#f07878": 8 * 20}


def test_a_frame_and_half_transparent_pixels_are_unmatched_and_the_mixtures_of_resizing_are_not(palette):
    label = draw_label(size=96)
    large = cv2.resize(label, (200, 200), interpolation=cv2.INTER_CUBIC)
    assert _unmatched(palette, large) < 0.005
    framed = label.copy()
    framed[::12, :] = 255
    assert _unmatched(palette, framed) > 0.9 / 12
    blended = label.copy()
    blended[20:60, 20:60] = (label[20:60, 20:60] + np.random.default_rng(0).integers(0, 256, (40, 40, 3))) // 2
    assert _unmatched(palette, blended) > 0.9 * 40 * 40 / 96**2


def test_most_of_a_photo_is_unmatched_whatever_the_legend(palette):
    for seed in range(2):
        assert _unmatched(palette, draw_photo(seed)) > 0.5


def _unmatched(palette, image):
    mask = Boundary().for_palette(palette, Rgb())(image)
    return PixelMatcher(palette).match(image, mask)[0].unmatched / mask.size


def test_the_unmatched_border_pixels_of_a_large_image_are_estimated_from_a_part(palette, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    mask = Nearest().for_palette(palette, Rgb())(pixels)
    whole = PixelMatcher(palette).match(pixels, mask)[0]
    monkeypatch.setattr(pixel_match, "MOST_BORDER_PIXELS", 500)
    part = PixelMatcher(palette).match(pixels, mask)[0]
    assert abs(part.unmatched - whole.unmatched) < 0.05 * whole.pixels
    assert part.exact + part.near + part.reassigned + part.unmatched == part.pixels
    assert np.abs(np.subtract(part.where, whole.where)).max() <= 3
