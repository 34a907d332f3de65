"""Photos and labels find each other by one rule, which rather pairs too few than two that do not belong together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmseg.datasets.matching import match_names
from kmseg.datasets.naming import group_series

PAIRED = {
    "equal paths": (["a/1", "b/1"], ["a/1", "b/1"]),
    "an ending": (["ISIC_1_segmentation", "ISIC_2_segmentation"], ["ISIC_1", "ISIC_2"]),
    "one letter": (["0001TP_01_L", "0006R_01_L"], ["0001TP_01", "0006R_01"]),
    "an ending of both": (["u/u_1_gtFine_color", "u/u_2_gtFine_color"], ["u/u_1_leftImg8bit", "u/u_2_leftImg8bit"]),
    "a word within": (["um_road_001", "umm_road_001"], ["um_001", "umm_001"]),
    "folders of splits": (["train_labels/1", "val_labels/1"], ["train/1", "val/1"]),
    "spellings of splits": (["gt/train/1", "gt/val/1"], ["img/training/1", "img/validation/1"]),
    "a folder an image": (["a_json/label", "b_json/label"], ["a_json/img", "b_json/img"]),
    "letters at a number": (["1mask", "2mask"], ["1", "2"]),
    "Roboflow": (["t/i0_jpg.rf.0a0f_mask", "t/i1_jpg.rf.1a_mask"], ["t/i0_jpg.rf.0a0f", "t/i1_jpg.rf.1a"]),
    "an ending in one split": (["train/labels/1_mask", "test/labels/2"], ["train/images/1", "test/images/2"]),
    "capitals": (["IMG_1_mask"], ["img_1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", PAIRED)
def test_names_pair_if_they_differ_in_words_for_kinds_of_images(case):
    labels, photos = PAIRED[case]
    found = match_names(labels, photos)
    assert found.pairs == dict(zip(labels, photos, strict=True))
    assert not found.unmatched
    assert not found.unused


@pytest.mark.parametrize(
    ("labels", "photos"),
    [
        (["cat_1", "cat_2"], ["dog_1", "dog_2"]),
        (["cat_mask"], ["dog"]),
        (["s1/0", "s2/0"], ["x/0"]),
        (["x/0"], ["s1/0", "s2/0"]),
        (["scene_01"], ["scene_1"]),
    ],
)
def test_what_may_belong_to_two_or_to_another_scene_is_not_paired(labels, photos):
    assert match_names(labels, photos).pairs == {}


names = st.lists(st.text("ab1_-./L", min_size=1, max_size=6), unique=True, max_size=8)


@settings(max_examples=60)
@given(names, names)
def test_every_name_is_paired_once_or_told(labels, photos):
    found = match_names(labels, photos)
    assert sorted([*found.pairs, *found.unmatched]) == sorted(labels)
    assert sorted([*found.pairs.values(), *found.unused]) == sorted(photos)
    assert match_names(labels, photos) == found


@pytest.mark.parametrize(
    ("files", "patterns"),
    [
        (["a1.jpg", "a1_mask.png", "a2.jpg", "a2_mask.png"], ["*.jpg", "*_mask.png"]),
        (["u_0_gtFine_color.png", "u_0_gtFine_labelIds.png"], ["*_gtFine_color.png", "*_gtFine_labelIds.png"]),
        (["gt_1.png", "img_1.png", "gt_2.png", "img_2.png"], ["gt_*.png", "img_*.png"]),
        (["1_L.png", "2_L.png"], ["*.png"]),
        (["img.png", "label.png", "label_viz.png"], ["img.png", "label.png", "label_viz.png"]),
        (["a.JPG", "b.jpeg"], ["*.*"]),
        (["0_label.png", "1_label.png", "val_0_label.png", "val_1_label.png"], ["*.png"]),
    ],
)
def test_series_are_told_apart_by_what_their_names_have_in_common(files, patterns):
    assert [found.pattern for found in group_series(files)] == patterns
