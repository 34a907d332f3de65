import numpy as np

from kmseg.histogram import Histogram
from kmseg.pixels.packing import pack, unpack
from tests.conftest import COLORS, draw_label


def test_colors_survive_packing():
    colors = np.random.default_rng(0).integers(0, 256, (1000, 3)).astype(np.uint8)
    assert np.array_equal(unpack(pack(colors)), colors)
    assert pack(np.array([[1, 2, 3]], np.uint8)).tolist() == [0x010203]


def test_a_histogram_counts_every_pixel_of_every_color():
    label = draw_label()
    histogram = Histogram.of(label)
    expected = {color: int((label == color).all(axis=-1).sum()) for color in COLORS.values()}
    assert {tuple(c): n for c, n in zip(histogram.colors.tolist(), histogram.counts, strict=True)} == expected


def test_a_view_of_an_image_is_counted_like_its_copy():
    wide = np.random.default_rng(0).integers(0, 3, (20, 40, 3)).astype(np.uint8)
    half, copy = Histogram.of(wide[:, 20:]), Histogram.of(wide[:, 20:].copy())
    assert np.array_equal(half.codes, copy.codes)
    assert np.array_equal(half.counts, copy.counts)


def test_histograms_add_up_whatever_the_order():
    images = [np.random.default_rng(n).integers(0, 4, (16, 16, 3)).astype(np.uint8) for n in range(5)]
    together = Histogram.of(np.stack(images))
    parts = [Histogram.of(image) for image in images]
    for merged in (Histogram.merge(parts), Histogram.merge(parts[::-1]), sum(parts[1:], parts[0])):
        assert np.array_equal(merged.codes, together.codes)
        assert np.array_equal(merged.counts, together.counts)


def test_nothing_merges_to_an_empty_histogram():
    assert Histogram.merge([]).pixels == 0
