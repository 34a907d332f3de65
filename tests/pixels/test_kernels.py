"""The compiled loops over arrays of pixels give what their twins in `tests/reference.py` give."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmseg.pixels import gather, packed_color
from kmseg.pixels.hash_table import add_colors, empty_table, table_rows
from kmseg.pixels.local_range import local_range
from kmseg.pixels.local_range_kernels import block_ranges, channel_ranges3
from kmseg.pixels.packing import pack, unpack
from kmseg.pixels.run_lengths import find_runs
from kmseg.pixels.strips import strips
from tests import reference

few = settings(max_examples=30)
levels = st.one_of(st.sampled_from([0, 1, 12, 254, 255]), st.integers(0, 255))
images = arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 7), st.just(3)), elements=levels)
codes = arrays(np.uint32, st.integers(1, 60), elements=st.one_of(st.integers(0, 3), st.just(0xFFFFFF)))
VALUES = (np.arange(1 << 24, dtype=np.uint32) % 251).astype(np.uint16)
small = arrays(np.int64, st.integers(1, 20), elements=st.integers(0, 6))


@few
@given(images)
def test_colors_are_packed_and_unpacked(image):
    expected = reference.pack_rgb(image)
    line = image.reshape(-1)
    assert np.array_equal(pack(image), expected)
    assert [packed_color.color_at(line, i) for i in range(expected.size)] == expected.ravel().tolist()
    assert np.array_equal(unpack(expected.ravel()), reference.unpack_rgb(expected.ravel()))
    assert packed_color.unpack_rgb(expected[0, 0]) == tuple(image[0, 0])
    apart = ((image[0, 0].astype(int) - image[-1, -1].astype(int)) ** 2).sum()
    assert packed_color.squared_distance(*image[0, 0], np.int32(expected[-1, -1])) == apart


@few
@given(codes)
def test_runs_begin_where_the_value_changes(values):
    starts = np.empty(len(values) + 1, np.int32)
    runs = find_runs(values, starts)
    assert starts[: runs + 1].tolist() == reference.find_runs(values)


@few
@given(codes, st.integers(0, 5000))
def test_a_table_counts_colors_however_many_there_are(values, more):
    values = np.concatenate([values, np.arange(more, dtype=np.uint32) * 977])
    table, size = add_colors(values, empty_table(2), 0)
    found, rows = table_rows(table)
    expected, pixels = reference.count_colors(values)
    assert np.array_equal(found, expected)
    assert np.array_equal(rows[:, 1], pixels)
    assert size == len(expected)


@few
@given(images)
def test_the_local_range_is_the_spread_of_the_neighborhood(image):
    height, width, _ = image.shape
    assert np.array_equal(local_range(image), reference.color_range(image))
    assert np.array_equal(local_range(image, 5), reference.color_range(image, 5))
    work, ranges = np.empty((2, 3 * width + 6), np.uint8), np.empty(3 * width, np.uint8)
    for y in range(height):
        channel_ranges3(image.reshape(height, -1), y, *work, ranges)
        expected = [reference.local_range(image[..., channel])[y] for channel in range(3)]
        assert np.array_equal(ranges.reshape(-1, 3).T, expected)
    planes = np.ascontiguousarray(np.pad(image, ((3, 3), (3, 3), (0, 0)), mode="edge").transpose(2, 0, 1))
    across = width + 6
    range3, range5 = np.empty((2, height * across), np.uint8)
    block_ranges(
        planes.reshape(3, -1), 3 * across, across, range3, range5, np.empty((3, height * across + 4), np.uint8)
    )
    for ranges, size in ((range3, 3), (range5, 5)):
        assert np.array_equal(ranges.reshape(height, across)[:, 3:-3], reference.color_range(image, size))


@few
@given(images)
def test_a_value_is_looked_up_for_every_color(image):
    out = np.empty(image.size // 3, np.uint8)
    expected = VALUES[reference.pack_rgb(image)].ravel()
    assert gather.look_up(image.reshape(-1), VALUES, out) == np.bitwise_or.reduce(expected)
    assert np.array_equal(out, expected)


@few
@given(small, st.integers(1, 5))
def test_classes_become_layers_colors_and_counts(mask, k):
    index = mask.astype(np.uint8)
    layers, painted = np.zeros((len(mask), k), np.uint8), np.empty((len(mask), 3), np.uint8)
    gather.set_layers(index, layers)
    assert np.array_equal(layers, mask[:, None] == np.arange(k))
    colors = np.arange(3 * k, dtype=np.uint8).reshape(k, 3)
    gather.set_colors(index, colors, painted)
    assert np.array_equal(painted, colors[np.minimum(mask, k - 1)])
    counts = np.zeros((6, k), np.int64)
    gather.count_pairs(mask - 1, index, counts)
    assert np.array_equal(counts, reference.count_pairs(mask - 1, index, counts.shape))


@few
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 20_000))
def test_strips_follow_each_other_and_begin_at_whole_blocks(height, width, pixels):
    cuts = list(strips(height, width, pixels))
    assert [cuts[0][0], *(bottom for _, bottom in cuts)] == [0, *(top for top, _ in cuts[1:]), height]
    assert all(top % 8 == 0 for top, _ in cuts)
