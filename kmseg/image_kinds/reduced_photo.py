"""Photos reduced to few colors (posters, cartoons, GIF files), told from labels with as few.

Where a gradient is cut into steps, neighbors have similar colors, and its noise leaves specks along each step. The
classes of a label meet in any order of colors, and even a network's ragged masks have few specks.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_COLORS = 128
"""Distinct colors up to which an image may be reduced: the rims of labels drawn through a color map of 256 entries
have more, 164 in a public set of thin sections."""

COMMON_SHARE = 0.02
"""Least share of the pixels of a color that counts: the rims of resized labels have many rare ones."""

MIN_COMMON = 7
"""Least number of such colors: labels of few classes may be ragged, and their colors shades of one hue."""

SPECK_PIXELS = 8
"""Pixels below which a connected area is a speck."""

MIN_SPECKS = 0.003
"""Least share of the pixels in specks of common colors. Measured: labels of 36 public sets with few colors up to
0.0015, most reduced photos 0.004 and more."""

MAX_STEP = 0.7
"""Largest median RGB distance between common neighbors, relative to that of the same colors in any order. Measured:
labels 0.75 and more (but for layers in the order of a color ramp, 0.4, which have no specks), most reduced photos 0.1
to 0.6."""

MIN_BORDERS = 50
"""Pairs of neighbors of two common colors below which nothing is told."""


def is_reduced_photo(tiles: Sequence[NDArray[np.uint8]]) -> bool:
    """Tell whether an image of few colors is a photo reduced to them.

    Parameters
    ----------
    tiles : sequence of ndarray of shape (h, w, 3), uint8
        Parts of the image at full resolution.
    """
    packed = [tile.astype(np.int32) @ np.array([65536, 256, 1], np.int32) for tile in tiles]
    colors, counts = np.unique(np.concatenate([part.ravel() for part in packed]), return_counts=True)
    if len(colors) > MAX_COLORS:
        return False
    common = colors[counts >= COMMON_SHARE * counts.sum()]
    if len(common) < MIN_COMMON:
        return False
    rows = np.full(len(colors), -1)
    rows[np.searchsorted(colors, common)] = np.arange(len(common))
    codes = [rows[np.searchsorted(colors, part)] for part in packed]
    specks = sum(_count_speck_pixels(part) for part in codes)
    return specks >= MIN_SPECKS * counts.sum() and _relative_step(codes, common) <= MAX_STEP


def _count_speck_pixels(codes: NDArray[np.intp]) -> int:
    """Return the number of pixels in small areas of one common color, diagonal neighbors connected."""
    found = 0
    for code in np.unique(codes[codes >= 0]):
        _, _, areas, _ = cv2.connectedComponentsWithStats((codes == code).astype(np.uint8), connectivity=8)
        sizes = areas[1:, cv2.CC_STAT_AREA]
        found += int(sizes[sizes < SPECK_PIXELS].sum())
    return found


def _relative_step(codes: Sequence[NDArray[np.intp]], colors: NDArray[np.int32]) -> float:
    """Return the median distance of neighboring colors, relative to the mean distance in any order."""
    pairs = [
        (one.ravel(), other.ravel())
        for part in codes
        for one, other in ((part[:, 1:], part[:, :-1]), (part[1:], part[:-1]))
    ]
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    border = (one != other) & (one >= 0) & (other >= 0)
    one, other = one[border], other[border]
    if len(one) < MIN_BORDERS:
        return np.inf
    values = np.stack([colors >> 16, (colors >> 8) & 255, colors & 255], axis=1).astype(float)
    apart = np.sqrt(((values[:, None] - values[None]) ** 2).sum(axis=2))
    frequency = np.bincount(np.concatenate([one, other]), minlength=len(colors)).astype(float)
    weight = np.outer(frequency, frequency) * (apart > 0)
    return float(np.median(apart[one, other]) / ((weight * apart).sum() / weight.sum()))
