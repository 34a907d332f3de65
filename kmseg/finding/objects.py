"""Small objects of one image, from their cores, in compiled loops: which cores hang together, and of what colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.compiled import compiled
from kmseg.counting import grown, row_of
from kmseg.finding.evidence import CORE_IMAGES, CORES

SPECK = 3
"""Cores that hang together, at least; fewer are ringing at a corner."""

MOST_OBJECTS = 100
"""The largest of an image that are looked at: label images have fewer than 30, photos have thousands."""

ALIKE = 24
"""Levels, in each channel, within which the small objects of one image count as one kind."""


@compiled
def count_objects(cores: Any, table: Any, size: int) -> Any:
    """Add the small objects of an image of many colours to its table; return the table and its size.

    `cores` `(m, 3)` int64 are y, x and code of the image's cores, row by row.
    """
    codes, counts = _kinds(cores)
    table = grown(table, size, len(codes))
    for kind in range(len(codes)):
        row = row_of(table, codes[kind])
        size += table[row, 0] == 0
        table[row, 0] = np.int32(codes[kind] + 1)
        table[row, CORES] += np.int32(counts[kind])
        table[row, CORE_IMAGES] += 1
    return table, size


@compiled
def _kinds(cores: Any) -> Any:
    """Return the median colour of each kind of objects, `(n,)` codes, and how many cores they have; largest first."""
    first, size = _objects(cores)
    objects = np.flatnonzero(size >= SPECK)
    objects = objects[np.argsort(-size[objects], kind="mergesort")][:MOST_OBJECTS]
    kind_of = np.full(len(cores), -1, np.int64)  # of the object whose first core this is
    middles = np.empty((len(objects), 3), np.float64)
    kinds = 0
    for start in objects:
        middle = _median(cores[first == start, 2])
        kind = 0
        while kind < kinds and np.abs(middles[kind] - middle).max() > ALIKE:
            kind += 1
        if kind == kinds:
            middles[kinds] = middle
            kinds += 1
        kind_of[start] = kind
    codes, counts = np.empty(kinds, np.int64), np.empty(kinds, np.int64)
    for kind in range(kinds):
        own = cores[kind_of[first] == kind, 2]
        red, green, blue = _median(own)
        codes[kind] = int(red) << 16 | int(green) << 8 | int(blue)
        counts[kind] = len(own)
    return codes, counts


@compiled
def _objects(cores: Any) -> Any:
    """Return for each core the first core of its object, and for each of these how many the object has.

    Cores that touch, also at a corner, hang together: union-find in one pass (A. Rosenfeld and J. Pfaltz, 1966).
    """
    first = np.arange(len(cores))
    above = 0
    for i in range(len(cores)):
        y, x = cores[i, 0], cores[i, 1]
        if i and cores[i - 1, 0] == y and cores[i - 1, 1] == x - 1:
            _join(first, i, i - 1)
        while cores[above, 0] < y - 1 or (cores[above, 0] == y - 1 and cores[above, 1] < x - 1):
            above += 1
        other = above
        while cores[other, 0] == y - 1 and cores[other, 1] <= x + 1:
            _join(first, i, other)
            other += 1
    size = np.zeros(len(cores), np.int64)
    for i in range(len(cores)):
        first[i] = first[first[i]]
        size[first[i]] += 1
    return first, size


@compiled
def _join(first: Any, one: int, other: int) -> None:
    """Make two cores, and all that hang with them, one object."""
    while first[one] != one:
        one = first[one]
    while first[other] != other:
        other = first[other]
    first[max(one, other)] = min(one, other)


@compiled
def _median(codes: Any) -> Any:
    """Return the median red, green and blue of colours 0xRRGGBB."""
    return np.array([np.median(codes >> 16), np.median(codes >> 8 & 255), np.median(codes & 255)])
