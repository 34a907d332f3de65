"""The boundary masker's correction of isolated pixels, compiled: where an error is likely, a neighbor's class.

Streaks of chroma and mixtures of thin structures leave single pixels of a third class. `kmseg.confidence` says how
likely an error is: few neighbors of the class, and a color that is hardly nearer to it than to another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.confidence import ERROR, HIGHEST_MARGIN, LEVEL, LOWEST_MARGIN, NEIGHBOR, ONE_OF_THREE
from kmseg.maskers.boundary.label_table import INFINITE_COST
from kmseg.maskers.boundary.table_kernels import unary_cost
from kmseg.maskers.boundary.uncertain_kernels import first_neighbor, gathered, indices_where, votes
from kmseg.pixels.arrays import I32Plane, I32Vector, Integer, U8Vector
from kmseg.pixels.jit import compiled

LIKELY_ERROR = 0.69
"""Log odds of an error from which a pixel may change its class: two to one. Of 42 damaged sets 14 gain mean IoU (up to
0.017) and two lose 0.005, whose labels have true speckles; from even odds these lose 0.008 and 0.036."""

MOST_AGREEING = 2
"""Neighbors of its class beyond which no pixel is that likely wrong, whatever its color."""


@compiled
def correct_isolated(
    at: I32Vector,
    seen: I32Plane,
    blocks: I32Vector,
    light: Any,
    quarters: I32Plane,
    padded: U8Vector,
    width: int,
    label: U8Vector,
) -> None:
    """Give uncertain pixels that are likely wrong the neighbor's class that is likeliest right, in place.

    Parameters
    ----------
    at : ndarray of shape (n,), int32
        Places of the uncertain pixels.
    seen : ndarray of shape (3, n), int32
        Luma and chroma, in quarters of a level.
    blocks : ndarray of shape (n,), int32
        The block of each pixel.
    light : ndarray of shape (blocks,), bool
        Whether the damage in and around each block is light: nothing is changed there.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    padded : ndarray of shape ((H + 2) (W + 2),), uint8
        The labels before, padded.
    width : int
        Pixels of a row.
    label : ndarray of shape (H W,), uint8
        Changed in place.
    """
    alone = np.empty(len(at), np.uint8)
    for n in range(len(at)):
        alone[n] = np.uint8(votes(padded, width, at[n], label[at[n]]) <= MOST_AGREEING) & np.uint8(not light[blocks[n]])
    chosen = indices_where(alone)
    colors = gathered(seen, chosen)
    lowest, seconds = np.empty(len(chosen), np.int32), np.empty(len(chosen), np.int32)
    _two_lowest(colors, quarters, lowest, seconds)
    for m in range(len(chosen)):
        n = chosen[m]
        own = np.int32(label[at[n]])
        color = (colors[0, m], colors[1, m], colors[2, m])
        nearest, second = lowest[m], seconds[m]
        odds = _odds(color, own, votes(padded, width, at[n], np.uint8(own)), nearest, second, quarters)
        if odds <= np.float32(LIKELY_ERROR):
            continue
        start, last = np.uint64(first_neighbor(at[n], width)), own
        for place in range(9):
            other = np.int32(padded[start + np.uint64(place // 3 * (width + 2) + place % 3)])
            if other in (own, last):
                continue
            last = other
            agreeing = votes(padded, width, at[n], np.uint8(other))
            of_other = _odds(color, other, agreeing, nearest, second, quarters)
            if of_other < odds:
                odds = of_other
                label[at[n]] = np.uint8(other)


@compiled
def _two_lowest(colors: I32Plane, quarters: I32Plane, lowest: I32Vector, seconds: I32Vector) -> None:
    """Write the lowest two unary costs `(n,)` of colors `(3, n)`, over all classes."""
    for m in range(len(lowest)):
        lowest[m], seconds[m] = np.int32(INFINITE_COST), np.int32(INFINITE_COST)
    for label in range(quarters.shape[1]):
        luma, blue, red = quarters[0, label], quarters[1, label], quarters[2, label]
        for m in range(len(lowest)):
            off_luma, off_blue = np.int32(colors[0, m] - luma), np.int32(colors[1, m] - blue)
            off_red = np.int32(colors[2, m] - red)
            cost = np.int32(np.int32(off_luma * off_luma) + np.int32(off_blue * off_blue))
            cost = np.int32(cost + np.int32(off_red * off_red))
            held = lowest[m]
            worse = max(cost, held)
            lowest[m] = min(cost, held)
            seconds[m] = min(seconds[m], worse)


@compiled
def _odds(
    color: tuple[Integer, Integer, Integer],
    label: Integer,
    agreeing: Integer,
    lowest: Integer,
    second: Integer,
    quarters: I32Plane,
) -> Any:
    """Return the log odds that a class is wrong for a color, in single precision; see `kmseg.confidence`."""
    cost = np.int32(unary_cost(color, quarters, label))
    other = second if cost == lowest else lowest
    margin = (np.sqrt(np.float32(other)) - np.sqrt(np.float32(cost))) * np.float32(0.25)
    margin = min(max(margin, np.float32(LOWEST_MARGIN)), np.float32(HIGHEST_MARGIN))
    odds = np.float32(ERROR) + np.float32(NEIGHBOR) * np.float32(agreeing) + np.float32(LEVEL) * margin
    return odds + np.float32(ONE_OF_THREE) * np.float32(min(agreeing, 3))
