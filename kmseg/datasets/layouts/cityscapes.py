"""Cityscapes and sets made like it: gtFine with `_color`, `_labelIds` and `_instanceIds`, photos in leftImg8bit."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import count_names
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect the endings."""
    colored = count_names(tree, "_gtFine_color.png", "_gtCoarse_color.png")
    numbered = count_names(tree, "_labelIds.png", "_labelTrainIds.png", "_instanceIds.png")
    if not colored:
        return None
    fine = count_names(tree, "_gtFine_color.png") > 0
    return LayoutHint(
        "Cityscapes",
        0.95 if numbered else 0.85,
        labels=("*_gtFine_color.png",) if fine else ("*_gtCoarse_color.png",),
        photos=("*_leftImg8bit.png", "*_leftImg8bit.jpg"),
        others={
            "*_labelIds.png": "class numbers, beside colored labels",
            "*_labelTrainIds.png": "class numbers, beside colored labels",
            "*_instanceIds.png": "object numbers",
            **({"*_gtCoarse_color.png": "coarse labels, beside fine ones"} if fine else {}),
        },
    )
