"""The compiled loops of the boundary masker give what their twins in `tests/reference.py` give."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmseg.maskers.boundary import isolated_kernels as isolated
from kmseg.maskers.boundary import nearest_kernels as kept
from kmseg.maskers.boundary import plane_kernels as planes
from kmseg.maskers.boundary import table_kernels as tables
from kmseg.maskers.boundary import uncertain_kernels as uncertain
from kmseg.maskers.boundary.label_table import BLOCK, BLOCKS, INFINITE_COST, NO_LABEL, PLAUSIBLE, TIGHT, UNIT
from kmseg.pixels.luma_chroma import BLUE, LUMA, RED, luma_chroma_quarters
from kmseg.pixels.packing import pack
from tests import reference

few = settings(max_examples=30)
shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
label_planes = arrays(np.uint8, shapes, elements=st.sampled_from([0, 1, 2, 40, NO_LABEL]))


def run(kernel, shape, *arguments):
    """Return the plane that a loop writes last."""
    out = np.empty(shape[0] * shape[1], np.uint8)
    kernel(*arguments, out)
    return out.reshape(shape)


@few
@given(label_planes)
def test_support_is_counted_among_the_eight_neighbors(near):
    height, width = near.shape
    padded = run(planes.pad, (height + 2, width + 2), near.ravel(), width)
    assert np.array_equal(padded, np.pad(near, 1, mode="edge"))
    flat, evidence = np.empty((2, near.size), np.uint8)
    planes.find_support(padded.ravel(), width, flat, evidence)
    assert np.array_equal(flat.reshape(near.shape), reference.find_support(near, planes.FLAT))
    assert np.array_equal(evidence.reshape(near.shape), reference.find_support(near, planes.SOME))


@few
@given(label_planes, st.integers(1, 5))
def test_local_classes_are_those_with_flat_background_within_the_radius(flat, radius):
    width = flat.shape[1]
    assert np.array_equal(run(planes.lowest, flat.shape, flat.ravel(), width, radius), reference.lowest(flat, radius))
    work, low, high = np.empty((3, flat.size), np.uint8)
    planes.local_label_range(flat.ravel(), width, radius, work, low, high)
    for found, expected in zip((low, high), reference.local_label_range(flat, radius), strict=True):
        assert np.array_equal(found.reshape(flat.shape), expected)


@few
@given(st.integers(1, 30).flatmap(lambda n: arrays(np.uint8, (6, n), elements=st.sampled_from([0, 1, NO_LABEL]))))
def test_pixels_are_uncertain_unless_flat_exact_or_plausible_and_local(rows):
    label, low, high, flags, flat, exact = rows.copy()
    flags *= PLAUSIBLE
    at = np.empty(len(label) + 1, np.int32)
    count = planes.find_uncertain(label, low, high, flags, flat, exact, at)
    assert at[:count].tolist() == reference.find_uncertain(label, low, high, flags, flat, exact).tolist()


@few
@given(
    arrays(
        np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), fill=st.just(NO_LABEL), elements=st.integers(0, 63)
    ),
    st.integers(0, 2**32 - 1),
)
def test_classes_are_nearby_up_to_two_blocks_away_and_common_from_five_pixels_or_a_tight_one(evidence, seed):
    flags = np.where(np.random.default_rng(seed).random(evidence.shape) < 0.05, TIGHT, 0).astype(np.uint8)
    evidence[:9, 3:12] = evidence[0, 0]
    expected, common = reference.find_classes_around(evidence, flags, 2)
    words, often = np.zeros((2, *expected.shape), np.uint32)
    planes.find_classes_around(evidence.ravel(), flags.ravel(), evidence.shape[1], words, often)
    assert np.array_equal(words, expected)
    assert np.array_equal(often, common)


def test_a_class_with_little_evidence_nearby_needs_a_color_that_speaks_for_it():
    quarters = np.array([[0, 80, 400], [0, 0, 0], [0, 0, 0]], np.int32)  # classes of luma 0, 20 and 100
    seen = np.array([[80, 400], [0, 0], [0, 0]], np.int32)  # pixels of exactly the second's and the third's
    labels = np.array([[0, 0], [0, 0], [NO_LABEL, NO_LABEL], [1, 2]], np.int32)  # the first alone is local
    around, none = np.full((1, 1), 0b111, np.uint32), np.zeros((1, 1), np.uint32)

    def chosen(common):
        first, second = np.empty((2, 2), np.int32)
        thin, blocks = np.full(2, INFINITE_COST, np.int32), np.zeros(2, np.int32)
        uncertain.unary_costs(seen, labels, blocks, around, common, quarters, 300 * UNIT << 8, thin, first, second)
        return (first & 0xFF).tolist()

    assert chosen(around) == [1, 2]
    assert chosen(none) == [0, 2]


@few
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.just(3))))
def test_luma_and_chroma_are_rounded_as_in_numpy(colors):
    expected = luma_chroma_quarters(colors)
    for row, weights in zip(expected, (LUMA, BLUE, RED), strict=True):
        assert [tables.feature(*map(np.int32, color), weights) for color in colors] == row.tolist()
    assert [tables.color_cell(code) for code in pack(colors)] == reference.color_cell(colors).tolist()


@few
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 6), st.just(3)), unique=False),
    arrays(np.uint8, st.tuples(st.integers(1, 9), st.just(3))),
    st.sampled_from([1.0, 20.0, 64.0]),
)
def test_a_cell_holds_the_nearest_class_and_whether_it_is_near(palette, pixels, tolerance):
    palette = np.unique(palette, axis=0)
    cells = np.zeros(1 << 18, np.uint16)
    line = np.concatenate([pixels, palette]).reshape(-1)
    tables.learn(line, luma_chroma_quarters(palette), pack(palette), tolerance, 300.0, cells)
    labels = np.empty(len(line) // 3, np.uint32)
    tables.nearest(line, cells, labels)
    for n, cell in enumerate(reference.color_cell(line.reshape(-1, 3)).tolist()):
        label, flags = reference.cell_entry(cell, palette, tolerance, 300.0)
        assert (labels[n], cells[cell]) == (label, label << 8 | flags)
    assert np.count_nonzero(cells) == len(np.unique(reference.color_cell(line.reshape(-1, 3))))


@few
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 9))
def test_light_damage_is_told_by_the_pixels_beside_borders_around_a_block(height, width, seed):
    random = np.random.default_rng(seed)
    near, flat = random.choice([0, 1, NO_LABEL], (2, height, width), p=(0.3, 0.4, 0.3)).astype(np.uint8)
    flags = np.where(random.random((height, width)) < random.uniform(0.7, 0.9), TIGHT, 0).astype(np.uint8)
    found = kept.find_light_damage(near.ravel(), flat.ravel(), flags.ravel(), width)
    expected = reference.find_light_damage(near, flat, flags, BLOCK, BLOCKS, kept.LIGHT_SHARE, kept.LIGHT_PIXELS)
    assert found.tolist() == expected.ravel().tolist()


def test_an_isolated_pixel_whose_color_hardly_tells_its_class_takes_that_around_it():
    palette = np.array([(0, 0, 0), (70, 70, 70), (130, 130, 130)], np.uint8)
    label, at = np.zeros(25, np.uint8), np.array([12], np.int32)
    label[12], padded = 1, np.zeros(49, np.uint8)
    for gray, light, expected in ((105, False, 0), (105, True, 1), (72, False, 1)):
        seen, found = luma_chroma_quarters(np.full((1, 3), gray, np.uint8)), label.copy()
        known = np.zeros(1, np.int32), np.array([light]), luma_chroma_quarters(palette)
        isolated.correct_isolated(at, seen, *known, padded, 5, found)
        assert found[12] == expected, gray
