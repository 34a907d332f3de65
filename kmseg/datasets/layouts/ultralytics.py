"""Ultralytics: images and masks (or labels of text) with a data.yaml."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect a data.yaml with masks beside images."""
    described = {
        path.rpartition("/")[0] for path in tree.files if path.rpartition("/")[2] in ("data.yaml", "dataset.yaml")
    }
    labels = [f for f in find_folders(tree, "masks") if f.rpartition("/")[0] in described]
    if not labels:
        return None
    return LayoutHint("Ultralytics", 0.85, tuple(labels), tuple(beside(label, "images") for label in labels))
