"""Growing hash tables of colors, for compiled loops.

A table is an int32 array `(2^m, columns)` with one row per color: column 0 is the code 0xRRGGBB plus one, or 0 for a
free row; the others are counts. Fibonacci hashing (D. Knuth, TAOCP 3, 6.4) with linear probing; at most half of the
rows are used. Keys and counts are adjacent and 32 bits wide, since counting is bound by cache misses; so a table counts
MAX_PIXELS_PER_TABLE pixels at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.pixels.jit import compiled

MAX_PIXELS_PER_TABLE = np.iinfo(np.int32).max
"""Pixels that a table can count at most."""

PIECE = 4096
"""Pixels for which a table reserves room at a time."""


def empty_table(columns: int) -> NDArray[np.int32]:
    """Return an empty table."""
    return np.zeros((1024, columns), np.int32)


def table_rows(table: NDArray[np.int32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the codes `(n,)` of the colors, ascending, and their rows `(n, columns)`."""
    rows = table[(table[:, 0] > 0) & (table[:, 0] <= 1 << 24)]
    rows = rows[np.argsort(rows[:, 0])]
    return (rows[:, 0] - 1).astype(np.uint32), rows.astype(np.int64)


@compiled
def reserve(table: Any, size: int, more: Any) -> Any:
    """Return a table of `size` colors with room for `more`."""
    room = len(table)
    while room < 2 * (size + more):
        room *= 2
    if room == len(table):
        return table
    larger = np.zeros((room, table.shape[1]), np.int32)
    for row in range(len(table)):
        if table[row, 0]:
            place = find_slot(larger, np.uint32(table[row, 0] - 1))
            for column in range(table.shape[1]):  # an assigned slice would take a second more to compile
                larger[place, column] = table[row, column]
    return larger


@compiled
def find_slot(table: Any, code: Any) -> Any:
    """Return the row of a color, or the free one where it belongs."""
    key, last = np.int32(code + 1), np.uint64(len(table) - 1)
    row = (np.uint64(code) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32) & last
    while table[row, 0] != key and table[row, 0] != 0:
        row = row + np.uint64(1) & last
    return row


@compiled
def add_colors(colors: Any, table: Any, size: int) -> Any:
    """Add pixels `(n,)` uint32, colors 0xRRGGBB, to a table `(2^m, 2)`; return it and its size."""
    starts = np.empty(PIECE + 1, np.int32)
    for first in range(0, len(colors), PIECE):
        table = reserve(table, size, np.int64(PIECE))
        size = _add_piece(colors[first : first + PIECE], starts, table, size)
    return table, size


@compiled
def _add_piece(colors: Any, starts: Any, table: Any, size: int) -> int:
    """Add the runs of equal pixels to a table that has room for them; return its size.

    Tables grow outside this loop: assigning an array inside a loop counts references in every iteration.
    """
    runs, color = np.int64(0), ~colors[0]
    for x in range(len(colors)):  # branchless: on noisy labels the branch would be mispredicted
        starts[runs] = x
        runs += np.int64(colors[x] != color)
        color = colors[x]
    starts[runs] = len(colors)
    for run in range(runs):
        color = colors[starts[run]]
        row = find_slot(table, color)
        size += table[row, 0] == 0
        table[row, 0] = np.int32(color + 1)
        table[row, 1] += np.int32(starts[run + 1] - starts[run])
    return size
