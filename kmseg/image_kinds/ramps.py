"""Ramps: colors that rise evenly over many pixels, as in photos, heat maps and masks with soft rims."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RAMP_STEP, RAMP_PIXELS = 12, 17
"""Levels from pixel to pixel up to which a color rises evenly, and pixels in a row from which on that is a ramp:
resizing makes short or steep ones, and JPEG hardly any longer than two blocks."""

RAMP_LINES = 4
"""Every such row and column is looked at for ramps."""


def measure_ramps(tiles: Sequence[NDArray[np.uint8]], gray: bool) -> float:
    """Return the share of pixels where a channel rises or falls in small steps over many pixels in a row."""
    ramps = np.zeros(1 if gray else 3)
    for tile in tiles:
        for channel in range(len(ramps)):
            plane = tile[..., channel]
            ramps[channel] += sum(_on_ramps(lines[::RAMP_LINES]) for lines in (plane, plane.T)) * tile.size / 2
    return float(ramps.max() / sum(tile.size for tile in tiles))


def _on_ramps(lines: NDArray[np.uint8]) -> float:
    """Return the share of the steps along lines `(n, length)` that are part of a ramp."""
    step = np.diff(lines.astype(np.int16), axis=1, append=np.int16(-1000))  # a line ends in no small step
    way = np.where(np.abs(step) <= RAMP_STEP, np.sign(step), 0).ravel()
    starts = np.flatnonzero(np.diff(way, prepend=np.int16(2)))
    lengths = np.diff(np.append(starts, way.size))
    return float(lengths[(way[starts] != 0) & (lengths >= RAMP_PIXELS)].sum() / way.size)
