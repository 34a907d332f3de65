"""One minimum coded unit (MCU) under a labeling, compiled: its residuals, excess and prior.

Arguments that go together travel as tuples: `waves` (see `file_model.unit_waves`), `target` (stored coefficients of
luma, blue and red), `box` (first and last row plus one, the same of columns) and `per` (rows and columns of luma blocks
in an MCU). The blocks of an MCU are one array `(blocks + 2, 64)`: luma, then blue and red. So is what they are allowed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.block_kernels import add_wave, compute_excess
from kmseg.pixels.jit import compiled_sums as compiled

CONSISTENT = 0.5
"""Squared units of a coefficient by which an MCU may exceed its bounds in all: below what a wrong pixel causes."""

RING = 2
"""Pixels around an MCU whose classes are no new ones in it."""


@compiled
def differing(labels: Any, y: int, x: int, label: int) -> int:
    """Count the neighbors of a pixel, and itself, that are not of a class."""
    count = 0
    for near_y in range(max(0, y - 1), min(labels.shape[0], y + 2)):
        for near_x in range(max(0, x - 1), min(labels.shape[1], x + 2)):
            count += int(labels[near_y, near_x] != label)
    return count


@compiled
def make_box(labels: Any, per: Any, row: int, column: int) -> Any:
    """Return the first and last row plus one, and the same of columns, of the pixels of an MCU."""
    top, left = row * 8 * per[0], column * 8 * per[1]
    return top, min(labels.shape[0], top + 8 * per[0]), left, min(labels.shape[1], left + 8 * per[1])


@compiled
def is_uniform(labels: Any, box: Any) -> bool:
    """Tell whether an MCU is of one class."""
    top, bottom, left, right = box
    for y in range(top, bottom):
        for x in range(left, right):
            if labels[y, x] != labels[top, left]:
                return False
    return True


@compiled
def write_residuals(
    labels: Any, colors: Any, waves: Any, target: Any, box: Any, row: int, column: int, per: Any, residual: Any
) -> None:
    """Write the residuals of the MCU in a row and column of MCUs."""
    top, bottom, left, right = box
    high, wide = per
    blue, red = high * wide, high * wide + 1
    residual[:] = 0
    if is_uniform(labels, box):
        for block in range(high * wide + 2):
            residual[block, 0] = np.float32(8) * colors[max(0, block - blue + 1), labels[top, left]]
    else:
        for y in range(top, bottom):
            for x in range(left, right):
                label, wave = labels[y, x], waves[1][y - top, x - left]
                block = (y - top) // 8 * wide + (x - left) // 8
                add_wave(residual[block], waves[0][y - top, x - left], colors[0, label])
                add_wave(residual[blue], wave, colors[1, label])
                add_wave(residual[red], wave, colors[2, label])
    for block in range(high * wide):
        block_row, block_column = row * high + block // wide, column * wide + block % wide
        if block_row < target[0].shape[0] and block_column < target[0].shape[1]:
            add_wave(residual[block], target[0][block_row, block_column], np.float32(-1))
        else:
            residual[block] = 0
    add_wave(residual[blue], target[1][row, column], np.float32(-1))
    add_wave(residual[red], target[2][row, column], np.float32(-1))


@compiled
def measure(residual: Any, allowed: Any, excess: Any) -> Any:
    """Write the excess of each block of an MCU; return their sum."""
    total = np.float32(0)
    for block in range(len(residual)):
        excess[block] = compute_excess(residual[block], allowed[block])
        total += excess[block]
    return total


@compiled
def prior(labels: Any, box: Any, weights: Any, counts: Any) -> Any:
    """Return the smoothness cost of an MCU, and write how many pixels of each class are in and around it."""
    top, bottom, left, right = box
    pairs = 0
    for y in range(top, bottom):
        for x in range(left, right):
            pairs += differing(labels, y, x, labels[y, x])
    counts[:] = 0
    for y in range(max(0, top - RING), min(labels.shape[0], bottom + RING)):
        for x in range(max(0, left - RING), min(labels.shape[1], right + RING)):
            counts[labels[y, x]] += 1
    classes = 0
    for label in range(len(counts)):
        classes += int(counts[label] > 0)
    return np.float32(weights[0] * pairs + weights[1] * classes)


@compiled
def waves_of(waves: Any, row: int, column: int, shape: Any) -> Any:
    """Return the waves of luma and of chroma in an MCU: at the bottom and at the right there are others."""
    last, end = int(row == shape[0] - 1), int(column == shape[1] - 1)
    return waves[0][last, end], waves[1][last, end]


@compiled
def measure_labels(
    labels: Any, colors: Any, waves: Any, target: Any, allowed: Any, per: Any, excess: Any, roughness: Any
) -> None:
    """Write the excess of every MCU, and its pairs of unlike neighbors, each pixel's eight counted."""
    residual, parts = np.empty((len(allowed), 64), np.float32), np.empty(len(allowed), np.float32)
    for row in range(excess.shape[0]):
        for column in range(excess.shape[1]):
            box = make_box(labels, per, row, column)
            here = waves_of(waves, row, column, excess.shape)
            write_residuals(labels, colors, here, target, box, row, column, per, residual)
            excess[row, column] = measure(residual, allowed, parts)
            top, bottom, left, right = box
            pairs = 0
            for y in range(top, bottom):
                for x in range(left, right):
                    pairs += differing(labels, y, x, labels[y, x])
            roughness[row, column] = pairs
