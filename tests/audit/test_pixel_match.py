from dataclasses import replace

import numpy as np

from kmseg.audit.pixel_match import PixelMatcher
from kmseg.color_spaces.rgb import Rgb
from kmseg.maskers.boundary import Boundary
from kmseg.palette import Row, from_rows
from tests.conftest import COLORS, draw_label


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
    assert explained.unmatched == 6 * 18  # its rim may be a mixture
    assert new_colors == {"#f07878": 8 * 20}
