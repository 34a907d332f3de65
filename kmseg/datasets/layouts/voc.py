"""PASCAL VOC and sets made like it: SegmentationClass, SegmentationObject, JPEGImages, lists in ImageSets."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect the folder SegmentationClass."""
    labels = find_folders(tree, "SegmentationClass")
    if not labels:
        return None
    photos = find_folders(tree, "JPEGImages")
    lists = [beside(folder, "ImageSets/Segmentation") for folder in labels]
    known = {path.rpartition("/")[0] for path in tree.files if path.endswith(".txt")}
    return LayoutHint(
        "PASCAL VOC",
        0.95 if photos else 0.8,
        labels=tuple(labels),
        photos=tuple(photos),
        others={beside(folder, "SegmentationObject"): "object numbers in colors" for folder in labels},
        splits=lists[0] if len(lists) == 1 and lists[0] in known else None,
    )
