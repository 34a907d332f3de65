import numpy as np
import pytest

from kmseg.color_spaces.hsv import Hsv
from kmseg.color_spaces.lab import Lab
from kmseg.color_spaces.rgb import Rgb


@pytest.mark.parametrize(("space", "levels_off"), [(Rgb(), 0), (Hsv(), 0), (Lab(), 1)])
def test_every_color_comes_back(space, levels_off):
    levels = np.array([0, 1, 2, 64, 127, 128, 200, 254, 255], np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    features = space.to_features(colors)
    assert features.shape == (len(colors), 3)
    assert features.dtype == np.float64
    assert np.abs(space.to_rgb(features).astype(int) - colors).max() <= levels_off


def test_hue_is_a_circle():
    almost_red = np.array([[255, 0, 4], [255, 4, 0], [0, 255, 255]], np.uint8)  # hues 359, 1 and 180 degrees
    one, other, opposite = Hsv().to_features(almost_red)
    assert np.linalg.norm(one - other) < 10 < np.linalg.norm(one - opposite)


def test_lab_is_cie_lab():
    red = Lab().to_features(np.array([[255, 0, 0]], np.uint8))[0]
    assert red == pytest.approx([53.24, 80.09, 67.20], abs=0.2)
