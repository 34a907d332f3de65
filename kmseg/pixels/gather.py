"""Compiled loops that map each pixel through a table: colors to values, classes to layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.jit import compiled


@compiled
def color_at(line: Any, i: Any) -> Any:
    """Return the color 0xRRGGBB of pixel `i` of a line that holds red, green and blue of pixel after pixel."""
    red, green, blue = np.uint32(line[3 * i]), np.uint32(line[3 * i + 1]), np.uint32(line[3 * i + 2])
    return red << np.uint32(16) | green << np.uint32(8) | blue


@compiled
def look_up(line: Any, values: Any, out: Any) -> Any:
    """Write the value of each pixel's color, cast to the type of `out`; return the bitwise or of the values.

    `line` holds red, green and blue of pixel after pixel; `values` has one entry for each of the 2^24 colors.
    """
    combined = values[0] ^ values[0]
    for i in range(len(out)):
        value = values[color_at(line, i)]
        combined |= value
        out[i] = value
    return combined


@compiled
def set_layers(mask: Any, out: Any) -> None:
    """Set `out[i, mask[i]]` of the zeros `out` `(n, k)` to 1; classes without a layer set nothing."""
    for i in range(len(mask)):
        if 0 <= mask[i] < out.shape[1]:
            out[i, mask[i]] = 1


@compiled
def set_colors(mask: Any, colors: Any, out: Any) -> None:
    """Write `colors` `(m, 3)` uint8 at the index of each pixel into `out` `(n, 3)`; indices are clipped to m - 1."""
    last = len(colors) - 1
    for i in range(len(mask)):
        row = min(np.int64(mask[i]), last)
        out[i, 0], out[i, 1], out[i, 2] = colors[row, 0], colors[row, 1], colors[row, 2]


@compiled
def count_pairs(rows: Any, columns: Any, counts: Any) -> None:
    """Add one to `counts` `(m, n)` at each pixel's row and column; skip negative rows, clip columns to n - 1."""
    last = counts.shape[1] - 1
    for i in range(len(rows)):
        if rows[i] >= 0:
            counts[rows[i], min(np.int64(columns[i]), last)] += 1
