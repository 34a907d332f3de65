"""SegNet's tutorial: train, val and test with trainannot, valannot and testannot beside them."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect trainannot."""
    folders = find_folders(tree, "trainannot")
    if not folders:
        return None
    labels = tuple(beside(folder, f"{split}annot") for folder in folders for split in ("train", "val", "test"))
    return LayoutHint("SegNet", 0.9, labels=labels, photos=tuple(label.removesuffix("annot") for label in labels))
