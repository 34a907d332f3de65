"""Supervisely: meta.json, and in each data set img, ann, and masks that were exported for machines and for people."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect masks_human or masks_machine beside img."""
    human, machine = find_folders(tree, "masks_human"), find_folders(tree, "masks_machine")
    labels = machine or human
    if not labels or not any(path.rpartition("/")[2] == "meta.json" for path in tree.files):
        return None
    others = dict.fromkeys(human, "labels blended with photos, for people") if machine else {}
    return LayoutHint("Supervisely", 0.9, tuple(labels), tuple(beside(label, "img") for label in labels), others)
