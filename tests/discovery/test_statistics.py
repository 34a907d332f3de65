import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kmseg.discovery.region_kernels import COLUMNS, MAX_SPREAD, MIN_AREA, add_row, first_state
from kmseg.discovery.region_kernels import PIXELS as REGION_PIXELS
from kmseg.discovery.statistics import FLAT, IMAGES, INTERIOR, LARGEST, MIXED, PIXELS, ColorStatistics
from kmseg.histogram import Histogram
from kmseg.pixels.hash_table import reserve, table_rows
from kmseg.pixels.packing import pack, unpack
from tests.conftest import COLORS, draw_label
from tests.reference import flat_regions
from tests.support.damage import jpeg


def row(statistics, color):
    (found,) = np.flatnonzero((statistics.colors == color).all(axis=1))
    return statistics.counts[found]


def test_a_lossless_image_is_counted_whole():
    label = draw_label()
    statistics, histogram = ColorStatistics.of(label), Histogram.of(label)
    assert np.array_equal(statistics.keys, histogram.codes)
    assert np.array_equal(statistics.counts[:, PIXELS], histogram.counts)
    assert statistics.pixels == label.shape[0] * label.shape[1]
    assert statistics.describe_damage() == "1 label image: 1 lossless"


def test_flat_and_interior_pixels_of_a_square():
    counts = row(ColorStatistics.of(draw_label()), COLORS["car"])  # 14 x 12 pixels
    assert counts[FLAT] == 12 * 10
    assert counts[INTERIOR] == 10 * 8
    assert counts[MIXED] == 0
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
    assert statistics.counts[gray, MIXED].sum() > 0.9 * statistics.counts[gray, PIXELS].sum()
    assert row(ColorStatistics.of(ramp), (160, 40, 40))[MIXED] == 0


def test_censuses_add_up_whatever_the_order():
    parts = [ColorStatistics.of(jpeg(draw_label(n), 80)) for n in range(4)]
    one, other = ColorStatistics.merge(parts), ColorStatistics.merge([ColorStatistics.merge(parts[:0:-1]), parts[0]])
    assert np.array_equal(one.keys, other.keys)
    assert np.array_equal(one.counts, other.counts)
    assert one.counts[:, IMAGES].max() <= 4


def test_a_color_in_the_box_of_two_others_but_off_their_line_is_no_mixture():
    label = np.zeros((40, 40, 3), np.uint8)
    label[:, 20:] = (200, 200, 0)
    label[:, 18:20] = (120, 40, 0)
    assert row(ColorStatistics.of(label), (120, 40, 0))[MIXED] == 0
    label[:, 18:20] = (100, 100, 0)
    assert row(ColorStatistics.of(label), (100, 100, 0))[MIXED] == 80


def test_the_frame_of_a_damaged_image_is_no_evidence():
    label = np.full((60, 60, 3), 90, np.uint8)
    label[20:40, 20:40] = (180, 60, 60)
    noisy = jpeg(label, 90)
    noisy[0] = noisy[:, -1] = (9, 200, 9)
    green = (np.abs(ColorStatistics.of(noisy).colors.astype(int) - (9, 200, 9)) <= 3).all(axis=1)
    assert not green.any()


def test_nothing_to_count_is_an_empty_census():
    noise = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    assert ColorStatistics.of(noise).pixels == 0
    assert ColorStatistics.merge([]).pixels == 0


@given(st.integers(0, 2**32 - 1), st.integers(20, 60), st.integers(20, 60))
@settings(max_examples=25)
def test_regions_are_those_of_connected_components(seed, height, width):
    random = np.random.default_rng(seed)
    small = random.choice([0, 3, 90], (height // 5 + 1, width // 5 + 1, 1)).astype(np.uint8).repeat(3, axis=2)
    noise = random.integers(0, 3, (height, width, 1), np.uint8)
    label = np.ascontiguousarray(small.repeat(5, axis=0).repeat(5, axis=1)[:height, :width] + noise)
    table, size, state = np.zeros((1024, COLUMNS), np.int32), 0, first_state(width)
    kernel = np.ones((3, 3), np.uint8)
    range3 = (cv2.dilate(label, kernel) - cv2.erode(label, kernel)).max(axis=2)
    rows = [*zip(range3, pack(label), strict=True), (np.full(width, 255, np.uint8), np.zeros(width, np.uint32))]
    for around, colors in rows:
        table = reserve(table, size, width)
        state, size = add_row(around, colors, np.uint8(6), 1, state, table, size)
    codes, counts = table_rows(table)
    expected = flat_regions(label, 6, MIN_AREA, MAX_SPREAD)
    assert int(counts[:, REGION_PIXELS].sum()) == sum(area for *_, area in expected)
    assert sorted(map(tuple, unpack(codes).tolist())) == sorted({color[:3] for color in expected})


def test_a_large_region_of_a_compressed_image_has_the_color_of_its_class():
    label = np.full((64, 64, 3), (70, 130, 180), np.uint8)
    label[16:48, 16:48] = (74, 136, 183)  # 8 units away
    statistics = ColorStatistics.of(jpeg(label, 75))
    largest = statistics.counts[:, LARGEST] >= 400
    apart = np.abs(statistics.colors[largest].astype(int)[:, None] - [(70, 130, 180), (74, 136, 183)]).max(axis=2)
    assert (apart.min(axis=0) <= 3).all()
