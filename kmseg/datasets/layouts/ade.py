"""ADE20K: annotations and images, each with training and validation; the full set has `_seg` and `_parts_N`."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, count_names, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect ADE's names, or annotations/training beside images/training."""
    if count_names(tree, "_seg.png") and any("/ADE_" in f"/{path}" for path in tree.files):
        return LayoutHint("ADE20K", 0.9, labels=("*_seg.png",), others={"*_parts_[0-9].png": "parts of objects"})
    found = [f for f in find_folders(tree, "annotations") if f"{beside(f, 'images')}/training" in _parents(tree)]
    if not found:
        return None
    return LayoutHint("ADE20K", 0.8, labels=tuple(found), photos=tuple(beside(f, "images") for f in found))


def _parents(tree: Tree) -> set[str]:
    return {"/".join(folder.split("/")[: k + 1]) for folder in tree.folders for k in range(folder.count("/") + 1)}
