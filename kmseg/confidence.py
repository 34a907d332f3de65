"""How sure the class of each pixel is, from its color, its class and its neighbors' classes, whatever the masker.

Two figures tell most about an error: how many neighbors have the pixel's class, and by how much its color is nearer to
that class than to any other. A logistic regression turns them into the probability that the class is right.

References
----------
D. R. Cox, "The regression analysis of binary sequences", Journal of the Royal Statistical Society B 20 (2), 1958.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette
from kmseg.pixels.luma_chroma import luma_chroma_quarters
from kmseg.pixels.packing import pack, unpack

CERTAIN = 255
"""Confidence of a pixel of exactly its class's color."""

LOWEST_MARGIN, HIGHEST_MARGIN = -20, 40
"""Levels of luma and weighted chroma to which the margin between the two nearest classes is cut."""

ERROR, NEIGHBOR, ONE_OF_THREE, LEVEL = 2.75, -0.34, -1.19, -0.12
"""Log odds of an error without any neighbor of the class and without a margin; what a neighbor changes, what each of
the first three changes further, and what a level of margin does. Fitted to the boundary masker's masks of 12 sets under
JPEG, resizing or both, each with the same weight: 2 million pixels at borders, 100,000 wrong."""


def measure_confidence(pixels: NDArray[np.uint8], mask: NDArray[Any], palette: Palette) -> NDArray[np.uint8]:
    """Return the confidence of each pixel's class, 0 to 255: 255 times the probability that it is right.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        The label image.
    mask : ndarray of shape (H, W), uint8 or uint16
        Its index mask. A pixel of no class has confidence 0, unless its color is one that the palette ignores.
    palette : Palette

    Returns
    -------
    ndarray of shape (H, W), uint8

    Examples
    --------
    >>> gray = np.array([[0, 0, 120, 250, 255]], np.uint8)
    >>> pixels = np.repeat(gray[..., None], 3, axis=2)
    >>> palette = Palette(["black", "white"], [(0, 0, 0), (255, 255, 255)])
    >>> measure_confidence(pixels, np.array([[0, 0, 0, 1, 1]], np.uint8), palette).tolist()
    [[255, 255, 252, 255, 255]]
    """
    colors, owner = palette.sources
    codes, classes = pack(pixels), mask.astype(np.int64)
    first = np.zeros(palette.ignore + 1, np.int64)
    first[owner[::-1]] = pack(colors[::-1])
    known = np.isin(np.arange(palette.ignore + 1), owner)[classes]
    confidence = np.where(known, np.uint8(CERTAIN), np.uint8(0))
    unsure = np.flatnonzero(known & (codes != first[classes]))
    pairs, which = np.unique(
        codes.ravel()[unsure].astype(np.int64) << 16 | classes.ravel()[unsure], return_inverse=True
    )
    margins = _margins(unpack((pairs >> 16).astype(np.uint32)), pairs & 0xFFFF, colors, owner)[which]
    confidence.ravel()[unsure] = _table()[_agreeing(mask).ravel()[unsure], margins - LOWEST_MARGIN]
    return confidence


def _margins(
    seen: NDArray[np.uint8], classes: NDArray[np.int64], colors: NDArray[np.uint8], owner: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Return by how many levels each color `(n, 3)` is nearer to its class than to any other; most if exactly its."""
    features, of_colors = luma_chroma_quarters(seen) / 4, luma_chroma_quarters(colors) / 4
    own, other = np.full((2, len(seen)), np.inf)
    for row, feature in enumerate(of_colors.T):
        apart = np.sqrt(((features - feature[:, None]) ** 2).sum(axis=0))
        apart[(seen == colors[row]).all(axis=1) & (classes == owner[row])] = -np.inf
        mine = classes == owner[row]
        np.minimum(own, apart, out=own, where=mine)
        np.minimum(other, apart, out=other, where=~mine)
    return np.rint(np.clip(other - own, LOWEST_MARGIN, HIGHEST_MARGIN)).astype(np.int64)


def _agreeing(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """Count each pixel's neighbors of its class; beyond the edge lies a copy of the outermost pixels."""
    around, (height, width) = np.pad(mask, 1, mode="edge"), mask.shape
    count = np.zeros(mask.shape, np.uint8)
    for y, x in np.ndindex(3, 3):
        if (y, x) != (1, 1):
            count += around[y : y + height, x : x + width] == mask
    return count


def _table() -> NDArray[np.uint8]:
    """Return the confidence `(9, margins)` by the neighbors of the class and by the margin."""
    neighbors, margins = np.arange(9)[:, None], np.arange(LOWEST_MARGIN, HIGHEST_MARGIN + 1)[None]
    odds = ERROR + NEIGHBOR * neighbors + ONE_OF_THREE * np.minimum(neighbors, 3) + LEVEL * margins
    return np.rint(CERTAIN / (1 + np.exp(odds))).astype(np.uint8)
