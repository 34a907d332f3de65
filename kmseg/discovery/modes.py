"""The density of colors on a grid of the RGB cube: its peaks, and the valleys between them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

CELL = 2
"""Levels of a cell of the grid."""


def landscape(
    colors: NDArray[np.int64], weight: NDArray[np.float64], sigma: float, least: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the density on its grid, and the peaks `(n, 3)` in levels, densest first."""
    density = _density(colors, weight, sigma)
    of_one_pixel = 1 / ((2 * np.pi) ** 1.5 * sigma**3)
    return density, _peaks(density, least / 4 * of_one_pixel)


def _density(colors: NDArray[np.int64], weight: NDArray[np.float64], sigma: float) -> NDArray[np.float32]:
    """Return the weight of the colors, smoothed, on a grid of cells `(128, 128, 128)`."""
    side = 256 // CELL
    red, green, blue = (colors // CELL).T
    grid = np.bincount((red * side + green) * side + blue, weight, side**3).astype(np.float32)
    window = (1, 2 * int(3 * sigma) + 1)
    for _ in range(3):  # smooth along the first axis, then turn the cube
        rows = cv2.GaussianBlur(grid.reshape(side, -1), window, sigma, sigmaY=sigma, borderType=cv2.BORDER_CONSTANT)
        grid = np.ascontiguousarray(rows.reshape(side, side, side).transpose(1, 2, 0))
    return grid


def _peaks(density: NDArray[np.float32], floor: float) -> NDArray[np.float64]:
    """Return the middles, in levels, of the cells that no cell within two exceeds, densest first."""
    highest, side = density, len(density)
    for _ in range(3):
        rows = cv2.dilate(highest.reshape(side, -1), np.ones((5, 1), np.uint8))
        highest = np.ascontiguousarray(rows.reshape(side, side, side).transpose(1, 2, 0))
    peaks = np.argwhere((density == highest) & (density > floor))
    ordered = peaks[np.argsort(-density[tuple(peaks.T)], kind="stable")]
    return ordered.astype(np.float64) * CELL + 0.5


def lowest_between(density: NDArray[np.float32], one: NDArray[np.int64], other: Sequence[int]) -> float:
    """Return the lowest density on the straight way between two colors."""
    a, b = one.astype(float), np.asarray(other, float)
    steps = np.linspace(0, 1, int(np.sqrt(((a - b) ** 2).sum()) / CELL) + 2)[:, None]
    return float(density[tuple((((1 - steps) * a + steps * b) // CELL).astype(int).T)].min())
