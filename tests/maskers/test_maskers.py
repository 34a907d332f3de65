import cv2
import numpy as np
import pytest

from kmseg.color_spaces.hsv import Hsv
from kmseg.color_spaces.lab import Lab
from kmseg.color_spaces.rgb import Rgb
from kmseg.confidence import measure_confidence
from kmseg.errors import UserError
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.hsv_range import HsvRange
from kmseg.maskers.nearest import Nearest
from kmseg.metrics.masks import mask_scores
from kmseg.palette import Palette
from tests.conftest import draw_label
from tests.support.damage import jpeg


@pytest.mark.parametrize("space", [Rgb(), Hsv(), Lab()])
def test_nearest_on_a_lossless_label_is_exact_lookup(palette, space):
    label = draw_label()
    mask = Nearest().for_palette(palette, space)(label)
    assert mask.dtype == np.uint8
    assert np.array_equal(palette.paint(mask), label)


def test_nearest_agrees_with_the_distance_to_every_color(palette):
    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 3)).astype(np.uint8)
    apart = ((noise[:, :, None].astype(int) - palette.colors.astype(int)) ** 2).sum(-1)
    assert np.array_equal(Nearest().for_palette(palette, Rgb())(noise), apart.argmin(-1))


def test_both_colors_of_a_merged_class_give_that_class():
    merged = Palette(["road", "car"], np.array([(128, 64, 128), (0, 0, 142)]), also=[(0, (244, 35, 232))])
    label = np.array([[(128, 64, 128), (244, 35, 232), (0, 0, 142), (240, 40, 230)]], np.uint8)
    assert Nearest().for_palette(merged, Rgb())(label).tolist() == [[0, 0, 1, 0]]


def test_more_than_255_classes_are_supported():
    colors = np.stack([np.arange(300) % 256, np.arange(300) // 256 * 100, np.zeros(300)], axis=1)
    many = Palette([str(k) for k in range(300)], colors)
    mask = Nearest().for_palette(many, Rgb())(colors.astype(np.uint8).reshape(1, 300, 3))
    assert mask.dtype == np.uint16
    assert mask.tolist() == [list(range(300))]


def in_range_by_opencv(label, color, hue, saturation, value):
    """One class as people write it by hand, the hue wrapping at 180 by two ranges."""
    hsv = cv2.cvtColor(label, cv2.COLOR_RGB2HSV)
    h, s, v = (int(x) for x in cv2.cvtColor(np.uint8([[color]]), cv2.COLOR_RGB2HSV)[0, 0])
    low, high = (max(s - saturation, 0), max(v - value, 0)), (min(s + saturation, 255), min(v + value, 255))
    masks = [cv2.inRange(hsv, (h + turn - hue, *low), (h + turn + hue, *high)) for turn in (-180, 0, 180)]
    return np.bitwise_or.reduce(masks) > 0


@pytest.mark.parametrize("color", [(255, 0, 10), (10, 200, 40), (60, 60, 200)])
def test_one_class_of_hsv_range_is_what_inrange_gives(color):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    one = Palette(["it"], np.array([color]))
    mask = HsvRange(hue=12, saturation=80, value=90).for_palette(one, Rgb())(noise)
    assert np.array_equal(mask == 0, in_range_by_opencv(noise, color, 12, 80, 90))
    assert set(np.unique(mask)) == {0, 255}


def test_the_hue_of_a_grey_is_not_compared():
    gray = Palette(["wall"], np.array([(120, 120, 120)]))
    label = np.array([[(124, 120, 120), (120, 120, 124), (120, 125, 120), (250, 120, 120)]], np.uint8)
    assert HsvRange(hue=2, saturation=40, value=40).for_palette(gray, Rgb())(label).tolist() == [[0, 0, 0, 255]]


def test_where_ranges_overlap_the_nearest_wins():
    two = Palette(["red", "orange"], np.array([(255, 0, 0), (255, 100, 0)]))
    label = np.array([[(255, 30, 0), (255, 80, 0)]], np.uint8)
    assert HsvRange(hue=15, saturation=80, value=80).for_palette(two, Rgb())(label).tolist() == [[0, 1]]


@pytest.mark.parametrize("option", [{"hue": -1}, {"hue": 91}, {"saturation": 256}, {"value": "big"}])
def test_a_tolerance_out_of_range_fails_at_birth(option):
    with pytest.raises(UserError, match=f"{next(iter(option))} is"):
        HsvRange(**option)


def test_what_is_not_sure_is_ignored_and_the_rest_stays_as_it_was():
    palette = Palette(["sky", "tree", "pole"], np.array([(70, 130, 180), (107, 142, 35), (153, 153, 153)]))
    true = np.zeros((64, 64), np.uint8)
    true[30:], true[:, 20], true[12, 40] = 1, 2, 2
    label = jpeg(palette.paint(true), 60)
    complete = Boundary().for_palette(palette, Rgb())(label)
    confidence = measure_confidence(label, complete, palette)
    mask = Boundary(ignore_below=250).for_palette(palette, Rgb())(label)
    assert np.array_equal(mask == palette.ignore, confidence < 250)
    assert np.array_equal(mask[confidence >= 250], complete[confidence >= 250])
    assert 0 < (mask == palette.ignore).mean() < 0.05
    assert (confidence[:10, 30:] > 250).all()


@pytest.mark.parametrize("k", [3, 300])
def test_a_lossless_label_is_certain_everywhere(k):
    colors = np.stack([np.arange(k) % 256, np.arange(k) // 256 * 100, np.full(k, 7)], axis=1)
    palette = Palette([str(n) for n in range(k)], colors, also=[(1, (200, 9, 9))])
    mask = np.random.default_rng(0).integers(0, k, (20, 30)).astype(palette.index_dtype)
    label = palette.paint(mask)
    mask[0, 0], label[0, 0] = 1, (200, 9, 9)
    mask[1, 1] = palette.ignore
    confidence = measure_confidence(label, mask, palette)
    assert confidence[1, 1] == 0
    confidence[1, 1] = 255
    assert (confidence == 255).all()


def test_scores_tell_how_much_is_covered_and_how_good_that_is():
    palette = Palette(["a", "b"], np.array([(0, 0, 0), (255, 255, 255)]))
    counts = np.array([[90, 0, 10], [5, 95, 0]])
    scores = mask_scores(counts, palette, palette)
    assert scores["mask/coverage"] == 0.95
    assert scores["mask/miou"] == pytest.approx((90 / 105 + 95 / 100) / 2)
    assert scores["mask/miou_covered"] == pytest.approx((90 / 95 + 95 / 100) / 2)
    assert "mask/coverage" not in mask_scores(counts[:, :2] @ [[1, 0, 0], [0, 1, 0]], palette, palette)
