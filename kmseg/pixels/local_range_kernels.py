"""Local range (see `local_range`) of rows and blocks of rows, compiled: in passes that stay in the nearest cache."""

from __future__ import annotations

import numpy as np

from kmseg.pixels.arrays import U8Plane, U8Vector
from kmseg.pixels.jit import compiled


@compiled
def channel_ranges3(lines: U8Plane, y: int, low: U8Vector, high: U8Vector, ranges: U8Vector) -> None:
    """Write the 3x3 local range of each level of one row of an image; neighbors outside it do not count.

    Parameters
    ----------
    lines : ndarray of shape (H, 3 W), uint8
        Red, green and blue of pixel after pixel.
    y : int
        The row.
    low, high : ndarray of shape (3 W + 6,), uint8
        Overwritten with intermediate values.
    ranges : ndarray of shape (3 W,), uint8
        Written, channel by channel as in `lines`.
    """
    length = len(ranges)
    above, own, below = lines[max(y - 1, 0)], lines[y], lines[min(y + 1, len(lines) - 1)]
    _extremes_of_three(above, own, below, low[3 : length + 3], high[3 : length + 3])
    for x in range(3):  # the outermost pixels are repeated
        low[x], high[x] = low[x + 3], high[x + 3]
        low[length + 3 + x], high[length + 3 + x] = low[length + x], high[length + x]
    for x in range(length):
        ranges[x] = np.uint8(max(high[x], high[x + 3], high[x + 6]) - min(low[x], low[x + 3], low[x + 6]))


@compiled
def block_ranges(planes: U8Plane, start: int, width: int, range3: U8Vector, range5: U8Vector, work: U8Plane) -> None:
    """Write the 3x3 and the 5x5 local range of a block of pixels, in the channel where each is largest.

    Parameters
    ----------
    planes : ndarray of shape (3, m), uint8
        Red, green and blue of some rows, each plane in one line; two pixels before and after, and two rows above and
        below the block are in it.
    start : int
        Number of the block's first pixel.
    width : int
        Pixels of a row.
    range3, range5 : ndarray of shape (n,), uint8
        Written, one value for each pixel of the block.
    work : ndarray of shape (2, n + 4) or more, uint8
        Overwritten with intermediate values.
    """
    length = len(range3)
    low, high = work[0, : length + 4], work[1, : length + 4]
    range3[:] = 0
    range5[:] = 0
    for channel in range(3):
        around = planes[channel, start - 2 - 2 * width : start + 2 + 2 * width + length]
        _extremes_of_three(around[width:], around[2 * width :], around[3 * width :], low, high)
        for x in range(length):
            bottom, top = min(low[x + 1], low[x + 2], low[x + 3]), max(high[x + 1], high[x + 2], high[x + 3])
            range3[x] = max(range3[x], np.uint8(top - bottom))
        _add_two(around, around[4 * width :], low, high)
        for x in range(length):
            bottom = min(low[x], low[x + 1], low[x + 2], low[x + 3], low[x + 4])
            top = max(high[x], high[x + 1], high[x + 2], high[x + 3], high[x + 4])
            range5[x] = max(range5[x], np.uint8(top - bottom))


@compiled
def _extremes_of_three(a: U8Vector, b: U8Vector, c: U8Vector, low: U8Vector, high: U8Vector) -> None:
    """Write the lowest and the highest of three rows, as far as `low` goes."""
    for x in range(len(low)):
        low[x] = min(a[x], b[x], c[x])
    for x in range(len(low)):
        high[x] = max(a[x], b[x], c[x])


@compiled
def _add_two(a: U8Vector, b: U8Vector, low: U8Vector, high: U8Vector) -> None:
    """Take two more rows into the lowest and the highest."""
    for x in range(len(low)):
        low[x] = min(low[x], a[x], b[x])
    for x in range(len(low)):
        high[x] = max(high[x], a[x], b[x])
