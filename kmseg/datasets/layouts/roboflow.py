"""Roboflow's masks: train, valid and test, each with photos, their `_mask.png` and `_classes.csv`."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import count_names
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect `_classes.csv` beside `_mask.png`."""
    legends = sum(path.rpartition("/")[2] == "_classes.csv" for path in tree.files)
    if not legends or not count_names(tree, "_mask.png"):
        return None
    return LayoutHint("Roboflow", 0.9, labels=("*_mask.png",), photos=("*.jpg",))
