"""One minimum coded unit (MCU) under a labeling, compiled: its residuals, excess and prior.

Arguments that go together travel as tuples: `axes` (rows and columns of luma, then of chroma: see `file_model.axes`),
`target` and `allowed` (luma, blue, red), `state` (residuals and slopes of luma, blue and red, the luma blocks' excess)
and `box` (first and last row plus one, the same of columns).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.block_kernels import add_outer, compute_excess, write_slope
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
def new_state(per: Any) -> Any:
    """Return room for the state of an MCU."""
    blocks = per[0] * per[1]
    luma, luma_slope = np.zeros((blocks, 8, 8), np.float32), np.zeros((blocks, 8, 8), np.float32)
    blue, red = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    blue_slope, red_slope = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    return luma, blue, red, luma_slope, blue_slope, red_slope, np.zeros(blocks + 1, np.float32), per


@compiled
def write_residuals(labels: Any, colors: Any, axes: Any, target: Any, box: Any, place: Any, state: Any) -> None:
    """Write the residuals of the MCU in a row and column of MCUs (`place`)."""
    luma, blue, red = state[0], state[1], state[2]
    luma_rows, luma_columns, chroma_rows, chroma_columns = axes
    top, bottom, left, right = box
    high, wide = state[7]
    luma[:] = 0
    blue[:] = 0
    red[:] = 0
    line = np.empty((3, 8), np.float32)
    for y in range(top, bottom):
        for column in range(wide):
            line[0] = 0
            for x in range(left + 8 * column, min(right, left + 8 * column + 8)):
                value = colors[0, labels[y, x]]
                for v in range(8):
                    line[0, v] += value * luma_columns[x, v]
            add_outer(luma[(y - top) // 8 * wide + column], luma_rows[y], line[0], np.float32(1))
        line[1:] = 0
        for x in range(left, right):
            first, second = colors[1, labels[y, x]], colors[2, labels[y, x]]
            for v in range(8):
                line[1, v] += first * chroma_columns[x, v]
                line[2, v] += second * chroma_columns[x, v]
        add_outer(blue, chroma_rows[y], line[1], np.float32(1))
        add_outer(red, chroma_rows[y], line[2], np.float32(1))
    for block in range(high * wide):
        row, column = place[0] * high + block // wide, place[1] * wide + block % wide
        if row < target[0].shape[0] and column < target[0].shape[1]:
            luma[block] -= target[0][row, column]
        else:
            luma[block] = 0
    blue -= target[1][place[0], place[1]]
    red -= target[2][place[0], place[1]]


@compiled
def measure(allowed: Any, basis: Any, state: Any) -> Any:
    """Write slopes and excess of an MCU from its residuals; return its whole excess."""
    luma, blue, red, luma_slope, blue_slope, red_slope, excess, _ = state
    total = np.float32(0)
    for block in range(len(luma)):
        excess[block] = compute_excess(luma[block], allowed[0])
        write_slope(luma[block], allowed[0], basis, luma_slope[block])
        total += excess[block]
    excess[len(luma)] = compute_excess(blue, allowed[1]) + compute_excess(red, allowed[2])
    write_slope(blue, allowed[1], basis, blue_slope)
    write_slope(red, allowed[2], basis, red_slope)
    return total + excess[len(luma)]


@compiled
def total_excess(state: Any) -> Any:
    """Return the whole excess of an MCU as last measured."""
    total = np.float32(0)
    for block in range(len(state[6])):
        total += state[6][block]
    return total


@compiled
def renew(block: int, allowed: Any, basis: Any, state: Any) -> None:
    """Measure one luma block anew."""
    luma, _, _, luma_slope, _, _, excess, _ = state
    excess[block] = compute_excess(luma[block], allowed[0])
    write_slope(luma[block], allowed[0], basis, luma_slope[block])


@compiled
def renew_chroma(allowed: Any, basis: Any, state: Any) -> None:
    """Measure the chroma blocks anew."""
    luma, blue, red, _, blue_slope, red_slope, excess, _ = state
    excess[len(luma)] = compute_excess(blue, allowed[1]) + compute_excess(red, allowed[2])
    write_slope(blue, allowed[1], basis, blue_slope)
    write_slope(red, allowed[2], basis, red_slope)


@compiled
def paint(colors: Any, axes: Any, block: int, y: int, x: int, old: int, label: int, state: Any) -> None:
    """Change the residuals as one pixel's class changes."""
    add_outer(state[0][block], axes[0][y], axes[1][x], colors[0, label] - colors[0, old])
    add_outer(state[1], axes[2][y], axes[3][x], colors[1, label] - colors[1, old])
    add_outer(state[2], axes[2][y], axes[3][x], colors[2, label] - colors[2, old])


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
def change_prior(labels: Any, y: int, x: int, label: int, weights: Any, counts: Any) -> Any:
    """Return the change of the smoothness cost if a pixel gets another class."""
    old = labels[y, x]
    cost = weights[0] * np.float32(differing(labels, y, x, label) - 1 - differing(labels, y, x, old))
    if counts[old] == 1:
        cost -= weights[1]
    if counts[label] == 0:
        cost += weights[1]
    return cost


@compiled
def excess_map(labels: Any, colors: Any, axes: Any, target: Any, allowed: Any, per: Any, excess: Any) -> None:
    """Write the excess of every MCU; `per` is the rows and columns of luma blocks in one."""
    state = new_state(per)
    for row in range(excess.shape[0]):
        for column in range(excess.shape[1]):
            box = make_box(labels, per, row, column)
            write_residuals(labels, colors, axes, target, box, (row, column), state)
            total = compute_excess(state[1], allowed[1]) + compute_excess(state[2], allowed[2])
            for block in range(len(state[0])):
                total += compute_excess(state[0][block], allowed[0])
            excess[row, column] = total


@compiled
def roughness_map(labels: Any, per: Any, roughness: Any) -> None:
    """Write the pairs of unlike neighbors of every MCU, each pixel's eight counted."""
    for row in range(roughness.shape[0]):
        for column in range(roughness.shape[1]):
            top, bottom, left, right = make_box(labels, per, row, column)
            pairs = 0
            for y in range(top, bottom):
                for x in range(left, right):
                    pairs += differing(labels, y, x, labels[y, x])
            roughness[row, column] = pairs
