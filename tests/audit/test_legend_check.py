import numpy as np

from kmseg.audit.legend_check import check_legend
from kmseg.palette import Palette

DATA = np.array([(128, 64, 128), (70, 130, 180), (0, 0, 142), (220, 220, 0)], np.uint8)
NAMES = ["road", "sky", "car", "sign"]


def check(names, colors, lossless=True, seen=None):
    given = Palette(names, np.array(colors))
    return check_legend(given, DATA, np.ones(len(given)) if seen is None else seen, lossless)


def test_a_legend_that_fits_is_passed_in_silence():
    assert check(NAMES, DATA) == []


def test_classes_that_never_occur_are_named():
    (said,) = check([*NAMES, "train"], [*DATA, (9, 99, 9)], seen=np.array([1, 1, 1, 1, 0]))
    assert "1 of the legend's 5 classes do not occur in the images: train" in said


def test_a_legend_one_level_off_gives_a_warning_unless_the_data_are_lossy():
    off = DATA + np.uint8(1)
    (said,) = check(NAMES, off)
    assert "128 64 128 for road (129 65 129 in the legend)" in said
    assert check(NAMES, off, lossless=False) == []


def test_bgr_order_is_recognized():
    (said,) = check(NAMES, DATA[:, ::-1])
    assert "BGR" in said
    assert "exchange its r and b columns" in said


def test_two_names_with_one_color_give_a_warning():
    (said,) = check([*NAMES, "street"], [*DATA, (128, 64, 128)])
    assert "gives 128 64 128 to road and street: all its pixels become road" in said


def test_ids_that_are_off_by_one_are_recognized_in_grey_levels():
    levels = np.repeat(np.arange(1, 6, dtype=np.uint8)[:, None], 3, axis=1)

    def of(colors):
        return Palette(list("abcde"), colors)

    for legend, data in ((levels - 1, levels), (levels, levels - 1)):
        (said,) = check_legend(of(legend), data, np.ones(5), lossless=True)
        assert f"from {legend.min()} to {legend.max()} and the data's from {data.min()} to {data.max()}" in said
    assert check_legend(of(levels), levels, np.ones(5), lossless=True) == []
    assert check_legend(of(levels), levels[1:4], np.ones(5), lossless=True) == []
