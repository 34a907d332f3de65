"""Label Studio's export of brush labels: one gray mask a class and task, `task-1-annotation-2-by-1-tag-road-0.png`."""

from __future__ import annotations

import re

from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree

_NAME = re.compile(r"task-\d+-annotation-\d+-by-.*-tag-.+-\d+\.(png|npy)$")


def detect(tree: Tree) -> LayoutHint | None:
    """Detect the names: they are masks of one class each and no label images."""
    found = [path for path in tree.files if _NAME.search(path)]
    if not found:
        return None
    return LayoutHint("Label Studio", 0.9, others={"task-*-tag-*.png": "masks of one class each"})
