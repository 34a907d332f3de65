"""Runs of equal values in a row of pixels, compiled: neighbors are mostly equal, so a run is counted at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.arrays import I32Vector, U32Vector
from kmseg.pixels.jit import compiled


@compiled
def find_runs(values: U32Vector, starts: I32Vector) -> Any:
    """Find the runs of equal values; return how many there are.

    The loop has no branch, whose outcome noise in the image would hide from the processor.

    Parameters
    ----------
    values : ndarray of shape (n,), uint32
        One value a pixel, n > 0.
    starts : ndarray of shape (n + 1,) or more, int32
        Written: the first pixel of each run, and after the last run n.
    """
    runs, last = np.int64(0), ~values[0]
    for x in range(len(values)):
        starts[runs] = x
        runs += np.int64(values[x] != last)
        last = values[x]
    starts[runs] = len(values)
    return runs
