"""CamVid as it comes from Cambridge: labels end in `_L`, photos are in 701_StillsRaw_full or the like."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import count_names
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect names such as 0001TP_006690_L.png."""
    labels = count_names(tree, "_L.png")
    if labels < 2:
        return None
    return LayoutHint("CamVid", 0.75, labels=("*_L.png",))
