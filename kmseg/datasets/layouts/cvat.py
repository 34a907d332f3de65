"""CVAT's export of masks: labelmap.txt beside SegmentationClass, as in VOC, but with its own names for photos."""

from __future__ import annotations

from kmseg.datasets.layouts import voc
from kmseg.datasets.layouts.folders import find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect labelmap.txt beside SegmentationClass; VOC's rule says the rest."""
    with_legend = [
        f
        for f in find_folders(tree, "SegmentationClass")
        if f"{f.rpartition('/')[0]}/labelmap.txt".lstrip("/") in tree.files
    ]
    if not with_legend or find_folders(tree, "JPEGImages"):
        return None
    hint = voc.detect(tree)
    return None if hint is None else LayoutHint("CVAT", 0.9, hint.labels, hint.photos, hint.others, hint.splits)
