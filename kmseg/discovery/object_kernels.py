"""Small objects of one image, from their cores, in compiled loops: which cores hang together, and of what color."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.discovery.statistics_kernels import CORE_IMAGES, CORES
from kmseg.pixels.hash_table import find_slot, reserve
from kmseg.pixels.jit import compiled

MIN_CORE_PIXELS = 3
"""Cores that hang together, at least; fewer are ringing at a corner."""

MOST_OBJECTS = 100
"""The largest of an image that are looked at: label images have fewer than 30, photos have thousands."""

SAME_COLOR_TOLERANCE = 24
"""Levels, in each channel, within which the small objects of one image count as one kind."""


@compiled
def count_objects(cores: Any, table: Any, size: int) -> Any:
    """Add the small objects of an image of many colors to its table; return the table and its size.

    `cores` `(m, 3)` int64 are y, x and code of the image's cores, row by row.
    """
    first, sizes = _objects(cores)
    objects, codes = np.empty(MOST_OBJECTS + 1, np.int64), np.empty(MOST_OBJECTS, np.int64)
    counts = np.empty(MOST_OBJECTS, np.int64)
    kinds = _group_by_color(cores, first, objects[: _largest(sizes, objects)], codes, counts)
    table = reserve(table, size, np.int64(kinds))
    for kind in range(kinds):
        row = find_slot(table, np.uint32(codes[kind]))
        size += table[row, 0] == 0
        table[row, 0] = np.int32(codes[kind] + 1)
        table[row, CORES] += np.int32(counts[kind])
        table[row, CORE_IMAGES] += 1
    return table, size


@compiled
def _largest(sizes: Any, objects: Any) -> int:
    """Write the largest objects that are no specks, the largest first, as far as there is room; return how many.

    `objects` has one place more than there is room for.
    """
    count = 0
    for i in range(len(sizes)):
        if sizes[i] < MIN_CORE_PIXELS:
            continue
        place = count
        while place > 0 and sizes[objects[place - 1]] < sizes[i]:
            objects[place] = objects[place - 1]
            place -= 1
        objects[place] = i
        count = min(count + 1, len(objects) - 1)
    return count


@compiled
def _group_by_color(cores: Any, first: Any, objects: Any, codes: Any, counts: Any) -> int:
    """Write the median color of each kind of objects, and how many cores they have; return how many kinds."""
    kind_of = np.full(len(cores), -1, np.int64)  # of the object whose first core this is
    middles, middle = np.empty((len(objects), 3), np.float64), np.empty(3, np.float64)
    kinds = 0
    for start in objects:
        kind_of[start] = len(objects)
        _median(cores, first, kind_of, len(objects), middle)
        kind = 0
        while kind < kinds and not _alike(middles[kind], middle):
            kind += 1
        if kind == kinds:
            for channel in range(3):
                middles[kinds, channel] = middle[channel]
            kinds += 1
        kind_of[start] = kind
    for kind in range(kinds):
        counts[kind] = _median(cores, first, kind_of, kind, middle)
        codes[kind] = int(middle[0]) << 16 | int(middle[1]) << 8 | int(middle[2])
    return kinds


@compiled
def _alike(one: Any, other: Any) -> bool:
    """Tell whether two colors differ by no more than SAME_COLOR_TOLERANCE in each channel."""
    most = 0.0
    for channel in range(3):
        most = max(most, abs(one[channel] - other[channel]))
    return most <= SAME_COLOR_TOLERANCE


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
            _union(first, i, i - 1)
        while cores[above, 0] < y - 1 or (cores[above, 0] == y - 1 and cores[above, 1] < x - 1):
            above += 1
        other = above
        while cores[other, 0] == y - 1 and cores[other, 1] <= x + 1:
            _union(first, i, other)
            other += 1
    size = np.zeros(len(cores), np.int64)
    for i in range(len(cores)):
        first[i] = first[first[i]]
        size[first[i]] += 1
    return first, size


@compiled
def _union(first: Any, one: int, other: int) -> None:
    """Make two cores, and all that hang with them, one object."""
    while first[one] != one:
        one = first[one]
    while first[other] != other:
        other = first[other]
    first[max(one, other)] = min(one, other)


@compiled
def _median(cores: Any, first: Any, kind_of: Any, kind: int, middle: Any) -> int:
    """Write the median red, green and blue of the cores of one kind of objects; return how many they are."""
    levels, count = np.zeros((3, 256), np.int64), 0
    for i in range(len(cores)):
        if kind_of[first[i]] == kind:
            code = cores[i, 2]
            levels[0, code >> 16] += 1
            levels[1, code >> 8 & 255] += 1
            levels[2, code & 255] += 1
            count += 1
    for channel in range(3):
        below, low, high = 0, -1, -1
        for level in range(256):
            below += levels[channel, level]
            if low < 0 and 2 * below >= count:
                low = level
            if high < 0 and 2 * below > count:
                high = level
        middle[channel] = (low + high) / 2
    return count
