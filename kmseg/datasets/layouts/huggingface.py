"""A folder for Hugging Face's `datasets`: metadata.jsonl beside images and masks."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect metadata files with folders of masks."""
    described = any(path.rpartition("/")[2] in ("metadata.jsonl", "metadata.csv") for path in tree.files)
    labels = [folder for name in ("masks", "mask", "labels") for folder in find_folders(tree, name)]
    if not described or not labels:
        return None
    return LayoutHint("Hugging Face", 0.7, tuple(labels), tuple(find_folders(tree, "images")))
