"""pix2pix: files with photo and label side by side; or folders trainA, trainB of one side each."""

from __future__ import annotations

from kmseg.datasets.layouts.folders import find_folders
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree


def detect(tree: Tree) -> LayoutHint | None:
    """Detect trainA beside trainB; which of them holds the labels, the images tell."""
    one, other = find_folders(tree, "trainA"), find_folders(tree, "trainB")
    return LayoutHint("pix2pix", 0.6) if one and other else None
