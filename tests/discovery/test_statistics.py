import numpy as np

from kmseg.discovery.statistics import ALL, BETWEEN, FLAT_PIXELS, IMAGES, SOLID, ColorStatistics
from kmseg.histogram import Histogram
from tests.conftest import COLORS, draw_label
from tests.support.damage import jpeg


def row(statistics, color):
    (found,) = np.flatnonzero((statistics.colors == color).all(axis=1))
    return statistics.counts[found]


def test_a_lossless_image_is_counted_whole():
    label = draw_label()
    statistics, histogram = ColorStatistics.of(label), Histogram.of(label)
    assert np.array_equal(statistics.codes, histogram.codes)
    assert np.array_equal(statistics.counts[:, ALL], histogram.counts)
    assert statistics.pixels == label.shape[0] * label.shape[1]


def test_flat_and_solid_pixels_of_a_square():
    counts = row(ColorStatistics.of(draw_label()), COLORS["car"])  # 14 x 12 pixels
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
    statistics = ColorStatistics.of(noisy)
    gray = (np.ptp(statistics.colors.astype(int), axis=1) < 10) & (
        np.abs(statistics.colors[:, 0].astype(int) - 100) < 30
    )
    assert statistics.counts[gray, BETWEEN].sum() > 0.9 * statistics.counts[gray, FLAT_PIXELS].sum()
    assert row(ColorStatistics.of(ramp), (160, 40, 40))[BETWEEN] == 0


def test_censuses_add_up_whatever_the_order():
    parts = [ColorStatistics.of(jpeg(draw_label(n), 80)) for n in range(4)]
    one, other = ColorStatistics.merge(parts), ColorStatistics.merge([ColorStatistics.merge(parts[:0:-1]), parts[0]])
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.counts, other.counts)
    assert one.counts[:, IMAGES].max() <= 4


def test_the_share_of_flat_pixels_is_that_of_the_colors_surroundings():
    label = np.full((64, 64, 3), 200, np.uint8)
    label[:, 30] = (0, 0, 142)  # a line has no flat pixel, and takes two columns from its ground
    statistics = ColorStatistics.of(label)
    assert statistics.flat_share((0, 0, 142)) == 0
    assert statistics.flat_share((200, 200, 200)) == (64 - 3) / (64 - 1)
    assert statistics.flat_share((0, 255, 0)) == 0
    assert ColorStatistics.merge([statistics, statistics]).flat_share((200, 200, 200)) == 61 / 63


def test_nothing_to_count_is_an_empty_census():
    noise = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    assert ColorStatistics.of(noise).pixels == 0
    assert ColorStatistics.merge([]).pixels == 0
