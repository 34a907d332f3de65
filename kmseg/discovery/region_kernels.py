"""Connected flat regions of an image, row by row, in compiled loops: mean color and area of each.

A region is connected through edges of pixels. It is known as soon as a row does not reach it any more, so only the
regions that the last row reaches are kept: one-pass labeling by runs (D. Bailey and C. Johnston, "Single pass connected
components analysis", 2007) with union-find among them. Memory does not grow with the size of the image.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.hash_table import find_slot
from kmseg.pixels.jit import compiled

MIN_AREA = 12
"""Pixels of a region, at least: the mean of fewer says little."""

MAX_SPREAD = 2.5
"""Levels, standard deviation in a channel: a region that varies by more is a ramp, or two colors in one."""

PROOF = 400
"""Pixels of a region that is no satellite of a larger class near it: block noise of nearly its color forms regions of
up to 200, in few cases 600."""

PROOF_WIDTH = 16
"""Pixels across of such a region: what compression leaves beside a long edge is at most one block of 4:2:0 chroma wide,
but may be thousands of pixels long."""

MAX_WEIGHT = 400
"""Pixels at most for which a region speaks: its mean has hardly an error any more, and one large region must not
outweigh all others."""

LAST_IMAGE, IMAGES, PIXELS, WEIGHT, PROOF_REGIONS, LARGEST = range(1, 7)
"""Columns of a table of regions by rounded mean color; WEIGHT is the sum of their areas, each MAX_WEIGHT at most."""

COLUMNS = 7

MAX_RUN = 1 << 16
"""Pixels of a run at most: so many squares of levels add up within 32 bits."""

AREA, SUMS, SQUARES, RUNS = 0, 1, 4, 7
"""First columns of a row of what is summed over a region: pixels; red, green, blue; their squares; runs."""

SUMMED = 8


def first_state(width: int) -> Any:
    """Return the state above the first row of an image: runs (first, last plus one, region), sums, how many of both."""
    return np.zeros((width, 3), np.int32), np.zeros((width, SUMMED), np.int64), 0, 0


@compiled
def add_row(range3: Any, colors: Any, noise: Any, image: int, state: Any, table: Any, size: int) -> Any:
    """Join the flat runs of a row to the regions above; add the regions that end to the table.

    Parameters
    ----------
    range3 : uint8 array of shape (w,)
        3x3 range of the row's pixels; flat are those of at most `noise`. Where `noise` is 0, regions have one color.
    colors : uint32 array of shape (w,)
    state : (int32 array of shape (w, 3), int64 array of shape (w, SUMMED), int, int)
        Runs of the row above and sums of the regions that they belong to; see `first_state`.
    table, size
        Table of regions with room for `w` more, and its size.

    Returns
    -------
    state, size
    """
    above, sums, runs_above, regions_above = state
    width = len(range3)
    runs, own = np.empty((width, 3), np.int32), np.empty((width, SUMMED), np.int64)
    count = _find_runs(range3, colors, noise, runs, own)
    parent = np.arange(regions_above + count)
    first = 0
    for run in range(count):
        while first < runs_above and above[first, 1] <= runs[run, 0]:
            first += 1
        other = first
        while other < runs_above and above[other, 0] < runs[run, 1]:
            if noise > 0 or _same_color(sums[above[other, 2]], own[run]):
                _join(parent, above[other, 2], regions_above + run)
            other += 1
    place = np.full(regions_above + count, -1, np.int32)
    joined = np.empty((width, SUMMED), np.int64)
    regions = 0
    for run in range(count):
        root = _find_root(parent, regions_above + run)
        if place[root] < 0:
            place[root] = regions
            joined[regions] = 0
            regions += 1
        runs[run, 2] = place[root]
        _add(joined[place[root]], own[run])
    for region in range(regions_above):
        root = _find_root(parent, np.int64(region))
        if place[root] >= 0:
            _add(joined[place[root]], sums[region])
        else:
            if noise == 0 or sums[region, AREA] >= MIN_AREA:
                size = _add_region(sums[region], image, table, size)
    return (runs, joined, count, regions), size


@compiled
def end_regions(noise: Any, image: int, state: Any, table: Any, size: int) -> int:
    """Add the regions that the image's last row reaches to the table; parameters as of `add_row`. Return its size."""
    _, sums, _, regions = state
    for region in range(regions):
        if noise == 0 or sums[region, AREA] >= MIN_AREA:
            size = _add_region(sums[region], image, table, size)
    return size


@compiled
def _find_runs(range3: Any, colors: Any, noise: Any, runs: Any, sums: Any) -> int:
    """Write the runs of flat pixels of a row with their sums; return how many."""
    count, x, width = 0, 0, len(range3)
    while x < width:
        if range3[x] > noise:
            x += 1
            continue
        first, end = x, min(width, x + MAX_RUN)
        while x < end and range3[x] <= noise and (noise > 0 or colors[x] == colors[first]):
            x += 1
        runs[count, 0], runs[count, 1] = first, x
        _sum_colors(colors[first:x], sums[count])
        count += 1
    return count


@compiled
def _sum_colors(colors: Any, sums: Any) -> None:
    """Write how many colors there are, the sums of their channels and of the channels' squares, and one run."""
    sums[AREA], sums[RUNS] = len(colors), 1
    for channel in range(3):
        shift, total, squares = np.uint32(16 - 8 * channel), np.uint32(0), np.uint32(0)
        for x in range(len(colors)):  # in 32 bits, of which a vector holds twice as many
            level = colors[x] >> shift & np.uint32(255)
            total += level
            squares += level * level
        sums[SUMS + channel], sums[SQUARES + channel] = total, squares


@compiled
def _add(total: Any, some: Any) -> None:
    for column in range(SUMMED):
        total[column] += some[column]


@compiled
def _same_color(one: Any, other: Any) -> bool:
    """Tell whether two regions of one color each have the same."""
    same = True
    for channel in range(SUMS, SUMS + 3):
        same &= one[channel] * other[AREA] == other[channel] * one[AREA]
    return same


@compiled
def _find_root(parent: Any, node: Any) -> Any:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def _join(parent: Any, one: int, other: int) -> None:
    """Make two regions one."""
    one, other = _find_root(parent, np.int64(one)), _find_root(parent, np.int64(other))
    parent[max(one, other)] = min(one, other)


@compiled
def _add_region(sums: Any, image: int, table: Any, size: int) -> int:
    """Add a region to the table at its rounded mean color, unless it is not of one color; return the table's size."""
    area = sums[AREA]
    code = np.uint32(0)
    for channel in range(3):
        mean = sums[SUMS + channel] / area
        if sums[SQUARES + channel] / area - mean * mean > MAX_SPREAD**2:
            return size
        code = code << np.uint32(8) | np.uint32(mean + 0.5)
    row = find_slot(table, np.uint32(code))
    if table[row, LAST_IMAGE] != image:
        size += table[row, 0] == 0
        table[row, 0] = np.int32(code + 1)
        table[row, LAST_IMAGE] = image
        table[row, IMAGES] += 1
    table[row, PIXELS] += np.int32(area)
    table[row, WEIGHT] += np.int32(min(area, MAX_WEIGHT))
    across = min(sums[RUNS], area / sums[RUNS])  # of its height and its mean width
    if area >= PROOF and across >= PROOF_WIDTH:
        table[row, PROOF_REGIONS] += 1
    table[row, LARGEST] = max(table[row, LARGEST], np.int32(area))
    return size
