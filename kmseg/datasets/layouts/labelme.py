"""labelme's exports: folders `NAME_json` with img.png and label.png, or its VOC export with visualizations."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import beside, find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect label.png beside img.png in folders that end in `_json`, or SegmentationClassVisualization."""
    scenes = [f for f, names in tree.folders.items() if f.endswith("_json") and {"img.png", "label.png"} <= set(names)]
    if scenes:
        others = {"label_viz.png": "labels blended with photos"}
        return LayoutHint("labelme", 0.95, labels=("label.png",), photos=("img.png",), others=others)
    shown = find_folders(tree, "SegmentationClassVisualization") or find_folders(tree, "SegmentationClassPNG")
    if not shown:
        return None
    labels = find_folders(tree, "SegmentationClassPNG") or find_folders(tree, "SegmentationClass")
    others = {
        beside(shown[0], f"Segmentation{kind}"): "labels blended with photos"
        for kind in ("ClassVisualization", "ObjectVisualization")
    }
    others |= {beside(shown[0], f"SegmentationObject{ending}"): "object numbers in colors" for ending in ("", "PNG")}
    return LayoutHint("labelme", 0.96, tuple(labels), tuple(find_folders(tree, "JPEGImages")), others)
