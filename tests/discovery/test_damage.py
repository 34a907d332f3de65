import cv2
import numpy as np
import pytest

from kmseg.discovery.damage import Damage, describe
from kmseg.discovery.statistics import ColorStatistics
from kmseg.encoding import Encoding
from kmseg.images import LabelImage
from tests.conftest import draw_label
from tests.support.damage import jpeg


def damage_of(label):
    return ColorStatistics.of(np.ascontiguousarray(label)).describe_damage().split(": 1 ")[1]


def resized(label, factor, method):
    return cv2.resize(label, None, fx=factor, fy=factor, interpolation=method)


def test_a_label_of_exact_colors_is_lossless_with_thin_lines_too():
    label = draw_label()
    label[30] = (255, 0, 77)
    assert damage_of(label) == "lossless"


@pytest.mark.parametrize("method", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA])
@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_a_resized_label_has_false_colors_on_rims_only(method, factor):
    assert damage_of(resized(draw_label(size=128), factor, method)) == "resized or smoothed"


@pytest.mark.parametrize("quality", [60, 80, 95])
def test_a_compressed_label_has_false_colors_inside_of_regions(quality):
    assert damage_of(jpeg(draw_label(), quality)).startswith("once lossy")


def test_a_shade_without_a_patch_of_its_own_is_no_thin_class():
    label = draw_label()
    label[40:56:2, ::3] = (128, 65, 128)
    assert damage_of(label) != "lossless"


def test_small_grays_are_index_masks_whatever_their_shapes():
    values = np.random.default_rng(0).integers(0, 12, (40, 50, 1), np.uint8).repeat(3, axis=2)
    values[5:9] = 255
    assert damage_of(values) == "lossless"


def test_a_lossy_file_is_damaged_however_clean_it_looks():
    label = LabelImage(np.zeros((16, 16, 3), np.uint8), Encoding("jpeg", lossy=True, sampling="4:4:4"))
    statistics = ColorStatistics.of(label)
    assert (statistics.keys >> 24 == Damage.COMPRESSED).all()
    assert describe(Damage.COMPRESSED, label.encoding) == "JPEG 4:4:4"
