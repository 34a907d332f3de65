"""Color maps that tools hand out in order, whatever the classes are: their colors tell no names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kmseg.pixels.distance import between

VOC_VOID = (224, 224, 192)
"""The border that PASCAL VOC draws along objects: the last color of its map, far from those that others hand out."""

VOC_CLASSES = 21
"""Classes of PASCAL VOC, background included: its legend is the first so many colors of the map."""

MAX_SPREAD = 1.8
"""A map was handed out in order if its highest place is at most so many times the number of colors found: most of its
beginning is there. The 32 classes of CamVid use the same levels, from twice as far."""

MIN_COLORS = 2
"""Colors of a map, black and white not counted, from which on it is told."""


@dataclass(frozen=True, eq=False)
class DefaultMap:
    """A color map that some tool uses by default.

    Attributes
    ----------
    title : str
        Whose defaults these are.
    colors : ndarray of shape (n, 3), uint8
    ordered : bool
        Whether tools hand them out in this order, so that a color's place is its class's number.
    slug : str
        The published legend that the same colors may mean; empty without.
    """

    title: str
    colors: NDArray[np.uint8]
    ordered: bool = True
    slug: str = ""


@dataclass(frozen=True, eq=False)
class DefaultMatch:
    """A palette that is a default color map; for each class its place in the map, or -1 (black, white, void)."""

    map: DefaultMap
    places: tuple[int, ...]

    @property
    def coverage(self) -> float:
        """The share of the map's colors, up to the highest that the palette has, that it has."""
        known = [place for place in self.places if place >= 0]
        return len(known) / (max(known) + 1)

    def order(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the classes in the order of the map, and their numbers there; others follow with the next numbers.

        Where the map has no order, all stay as they are.
        """
        rows = range(len(self.places))
        if not self.map.ordered:
            return tuple(rows), tuple(rows)
        known = sorted((row for row in rows if self.places[row] >= 0), key=lambda row: self.places[row])
        others = [row for row in rows if self.places[row] < 0]
        last = self.places[known[-1]]
        numbers = [self.places[row] for row in known] + [last + 1 + n for n in range(len(others))]
        return (*known, *others), tuple(numbers)


def voc_colors(count: int) -> NDArray[np.uint8]:
    """Return the first colors of the map of PASCAL VOC, `(count, 3)`: the bits of the number, dealt to the channels.

    References
    ----------
    Everingham et al., PASCAL VOC development kit, `VOClabelcolormap.m`.

    Examples
    --------
    >>> voc_colors(4).tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    """
    numbers = np.arange(count)
    colors = np.zeros((count, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] |= ((numbers >> (3 * bit + channel)) & 1) << (7 - bit)
    return colors.astype(np.uint8)


def _hex(text: str) -> NDArray[np.uint8]:
    return np.array([[int(word[i : i + 2], 16) for i in (0, 2, 4)] for word in text.split()], np.uint8)


@cache
def default_maps() -> tuple[DefaultMap, ...]:
    """Return the maps that are told by name."""
    tab20 = _hex(
        "1f77b4 aec7e8 ff7f0e ffbb78 2ca02c 98df8a d62728 ff9896 9467bd c5b0d5 "
        "8c564b c49c94 e377c2 f7b6d2 7f7f7f c7c7c7 bcbd22 dbdb8d 17becf 9edae5"
    )
    corners = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
    return (
        DefaultMap("PASCAL VOC / labelme / imgviz", voc_colors(256), slug="pascal_voc"),
        DefaultMap("matplotlib (tab10)", tab20[::2]),
        DefaultMap("matplotlib (tab20)", tab20),
        DefaultMap("many tools (corners of the RGB cube)", corners, ordered=False),
    )


def find_default_map(colors: NDArray[np.uint8], reach: float) -> DefaultMatch | None:
    """Tell whether all colors of a palette are a default map's, from its beginning on.

    Parameters
    ----------
    colors : ndarray of shape (k, 3), uint8
    reach : float
        RGB distance within which a color may be the map's.
    """
    spare = np.array([[0, 0, 0], [255, 255, 255], VOC_VOID], np.uint8)
    is_spare = between(colors, spare).min(axis=1) <= reach
    for each in default_maps():
        apart = between(colors, each.colors)
        near = apart.argmin(axis=1)
        places = np.where(apart.min(axis=1) <= reach, near, -1)
        places[between(colors, spare[2:])[:, 0] <= reach] = -1
        told = (places >= 0) & ~is_spare
        missing = (places < 0) & ~is_spare
        if missing.any() or told.sum() < MIN_COLORS or len(np.unique(places[places >= 0])) < (places >= 0).sum():
            continue
        if each.ordered and places.max() + 1 > MAX_SPREAD * len(colors):
            continue
        return DefaultMatch(each, tuple(int(place) for place in places))
    return None


def has_voc_void(colors: NDArray[np.uint8], reach: float) -> bool:
    """Tell whether a palette has the color of PASCAL VOC's border."""
    return bool((between(colors, np.array([VOC_VOID], np.uint8)) <= reach).any())


@cache
def common_colors() -> NDArray[np.uint8]:
    """Return the colors that legends share by accident: of the maps above, and all of levels 0, 128 and 255."""
    levels = (0, 128, 255)
    cube = np.array([[r, g, b] for r in levels for g in levels for b in levels], np.uint8)
    return np.unique(np.concatenate([cube, voc_colors(VOC_CLASSES), default_maps()[2].colors]), axis=0)
