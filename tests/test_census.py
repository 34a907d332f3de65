import numpy as np

from kmseg.finding.census import ALL, BETWEEN, FLAT_PIXELS, IMAGES, SOLID, Census
from kmseg.histogram import Histogram
from tests.conftest import COLORS, draw_label
from tests.damage import jpeg


def row(census, color):
    (found,) = np.flatnonzero((census.colors == color).all(axis=1))
    return census.counts[found]


def test_a_lossless_image_is_counted_whole():
    label = draw_label()
    census, histogram = Census.of(label), Histogram.of(label)
    assert np.array_equal(census.codes, histogram.codes)
    assert np.array_equal(census.counts[:, ALL], histogram.counts)
    assert census.pixels == label.shape[0] * label.shape[1]


def test_flat_and_solid_pixels_of_a_square():
    counts = row(Census.of(draw_label()), COLORS["car"])  # 14 x 12 pixels
    assert counts[FLAT_PIXELS] == 12 * 10
    assert counts[SOLID] == 10 * 8
    assert counts[BETWEEN] == 0
    assert counts[IMAGES] == 1


def test_a_ramp_lies_between_its_ends_and_a_pole_does_not():
    ramp = np.full((40, 80, 3), 40, np.uint8)
    ramp[:, 24:54] = np.arange(44, 164, 4, np.uint8)[:, None]
    ramp[:, 54:] = 160
    ramp[:, 10:13] = (160, 40, 40)  # a pole, three pixels wide
    noisy = jpeg(ramp, 95)
    census = Census.of(noisy)
    grey = (np.ptp(census.colors.astype(int), axis=1) < 10) & (np.abs(census.colors[:, 0].astype(int) - 100) < 30)
    assert census.counts[grey, BETWEEN].sum() > 0.9 * census.counts[grey, FLAT_PIXELS].sum()
    assert row(Census.of(ramp), (160, 40, 40))[BETWEEN] == 0


def test_censuses_add_up_whatever_the_order():
    parts = [Census.of(jpeg(draw_label(n), 80)) for n in range(4)]
    one, other = Census.merge(parts), Census.merge([Census.merge(parts[:0:-1]), parts[0]])
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.counts, other.counts)
    assert one.counts[:, IMAGES].max() <= 4


def test_the_share_of_flat_pixels_is_that_of_the_colours_surroundings():
    label = np.full((64, 64, 3), 200, np.uint8)
    label[:, 30] = (0, 0, 142)  # a line has no flat pixel, and takes two columns from its ground
    census = Census.of(label)
    assert census.flat_share((0, 0, 142)) == 0
    assert census.flat_share((200, 200, 200)) == (64 - 3) / (64 - 1)
    assert census.flat_share((0, 255, 0)) == 0
    assert Census.merge([census, census]).flat_share((200, 200, 200)) == 61 / 63


def test_nothing_to_count_is_an_empty_census():
    noise = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    assert Census.of(noise).pixels == 0
    assert Census.merge([]).pixels == 0
