"""The connected components of a mask as polygons with holes; the filled polygon is exactly the component."""

from __future__ import annotations

from collections import defaultdict

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]

OFFSET = 0.25
"""Distance in pixels from a pixel's upper left corner to a vertex; the same pixel after truncation or rounding."""

THIN_LOW, THIN_HIGH = 0.05, 0.45
"""The same for the two sides of a component one pixel wide, so that its area is above 0 and tools keep its box."""


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return one polygon `(n, 2)` of x, y in pixels, n >= 3, for each component of a mask `(H, W)`; diagonals connect.

    Vertices are in border pixels, OFFSET from the pixel's upper left corner. A component with holes is one polygon: a
    seam of zero width connects each hole to the next border on its left.

    Examples
    --------
    >>> outlines(np.ones((2, 3), bool))[0].tolist()
    [[0.25, 0.25], [0.25, 1.25], [2.25, 1.25], [2.25, 0.25]]
    """
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes: dict[int, list[NDArray[np.int32]]] = defaultdict(list)
    for number in range(len(contours)):
        if (parent := tree[0][number][3]) >= 0:
            holes[parent].append(contours[number][:, 0])
    outer = [number for number in range(len(contours)) if tree[0][number][3] < 0]
    return [_polygon(contours[number][:, 0], holes[number], mask) for number in outer]


def _polygon(border: NDArray[np.int32], holes: list[NDArray[np.int32]], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    (left, top), (right, bottom) = border.min(axis=0), border.max(axis=0)
    if left == right or top == bottom:
        x0, y0, x1, y1 = left + THIN_LOW, top + THIN_LOW, right + THIN_HIGH, bottom + THIN_HIGH
        return np.array([(x0, y0), (x0, y1), (x1, y1), (x1, y0)])
    ring = _without_midpoints(_join_holes(border, holes, mask) if holes else border)
    if len(ring) < 3:  # two pixels that touch at a corner
        ring = np.concatenate([ring, ring[:1]])
    return ring.astype(np.float64) + OFFSET


def _join_holes(
    border: NDArray[np.int32], holes: list[NDArray[np.int32]], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return the border of a component, connected with the borders of its holes."""
    holes = sorted(holes, key=lambda hole: int(hole[:, 0].min()))
    rings = [list(map(tuple, ring.tolist())) for ring in (border, *holes)]
    owner: dict[Point, int] = {}
    for number, ring in enumerate(rings):
        for point in ring:
            owner.setdefault(point, number)
    seams: dict[int, dict[Point, list[Point]]] = defaultdict(dict)
    # A seam leads to a border further left, so holes are joined from right to left.
    for number in range(len(rings) - 1, 0, -1):
        start = min(range(len(rings[number])), key=lambda i: rings[number][i][0])
        complete = _spliced(rings[number][start:] + rings[number][: start + 1], seams.pop(number, {}))
        x, y = complete[0]
        gaps = np.flatnonzero(~mask[y, :x])
        meets = (int(gaps[-1]) + 1 if len(gaps) else 0, y)
        seams[owner[meets]].setdefault(meets, []).extend([*complete, meets])
    return np.array(_spliced(rings[0], seams[0]), np.int32)


def _spliced(ring: list[Point], seams: dict[Point, list[Point]]) -> list[Point]:
    """Return a ring with the seams inserted after their points; a ring may visit a point twice."""
    spliced: list[Point] = []
    for point in ring:
        spliced.append(point)
        spliced += seams.pop(point, [])
    return spliced


def _without_midpoints(ring: NDArray[np.int32]) -> NDArray[np.int32]:
    """Drop points inside straight lines; keep points where the direction reverses."""
    ring = ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    straight = (before[:, 0] * after[:, 1] == before[:, 1] * after[:, 0]) & ((before * after).sum(axis=1) > 0)
    return np.asarray(ring[~straight])
