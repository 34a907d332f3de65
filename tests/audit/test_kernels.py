"""The compiled loops of the audit give what their twins in `tests/reference.py` give."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmseg.audit.kernels import UNMIXED, WITHIN_20, count_inexact, top_colors, unknown_colors
from kmseg.audit.pixel_match import PixelMatcher, _noise
from kmseg.palette import Palette
from kmseg.pixels.hash_table import empty_table, table_rows
from tests import reference

few = settings(max_examples=30)
COLORS = [[(10, 20, 30), (200, 0, 0)], [(120, 120, 120)], [(0, 0, 0)]]
PALETTE = Palette(["a", "b", "c"], np.array([colors[0] for colors in COLORS]), also=[(0, COLORS[0][1])])
shapes = st.tuples(st.integers(1, 6), st.integers(1, 9))


@st.composite
def labels(draw):
    """Draw an image of the classes' colors, some of them some levels off, and a mask of it."""
    shape = draw(shapes)
    mask = draw(arrays(np.uint8, shape, elements=st.integers(0, 3)))
    colors = np.array([*(colors[0] for colors in COLORS), COLORS[0][1]])
    near = colors[draw(arrays(np.uint8, shape, elements=st.integers(0, 3)))]
    off = draw(arrays(np.int16, (*shape, 3), elements=st.sampled_from([0, 0, 0, 3, -8, 14, 40])))
    return np.clip(near + off, 0, 255).astype(np.uint8), mask


@few
@given(labels())
def test_each_pixel_has_the_kind_that_distance_and_local_range_give(drawn):
    image, mask = drawn
    kinds, counts, unmixed, _ = PixelMatcher(PALETTE)._kinds(image, mask)
    expected = reference.classify_pixels(image, mask, COLORS)
    noise = _noise(counts[:, : WITHIN_20 + 1].sum(axis=0))
    off_line = reference.find_unmixed(image, mask, [*COLORS, [(255, 255, 255)]], noise, expected)
    assert np.array_equal(kinds, np.where(off_line, UNMIXED, expected))
    assert unmixed == off_line.sum()
    for k in range(4):
        assert np.array_equal(counts[k], np.bincount(expected[mask == k], minlength=8))


@few
@given(labels(), st.integers(0, 12))
def test_colors_that_are_not_exact_or_unknown_are_listed(drawn, most):
    image, mask = drawn
    kinds = reference.classify_pixels(image, mask, COLORS).ravel()
    line, codes = image.reshape(-1), reference.pack_rgb(image).ravel()
    table = empty_table(2)
    expected = reference.count_inexact(codes, kinds, most)
    assert count_inexact(line, kinds, most, table) == (expected is not None)
    if expected is not None:
        found, rows = table_rows(table)
        assert np.array_equal(found, expected[0])
        assert np.array_equal(rows[:, 1], expected[1])
    listed = np.empty(len(codes), np.uint32)
    assert np.array_equal(listed[: unknown_colors(line, kinds, listed)], reference.unknown_colors(codes, kinds))


@few
@given(
    st.dictionaries(st.sampled_from([0, 1, 5, 0x0A0000, 0x0B0000, 0xFF00FF, 0xFF10FF]), st.integers(1, 9), min_size=1),
    st.sampled_from([0.5, 30.0, 400.0]),
    st.sampled_from([0, 144]),
)
def test_the_colors_with_most_pixels_come_first_and_take_their_likes(counted, least, alike):
    codes, pixels = np.array(sorted(counted), np.uint32), np.array([counted[c] for c in sorted(counted)], np.int64)
    known, leading = np.array([0x000004], np.uint32), np.empty((2, 3), np.int64)
    expected = reference.top_colors(codes, pixels, known, least, alike, 3)
    found = top_colors(codes, pixels.copy(), known, least, alike, leading)
    assert [tuple(pair) for pair in leading[:, :found].T.tolist()] == expected
