"""What a look at images and the colors found say about the input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kmseg.audit.input_kinds import (
    Looked,
    doubt_about,
    doubt_about_lone,
    doubt_about_most,
    doubt_about_shades,
    explains,
    seem_small,
)
from kmseg.datasets import Item
from kmseg.discovery.select import find_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.image_kinds import PANELS, PHOTO, ImageKind, Panels, classify
from kmseg.images import LabelImage
from kmseg.palette import Palette
from tests.support.kinds import COLORS, as_jpeg, draw_indices


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


def test_colors_of_damaged_images_that_never_come_back_are_told():
    found = find_candidates(ColorStatistics.of_all(gray_masks((60, 70, 80, 90), (100, 110, 120, 130))))
    damaged = replace(found, exact=False)  # black is in both images, each of the eight grays in one
    assert doubt_about_lone(damaged, images=20).startswith("8 of 9 colors are in one of 20 images only")
    assert doubt_about_lone(damaged, images=19) == doubt_about_lone(found, images=20) == ""


def test_images_without_a_common_color_are_told_and_rare_classes_are_not():
    random = np.random.default_rng(1)

    items = [Item(f"{n}", Path(f"{n}.png")) for n in range(5)]

    def doubt_of(color_sets):
        labels = [colors[draw_indices(n, len(colors))] for n, colors in enumerate(color_sets)]
        return doubt_about(items, Looked(5, {f"{n}": classify(label) for n, label in enumerate(labels)}))

    own = [random.integers(0, 256, (5, 3)).astype(np.uint8) for _ in items]
    assert doubt_of(own).startswith("hardly a color is in two of 5 images")
    assert doubt_of([np.concatenate([COLORS[:2], colors]) for colors in own]) == ""


@pytest.mark.parametrize(
    ("reason", "said"), [("small", "too small"), ("soft", "soft rims"), ("plain background", "thin")]
)
def test_what_else_photos_may_be_is_said(reason, said):
    items = [Item(name, Path(f"{name}.png")) for name in ("a", "b")]
    looked = Looked(2, {item.key: ImageKind("photo", 0.9, reason=reason) for item in items})
    assert said in doubt_about(items, looked)
    assert seem_small(looked) == (reason == "small")


def test_a_palette_explains_small_labels_in_jpeg_and_not_without_a_class():
    labels = [LabelImage(as_jpeg(COLORS[draw_indices(n, 3, (64, 64))], 75)) for n in range(3)]
    assert explains(Palette(list("abc"), COLORS[:3]), labels)
    assert not explains(Palette(list("ab"), COLORS[:2]), labels)


@pytest.mark.parametrize(("labels", "said"), [((0, 0, 0, 1), "pairs in one file"), ((0, 0, 1, 1), "photos, not")])
def test_panels_are_told_only_where_half_of_the_images_have_them_in_the_same_places(labels, said):
    kinds = [ImageKind(PANELS, 0.9, panels=Panels(1, 2, (), ("label", "photo"), 0, label)) for label in labels]
    kinds.append(ImageKind(PHOTO, 0.9))
    items = [Item(f"{number}", Path(f"{number}.jpg")) for number in range(len(kinds))]
    looked = Looked(len(kinds), {item.key: kind for item, kind in zip(items, kinds, strict=True)})
    assert f"these seem to be {said}" in doubt_about(items, looked, "folder")
