"""Growing hash tables of colors, for compiled loops.

A table is an int32 array `(2^m, columns)` with one row per color: column 0 is the code 0xRRGGBB plus one, or 0 for a
free row; the others are counts. Fibonacci hashing (D. Knuth, TAOCP 3, 6.4) with linear probing; at most half of the
rows are used. Keys and counts are adjacent and 32 bits wide, since counting is bound by cache misses; so a table counts
MAX_PIXELS_PER_TABLE pixels at most.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from kmseg.pixels.arrays import I32Plane, I32Vector, I64Plane, Integer, U32Vector
from kmseg.pixels.jit import compiled
from kmseg.pixels.run_lengths import find_runs

Table: TypeAlias = I32Plane

MAX_PIXELS_PER_TABLE = np.iinfo(np.int32).max
"""Pixels that a table can count at most."""

KEY = 0
"""Column of the key: the color plus one, 0 where the row is free."""

PIECE = 4096
"""Pixels for which a table reserves room at a time."""


def empty_table(columns: int) -> Table:
    """Return a table of no colors with so many columns, the key's included."""
    return np.zeros((1024, columns), np.int32)


def table_rows(table: Table) -> tuple[U32Vector, I64Plane]:
    """Return what a table holds.

    Parameters
    ----------
    table : ndarray of shape (2^m, columns), int32
        The table.

    Returns
    -------
    codes : ndarray of shape (n,), uint32
        The colors as 0xRRGGBB, ascending.
    rows : ndarray of shape (n, columns), int64
        Their rows.
    """
    rows = table[(table[:, KEY] > 0) & (table[:, KEY] <= 1 << 24)]  # a code above that is no color
    rows = rows[np.argsort(rows[:, KEY])]
    return (rows[:, KEY] - 1).astype(np.uint32), rows.astype(np.int64)


@compiled
def color_key(code: Integer) -> Any:
    """Return what column KEY holds for a color 0xRRGGBB, int32."""
    return np.int32(code + 1)


@compiled
def is_free(table: Table, row: Integer) -> Any:
    """Tell whether a row holds no color."""
    return table[row, KEY] == 0


@compiled
def color_in(table: Table, row: Integer) -> Any:
    """Return the color 0xRRGGBB, uint32, of a row that holds one."""
    return np.uint32(table[row, KEY] - 1)


@compiled
def reserve(table: Table, size: Integer, more: Integer) -> Table:
    """Return a table with room for more colors: the same if it has it, else a larger copy.

    Parameters
    ----------
    table : ndarray of shape (2^m, columns), int32
        The table.
    size, more : int
        Colors that it holds, and that may be added.
    """
    room = len(table)
    while room < 2 * (size + more):
        room *= 2
    if room == len(table):
        return table
    larger = np.zeros((room, table.shape[1]), np.int32)
    for row in range(len(table)):
        if not is_free(table, row):
            place = find_slot(larger, color_in(table, row))
            for column in range(table.shape[1]):  # an assigned slice would take a second more to compile
                larger[place, column] = table[row, column]
    return larger


@compiled
def find_slot(table: Table, code: Integer) -> Any:
    """Return the row of a color, uint64, or the free one where it belongs.

    Parameters
    ----------
    table : ndarray of shape (2^m, columns), int32
        A table with a free row.
    code : int
        The color, 0xRRGGBB.
    """
    key, last = color_key(code), np.uint64(len(table) - 1)
    row = (np.uint64(code) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32) & last
    while table[row, KEY] != key and table[row, KEY] != 0:
        row = row + np.uint64(1) & last
    return row


@compiled
def add_colors(colors: U32Vector, table: Table, size: int) -> tuple[Table, int]:
    """Count pixels in a table; return it, or the larger one that took its place, and the colors it holds.

    Parameters
    ----------
    colors : ndarray of shape (n,), uint32
        The pixels' colors, 0xRRGGBB.
    table : ndarray of shape (2^m, 2), int32
        Key and pixels of each color.
    size : int
        Colors that the table holds.
    """
    starts = np.empty(PIECE + 1, np.int32)
    for first in range(0, len(colors), PIECE):
        table = reserve(table, size, np.int64(PIECE))
        size = _add_piece(colors[first : first + PIECE], starts, table, size)
    return table, size


@compiled
def _add_piece(colors: U32Vector, starts: I32Vector, table: Table, size: int) -> int:
    """Add the runs of equal pixels to a table that has room for them; return its size.

    Tables grow outside this loop: assigning an array inside a loop counts references in every iteration.
    """
    for run in range(find_runs(colors, starts)):
        color = colors[starts[run]]
        row = find_slot(table, color)
        size += is_free(table, row)
        table[row, KEY] = color_key(color)
        table[row, 1] += np.int32(starts[run + 1] - starts[run])
    return size
