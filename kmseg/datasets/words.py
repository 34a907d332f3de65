"""The words of file names: how names fall into words and numbers, and what the words of data sets mean."""

from __future__ import annotations

import re
from functools import cache


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


LABEL_WORDS = _word_set(
    """
    label labels lbl lab mask masks msk seg segs segm segmentation segmentations segmap segmaps semantic semantics
    annotation annotations annot annots ann anno annos gt groundtruth ground truth truths target targets color
    colors colored colour coloured colours rgb class classes cls category l png gtfine gtcoarse fine coarse matte
    parsing colorized trainannot valannot testannot labelsrgb
    """
)
"""Words for label images. Not all say so alone: `rgb` and `color` are photos' words in some data sets."""

PHOTO_WORDS = _word_set(
    """
    image images img imgs photo photos picture pictures pic pics frame frames still stills raw rgb jpeg jpegimages
    jpg input inputs original originals orig org leftimg8bit left img8bit camera cam sat satellite source src
    scene photographs view
    """
)
"""Words for the photos that belong to label images."""

PREDICTION_WORDS = _word_set(
    """
    pred preds predict predicted prediction predictions predicts output outputs result results infer inference
    inferred estimated submission submissions generated fake synthesized
    """
)
"""Words for what a model made; such images look like labels and are none."""

TRUTH_WORDS = _word_set("gt groundtruth truth truths target targets true")
"""Words for labels that predictions are held against, also in a folder of results."""

INSTANCE_WORDS = _word_set(
    """
    instance instances inst insts instanceids object objects obj panoptic segmentationobject id ids instancemasks
    """
)
"""Words for images that number objects."""

ID_WORDS = _word_set(
    """
    labelids labeltrainids trainids ids id index indices raw gray grey grayscale idx
    """
)
"""Words for masks of class numbers, beside which colored labels may stand."""

DISPLAY_WORDS = _word_set(
    """
    overlay overlays overlaid blend blended vis viz visual visualization visualizations visualisation visualized
    preview previews thumbnail thumbnails thumb thumbs plot plots figure figures demo demos docs doc assets sample
    samples example examples comparison contour contours screenshot screenshots logo icons
    """
)
"""Words for pictures to look at."""

ICON_WORDS = _word_set("icon icons appicon appiconset mipmap drawable favicon favicons launcher logo logos")
"""Words for the small pictures of programs and pages, which are as flat as labels."""

DEPTH_WORDS = _word_set(
    """
    depth disparity disp flow normal normals nir thermal lidar edge edges dsm ndsm dem
    """
)
"""Words for other measurements of a scene."""

SPLITS = {
    "train": "train", "training": "train", "trn": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "eval": "val",
    "test": "test", "testing": "test", "tst": "test",
}  # fmt: skip
"""Words for the parts of a data set, and the name that each part has here."""

KIND_WORDS = LABEL_WORDS | PHOTO_WORDS | INSTANCE_WORDS | ID_WORDS
"""Words that say what an image is, and not which scene it shows."""

_WORD = re.compile(r"leftImg8bit|[^\W\d_]+|\d+", re.IGNORECASE)
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def split_words(name: str) -> tuple[str, ...]:
    """Split a name into its words and numbers, without case.

    Examples
    --------
    >>> split_words("ulm_000001_gtFine_labelIds")
    ('ulm', '000001', 'gt', 'fine', 'label', 'ids')
    >>> split_words("img0_jpg.rf.0a0f")
    ('img', '0', 'jpg', 'rf', '0', 'a', '0', 'f')
    """
    found: list[str] = []
    for word in _WORD.findall(name):
        parts = [word] if word.lower() == "leftimg8bit" else _HUMPS.split(word)
        found += [part.casefold() for part in parts]
    return tuple(found)


def split_named(name: str) -> str | None:
    """Return the split that a folder's name says, as `train`, `val_labels` or `testannot` do; None if none or several.

    Words beside it must be words for kinds of images: `train_station` is no split.
    """
    words = [part for word in split_words(name) for part in _unglued(word)]
    splits = {SPLITS[word] for word in words if word in SPLITS}
    others = [word for word in words if word not in SPLITS and word not in KIND_WORDS and not word.isdigit()]
    years = [word for word in words if word.isdigit() and len(word) != 4]
    return splits.pop() if len(splits) == 1 and not others and not years else None


def _unglued(word: str) -> tuple[str, ...]:
    """Part a split's name from a word for labels or photos: `trainannot`, `testmasks`."""
    if word in SPLITS:
        return (word,)
    for split in ("train", "val", "test"):
        rest = word.removeprefix(split)
        if rest != word and rest in KIND_WORDS:
            return split, rest
    return (word,)


def find_role(folder: str) -> str:
    """Return what a folder's name says beside its split: `train_labels` and `val_labels` have one role.

    Examples
    --------
    >>> find_role("train_labels"), find_role("trainannot"), find_role("val"), find_role("ulm")
    ('labels', 'annot', '', 'ulm')
    """
    if split_named(folder) is None:
        return folder
    words = [part for word in split_words(folder) for part in _unglued(word)]
    return "-".join(word for word in words if word not in SPLITS)


def find_kind_words(name: str) -> frozenset[str]:
    """Return the words of a name that say what an image is."""
    known = KIND_WORDS | PREDICTION_WORDS | DISPLAY_WORDS | DEPTH_WORDS
    return frozenset(word for word in split_words(name) if word in known)
