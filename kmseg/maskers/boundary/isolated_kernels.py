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
from kmseg.maskers.boundary.uncertain_kernels import votes
from kmseg.pixels.arrays import I32Plane, I32Vector, Integer, U8Vector
from kmseg.pixels.jit import compiled

LIKELY_ERROR = 0.69
"""Log odds of an error from which a pixel may change its class: two to one. Of 42 damaged sets 14 gain mean IoU (up to
0.017) and two lose 0.005, whose labels have true speckles; from even odds these lose 0.008 and 0.036."""

MOST_AGREEING = 3
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
    for n in range(len(at)):
        own = np.int32(label[at[n]])
        if light[blocks[n]]:
            continue
        of_own = votes(padded, width, at[n], np.uint8(own))
        if of_own > MOST_AGREEING:
            continue
        color = (seen[0, n], seen[1, n], seen[2, n])
        nearest, second = _two_lowest(color, quarters)
        odds = _odds(color, own, of_own, nearest, second, quarters)
        if odds <= np.float32(LIKELY_ERROR):
            continue
        start = at[n] + 2 * (at[n] // width)
        for place in range(9):
            other = np.int32(padded[start + place // 3 * (width + 2) + place % 3])
            if other == own:
                continue
            agreeing = votes(padded, width, at[n], np.uint8(other))
            of_other = _odds(color, other, agreeing, nearest, second, quarters)
            if of_other < odds:
                odds = of_other
                label[at[n]] = np.uint8(other)


@compiled
def _two_lowest(color: tuple[Integer, Integer, Integer], quarters: I32Plane) -> tuple[Any, Any]:
    """Return the lowest two unary costs of a color, over all classes."""
    lowest, second = np.int32(INFINITE_COST), np.int32(INFINITE_COST)
    for label in range(quarters.shape[1]):
        cost = np.int32(unary_cost(color, quarters, label))
        if cost < lowest:
            lowest, second = cost, lowest
        else:
            second = min(second, cost)
    return lowest, second


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
