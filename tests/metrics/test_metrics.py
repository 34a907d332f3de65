import numpy as np
import pytest

from kmseg.metrics.legend import count_flat_pixels, legend_scores
from kmseg.metrics.masks import confusion, mask_scores
from kmseg.palette import Palette
from tests.conftest import draw_label

TRUE = Palette(["a", "b", "absent"], np.array([(0, 0, 0), (100, 0, 0), (0, 200, 0)]))


def test_a_class_is_found_within_6_units_and_a_color_is_spurious_beyond_10():
    found = Palette(["x", "y", "z"], np.array([(0, 0, 6), (100, 0, 9), (0, 0, 50)]))
    scores = legend_scores(found, TRUE, np.array([30, 30, 29]))
    assert scores["legend/recall"] == 0.5  # b is 9 away: neither found nor spurious
    assert (scores["legend/present"], scores["legend/spurious"], scores["legend/exact"]) == (2, 1, 0)
    assert scores["legend/precision"] == pytest.approx(2 / 3)


def test_flat_pixels_are_counted_per_true_class(palette):
    label = draw_label()
    counts = count_flat_pixels(label, palette)
    assert counts[2] == (14 - 2) * (12 - 2)  # the car without its rim
    noise = np.random.default_rng(0).integers(0, 256, label.shape).astype(np.uint8)
    assert count_flat_pixels(noise, palette).sum() == 0


def test_accuracy_and_iou_by_hand():
    found = Palette(["x", "y"], np.array([(90, 0, 0), (5, 0, 0)]))  # x means b, y means a
    true = np.array([[0, 0, 1, 1, -1]])
    mask = np.array([[1, 0, 0, 255, 0]], np.uint8)
    scores = mask_scores(confusion(true, mask, 3, 2), found, TRUE)
    assert scores["mask/accuracy"] == 0.5
    assert scores["mask/iou/a"] == 0.5
    assert scores["mask/iou/b"] == pytest.approx(1 / 3)
    assert scores["mask/miou"] == pytest.approx((0.5 + 1 / 3) / 2)
    assert "mask/iou/absent" not in scores
