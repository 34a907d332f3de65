"""Photos reduced to few colors (posters, cartoons, GIF files), told from labels with as few, also in JPEG.

Where a gradient is cut into steps, neighbors have similar colors, and its noise makes many small areas of them. The
classes of a label meet in any order of colors, or, such as layers of rock drawn in a color ramp, in few areas.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

MIN_COLORS = 5
"""Least number of sharp colors: of fewer, the order tells little."""

MAX_NEIGHBOR_RANK = 0.4
"""Largest mean rank of a neighbor's color, 0 for the most similar one and 1 for the least similar; 0.5 in any order.
Measured: labels of 60 public sets and of 348 drawn ones 0.36 and more (but for layers in a ramp, 0.2), most photos
reduced to 6 to 24 colors 0.2 to 0.4."""

MIN_AREAS = 5.0
"""Least number of areas in 10,000 pixels. Measured: labels of so low a rank 0.4 to 4, reduced photos mostly 5 to 50."""

MIN_BORDERS = 50
"""Pairs of neighbors of two colors below which nothing is told."""


def is_reduced_photo(codes: Sequence[NDArray[np.int16]], peaks: NDArray[np.float64]) -> bool:
    """Tell whether an image of few sharp colors is a photo reduced to them.

    Parameters
    ----------
    codes : sequence of ndarray of shape (h, w), int16
        Parts of the image at full resolution: the sharp color of each flat pixel, -1 for all other pixels.
    peaks : ndarray of shape (k, 3), float64
        The sharp colors.
    """
    if len(peaks) < MIN_COLORS:
        return False
    areas = [_grow(part) for part in codes if (part >= 0).any()]
    if _neighbor_rank(areas, peaks) > MAX_NEIGHBOR_RANK:
        return False
    pixels = sum(part.size for part in codes)
    return sum(map(_count_areas, areas)) >= MIN_AREAS * pixels / 1e4


def _grow(codes: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the sharp color of each pixel; where it is not flat, that of the nearest flat pixel."""
    sharp = codes >= 0
    _, nearest = cv2.distanceTransformWithLabels(
        (~sharp).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colors = np.zeros(int(nearest.max()) + 1, np.int16)
    colors[nearest[sharp]] = codes[sharp]
    return np.asarray(colors[nearest])


def _neighbor_rank(areas: Sequence[NDArray[np.int16]], peaks: NDArray[np.float64]) -> float:
    """Return the mean rank of the neighbor's color by similarity, each color as frequent as along all borders."""
    pairs = [
        (one.ravel(), other.ravel())
        for part in areas
        for one, other in ((part[:, 1:], part[:, :-1]), (part[1:], part[:-1]))
    ]
    if not pairs:
        return 1.0
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    border = one != other
    one, other = one[border], other[border]
    if len(one) < MIN_BORDERS:
        return 1.0
    weight = np.bincount(np.concatenate([one, other]), minlength=len(peaks)).astype(float)
    rank = np.zeros((len(peaks), len(peaks)))
    for k, color in enumerate(peaks):
        order = np.argsort(((peaks - color) ** 2).sum(axis=1))
        others = np.where(order == k, 0.0, weight[order])
        rank[k, order] = (np.cumsum(others) - others / 2) / max(others.sum(), 1.0)
    return float((rank[one, other] + rank[other, one]).mean() / 2)


def _count_areas(codes: NDArray[np.int16]) -> int:
    """Return the number of areas of one color, diagonal neighbors connected."""
    return sum(
        cv2.connectedComponents((codes == code).astype(np.uint8), connectivity=8)[0] - 1 for code in np.unique(codes)
    )
