"""mmsegmentation: img_dir and ann_dir, each with train and val."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect ann_dir beside img_dir."""
    labels, photos = find_folders(tree, "ann_dir"), find_folders(tree, "img_dir")
    pairs = [label for label in labels if beside(label, "img_dir") in photos]
    if not pairs:
        return None
    return LayoutHint("mmsegmentation", 0.95, tuple(pairs), tuple(beside(label, "img_dir") for label in pairs))
