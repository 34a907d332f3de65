"""What the colors found say about the input: shades of one class by file."""

from dataclasses import replace

import numpy as np

from kmseg.audit.input_kinds import doubt_about_most, doubt_about_shades
from kmseg.discovery.select import find_candidates
from kmseg.discovery.statistics import ColorStatistics


def gray_masks(*levels):
    """Draw an image for each group of levels, in stripes on black."""
    for group in levels:
        label = np.zeros((24, 48, 3), np.uint8)
        for n, level in enumerate(group):
            label[:, 8 * n + 8 : 8 * n + 16] = level
        yield label


def doubt(*levels):
    return doubt_about_shades(find_candidates(ColorStatistics.of_all(gray_masks(*levels))), len(levels))


def test_shades_that_never_meet_are_told_and_near_classes_that_do_are_not():
    by_file = [(57, 121, 248), (58, 122, 249), (59, 123, 247)]
    assert doubt(*by_file).startswith("10 colors are 4 groups of shades")
    assert doubt((57, 58, 121, 122), (57, 58, 121, 123), (59, 122, 248, 249), (247, 57, 121, 248)) == ""


def test_mostly_doubtful_classes_are_told():
    found = find_candidates(ColorStatistics.of_all(gray_masks((60, 70, 80, 90), (100, 110, 120, 130))))
    doubtful = replace(found, considered=tuple(replace(each, certainty=0.6) for each in found.considered))
    assert doubt_about_most(found) == ""
    assert doubt_about_most(doubtful).startswith("9 of 9 classes are doubtful")
