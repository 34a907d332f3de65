"""Sharp peaks of an image's flat colors, which are the classes of a label, and how tight they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CELL = 4
"""Side of a cell of the color histogram, in levels."""

PEAK_SHARPNESS = 0.5
"""Least share of the pixels within 14 levels of a peak that lie within 6: one along a line of evenly spread colors is
0.43, in a plane 0.18, at a class color in JPEG 75 about 0.9."""

MAX_PEAKS = 256
"""Peaks that are looked for at most."""

MIN_PEAK_PIXELS = 16
"""Least flat pixels of a peak in the sample."""

MODE_RADIUS = 12.0
"""RGB distance within which a pixel has the color of a peak."""

PACKING = np.array([65536, 256, 1], np.uint32)
"""Makes words 0xRRGGBB of colors."""


def find_peaks(colors: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sharp peaks of a set of colors `(n, 3)` and the pixels of each, the largest first."""
    side = 256 // CELL
    cells = (colors // CELL).astype(np.int64)
    counts = np.bincount((cells[:, 0] * side + cells[:, 1]) * side + cells[:, 2], minlength=side**3)
    density: NDArray[np.float32] = counts.reshape(side, side, side).astype(np.float32)
    near, wide = _box(density, 1), _box(density, 3)
    found, sizes = [], []
    rest = density.copy()
    able = np.flatnonzero(near >= MIN_PEAK_PIXELS)
    able = able[near.ravel()[able] >= PEAK_SHARPNESS * wide.ravel()[able]]
    able = able[np.argsort(-near.ravel()[able], kind="stable")]
    taken = np.zeros(density.shape, bool)
    for flat in able:
        r, g, b = np.unravel_index(flat, density.shape)
        if taken[r, g, b]:
            continue
        at = tuple(slice(max(i - 1, 0), i + 2) for i in (r, g, b))
        block = rest[at]
        if block.sum() < 0.5 * near[r, g, b]:
            continue
        taken[tuple(slice(max(i - 2, 0), i + 3) for i in (r, g, b))] = True
        corner = np.array([slice_.start for slice_ in at])
        grid = np.indices(block.shape).transpose(1, 2, 3, 0) + corner
        center = (block[..., None] * (grid * CELL + (CELL - 1) / 2)).sum((0, 1, 2)) / block.sum()
        found.append(center)
        sizes.append(int(block.sum()))
        rest[at] = 0
        if len(found) == MAX_PEAKS:
            break
    if not found:
        return np.zeros((0, 3)), np.zeros(0, np.int64)
    index = np.argsort(-np.array(sizes), kind="stable")
    return np.array(found)[index], np.array(sizes, np.int64)[index]


def _box(density: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return the sums of a 3-D array over cubes of side 2 radius + 1."""
    size, edge = 2 * radius + 1, cv2.BORDER_CONSTANT
    planes = cv2.boxFilter(density, -1, (size, size), normalize=False, borderType=edge)
    rows = cv2.boxFilter(planes.reshape(-1, density.shape[2]), -1, (size, 1), normalize=False, borderType=edge)
    return np.asarray(rows).reshape(density.shape)


def table_of_nearest(peaks: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return, per cell of 4 levels, the nearest peak, or -1 where none is near."""
    side = np.arange(2, 256, 4, dtype=np.float32)
    best = np.full((64, 64, 64), np.inf, np.float32)
    table = np.full((64, 64, 64), -1, np.int16)
    for k, peak in enumerate(peaks):
        lo = np.clip(((peak - MODE_RADIUS) // 4).astype(int) - 1, 0, 63)
        hi = np.clip(((peak + MODE_RADIUS) // 4).astype(int) + 2, 1, 64)
        axes = [(side[a:b] - p) ** 2 for a, b, p in zip(lo, hi, peak, strict=False)]
        apart = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :]
        at = tuple(slice(a, b) for a, b in zip(lo, hi, strict=False))
        better = (apart < best[at]) & (apart <= MODE_RADIUS**2)
        best[at][better] = apart[better]
        table[at][better] = k
    return table


def look_up(table: NDArray[np.int16], colors: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the entry of each color `(..., 3)` in a table of cells of 4 levels."""
    cells = (colors >> 2).astype(np.int32)
    return np.asarray(table.ravel()[(cells[..., 0] << 12) | (cells[..., 1] << 6) | cells[..., 2]])


def measure_tightness(
    flat: NDArray[np.uint8], peaks: NDArray[np.float64], nearest: NDArray[np.int16]
) -> tuple[float, float]:
    """Return the share of the flat pixels near peaks that are within 2 levels of the peak's most frequent color, and
    the share of the flat pixels that are near no peak."""
    if not len(peaks):
        return 0.0, 1.0
    pick = flat[:: max(1, len(flat) // 65536)]
    codes = look_up(nearest, pick)
    near = codes >= 0
    words = (codes[near].astype(np.uint32) << 24) | (pick[near].astype(np.uint32) @ PACKING)  # of 256 peaks at most
    colors, counts = np.unique(words, return_counts=True)  # by peak, then by color
    levels = np.stack([(colors >> shift & 255).astype(np.int16) for shift in (16, 8, 0)], axis=1)
    tight = 0
    for rows in np.split(np.arange(len(colors)), np.flatnonzero(np.diff(colors >> 24)) + 1):
        if len(rows):
            top = levels[rows[counts[rows].argmax()]]
            tight += int(counts[rows][np.abs(levels[rows] - top).max(axis=1) <= 2].sum())
    return tight / max(len(words), 1), float((~near).mean())
