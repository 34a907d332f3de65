"""Compiled loops that map each pixel through a table: colors to values, classes to layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.arrays import I64Plane, IntegerVector, U8Plane, U8Vector, UnsignedVector
from kmseg.pixels.jit import compiled
from kmseg.pixels.packed_color import color_at


@compiled
def look_up(line: U8Vector, values: UnsignedVector, out: UnsignedVector) -> Any:
    """Look up a value for each pixel's color; return the bitwise or of all values.

    Parameters
    ----------
    line : ndarray of shape (3 n,), uint8
        Red, green and blue of pixel after pixel.
    values : ndarray of shape (2^24,), uint16 or uint32
        One value for each color 0xRRGGBB.
    out : ndarray of shape (n,), uint8 or uint16
        Written: the values, cut to its type.
    """
    combined = values[0] ^ values[0]
    for i in range(len(out)):
        value = values[color_at(line, i)]
        combined |= value
        out[i] = value
    return combined


@compiled
def set_layers(mask: IntegerVector, out: U8Plane) -> None:
    """Turn classes into layers (one-hot); a class that has no layer sets none.

    Parameters
    ----------
    mask : ndarray of shape (n,), integer
        The class of each pixel.
    out : ndarray of shape (n, k), uint8
        Zeros; `out[i, mask[i]]` is set to 1.
    """
    for i in range(len(mask)):
        if 0 <= mask[i] < out.shape[1]:
            out[i, mask[i]] = 1


@compiled
def set_colors(mask: IntegerVector, colors: U8Plane, out: U8Plane) -> None:
    """Paint each pixel in the color of its class; classes past the last color get the last.

    Parameters
    ----------
    mask : ndarray of shape (n,), integer
        The class of each pixel, at least 0.
    colors : ndarray of shape (m, 3), uint8
        The colors.
    out : ndarray of shape (n, 3), uint8
        Written.
    """
    last = np.int64(len(colors) - 1)
    for i in range(len(mask)):
        row = min(np.int64(mask[i]), last)
        out[i, 0], out[i, 1], out[i, 2] = colors[row, 0], colors[row, 1], colors[row, 2]


@compiled
def count_pairs(rows: IntegerVector, columns: IntegerVector, counts: I64Plane) -> None:
    """Count pixels by two values of each, as in a confusion matrix.

    Parameters
    ----------
    rows : ndarray of shape (n,), integer
        First value; pixels where it is negative are left out.
    columns : ndarray of shape (n,), integer
        Second value, at least 0; what is past the last column counts in it.
    counts : ndarray of shape (r, c), int64
        Added to.
    """
    last = counts.shape[1] - 1
    for i in range(len(rows)):
        if rows[i] >= 0:
            counts[rows[i], min(np.int64(columns[i]), last)] += 1
