"""What a known layout says of a tree of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LayoutHint:
    """What a layout says of a tree.

    Attributes
    ----------
    layout : str
        Its name.
    certainty : float
        From 0 to 1.
    labels, photos : tuple of str
        Patterns of the label images and of the photos.
    others : mapping of str to str
        Patterns of files that look like labels and are none, with what they are.
    splits : str or None
        Folder of lists of files, one a split.
    pairs : str or None
        The side of the label, where photo and label share a file.
    """

    layout: str
    certainty: float
    labels: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    splits: str | None = None
    pairs: str | None = None
