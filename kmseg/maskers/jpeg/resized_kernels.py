"""Loops of the search for the labels of an image that was resized before it was saved as JPEG.

The unknown is a field of labels finer than the pixels. Painted, reduced by the kernel of the resizing and
transformed, it is held against the stored coefficients. A subpixel touches at most two rows and two columns of blocks:
its part in each is the outer product of two vectors of 8 that `resized_model.fine_axis` has made. An axis is the first
block that each subpixel touches `(n,)` and its vectors in it and in the next `(n, 2, 8)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.block_kernels import add_wave, compute_excess, excess_after, next_random
from kmseg.maskers.jpeg.mcu_kernels import differing
from kmseg.pixels.jit import compiled_sums as compiled

INTERIOR = 1000.0
"""Subpixels of an image, all of whose neighbors are of their class, that prove a class: where a resize kernel mixes two
classes into the color of a third, the third is a rim without any."""

RECOUNTED = 5
"""Sweeps after which they are counted again."""


@compiled
def write_wave(rows: Any, columns: Any, wave: Any) -> None:
    """Write the outer product of two vectors of 8."""
    for u in range(8):
        for v in range(8):
            wave[8 * u + v] = rows[u] * columns[v]


@compiled
def paint_field(field: Any, colors: Any, rows: Any, columns: Any, allowed: Any, residual: Any, excess: Any) -> None:
    """Add one component of a painted field to the residuals `(rows, columns, 64)` of its blocks; write their excess."""
    (first_row, row_vectors), (first_column, column_vectors) = rows, columns
    line, wave = np.empty((residual.shape[1] + 1, 8), np.float32), np.empty(64, np.float32)
    for y in range(field.shape[0]):
        line[:] = 0
        for x in range(field.shape[1]):
            value, column = colors[field[y, x]], first_column[x]
            for side in range(2):
                for v in range(8):
                    line[column + side, v] += value * column_vectors[x, side, v]
        for side in range(2):
            row = first_row[y] + side
            if row < residual.shape[0]:
                for column in range(residual.shape[1]):
                    write_wave(row_vectors[y, side], line[column], wave)
                    add_wave(residual[row, column], wave, np.float32(1))
    for row in range(residual.shape[0]):
        for column in range(residual.shape[1]):
            excess[row, column] = compute_excess(residual[row, column], allowed)


@compiled
def touched(axis: Any, at: int, blocks: int) -> Any:
    """Return the first block that a subpixel touches along an axis, and the last plus one."""
    first, vectors = axis
    block = first[at]
    return block, block + 2 if vectors[at, 1, 0] != 0 and block + 1 < blocks else block + 1


@compiled
def write_rare_costs(field: Any, differ: Any, rare_cost: Any, costs: Any) -> None:
    """Write the cost of a subpixel of each class, from how many interior ones it has."""
    inner = np.zeros(len(costs), np.int64)
    for y in range(field.shape[0]):
        for x in range(field.shape[1]):
            if differ[y, x] == 0:
                inner[field[y, x]] += 1
    for label in range(len(costs)):
        costs[label] = rare_cost * np.float32(max(0.0, np.log(INTERIOR / (1.0 + inner[label]))))


@compiled
def anneal_field(
    field: Any,
    colors: Any,
    axes: Any,
    residuals: Any,
    allowed: Any,
    excesses: Any,
    smoothness: Any,
    rare_cost: Any,
    sweeps: int,
    heat: Any,
    chances: Any,
    generator: Any,
    first_vote: int,
    votes: Any,
) -> None:
    """Offer border subpixels the class of a neighbor within two, sweep after sweep, colder and colder.

    From sweep `first_vote` on, every subpixel counts one vote for its pixel's class in `votes` `(H, W, k)`. A subpixel
    of a class with few interior subpixels costs `rare_cost` times the log of how many too few they are.
    """
    luma_rows, luma_columns, chroma_rows, chroma_columns = axes
    luma, blue, red = residuals
    luma_excess, blue_excess, red_excess = excesses
    height, width = field.shape
    waves, after = np.empty((8, 64), np.float32), np.empty((3, 4), np.float32)
    differ = np.empty((height, width), np.int8)
    for y in range(height):
        for x in range(width):
            differ[y, x] = differing(field, y, x, field[y, x])
    fine_rows, fine_columns = height // votes.shape[0], width // votes.shape[1]
    costs = np.zeros(colors.shape[1], np.float32)
    temperature = np.float32(heat[0])
    fall = np.float32((heat[1] / heat[0]) ** (1.0 / max(1, sweeps - 1)))
    for sweep in range(sweeps):
        if sweep % RECOUNTED == 0:
            write_rare_costs(field, differ, rare_cost, costs)
        for y in range(height):
            top, bottom = touched(luma_rows, y, luma.shape[0])
            chroma_top, chroma_bottom = touched(chroma_rows, y, blue.shape[0])
            for x in range(width):
                if differ[y, x] == 0:
                    continue
                bits = next_random(generator)
                place = np.int64(bits & np.uint64(0xFFFF)) * 25 >> 16
                near_y, near_x = min(max(y + place // 5 - 2, 0), height - 1), min(max(x + place % 5 - 2, 0), width - 1)
                old, label = field[y, x], field[near_y, near_x]
                if label == old:
                    continue
                most = temperature * chances[np.int64(bits >> np.uint64(48)) % len(chances)]
                cost = smoothness * np.float32(differing(field, y, x, label) - 1 - np.int64(differ[y, x]))
                cost += costs[label] - costs[old]
                left, right = touched(luma_columns, x, luma.shape[1])
                chroma_left, chroma_right = touched(chroma_columns, x, blue.shape[1])
                chroma = np.float32(0)
                for row in range(chroma_top, chroma_bottom):
                    for column in range(chroma_left, chroma_right):
                        chroma += blue_excess[row, column] + red_excess[row, column]
                bound = cost - chroma
                for row in range(top, bottom):
                    for column in range(left, right):
                        bound -= luma_excess[row, column]
                if bound > most:  # it would not pay even if nothing were left over
                    continue
                to_luma, to_blue = colors[0, label] - colors[0, old], colors[1, label] - colors[1, old]
                to_red = colors[2, label] - colors[2, old]
                at = 0
                for row in range(top, bottom):
                    for column in range(left, right):
                        write_wave(luma_rows[1][y, row - top], luma_columns[1][x, column - left], waves[at])
                        after[0, at] = excess_after(luma[row, column], allowed[0], waves[at], to_luma)
                        cost += after[0, at] - luma_excess[row, column]
                        at += 1
                if cost - chroma > most:
                    continue
                at = 0
                for row in range(chroma_top, chroma_bottom):
                    for column in range(chroma_left, chroma_right):
                        wave, across = waves[4 + at], chroma_columns[1][x, column - chroma_left]
                        write_wave(chroma_rows[1][y, row - chroma_top], across, wave)
                        after[1, at] = excess_after(blue[row, column], allowed[1], wave, to_blue)
                        after[2, at] = excess_after(red[row, column], allowed[2], wave, to_red)
                        cost += after[1, at] - blue_excess[row, column] + after[2, at] - red_excess[row, column]
                        at += 1
                if cost > most:
                    continue
                at = 0
                for row in range(top, bottom):
                    for column in range(left, right):
                        add_wave(luma[row, column], waves[at], to_luma)
                        luma_excess[row, column] = after[0, at]
                        at += 1
                at = 0
                for row in range(chroma_top, chroma_bottom):
                    for column in range(chroma_left, chroma_right):
                        add_wave(blue[row, column], waves[4 + at], to_blue)
                        add_wave(red[row, column], waves[4 + at], to_red)
                        blue_excess[row, column], red_excess[row, column] = after[1, at], after[2, at]
                        at += 1
                field[y, x] = label
                for near_y in range(max(0, y - 1), min(height, y + 2)):
                    for near_x in range(max(0, x - 1), min(width, x + 2)):
                        differ[near_y, near_x] = differing(field, near_y, near_x, field[near_y, near_x])
        temperature *= fall
        if sweep >= first_vote:
            for y in range(height):
                for x in range(width):
                    votes[y // fine_rows, x // fine_columns, field[y, x]] += 1


@compiled
def measure_mcu(excesses: Any, per: Any, row: int, column: int) -> Any:
    """Return the excess of the blocks of an MCU."""
    luma_excess, blue_excess, red_excess = excesses
    total = blue_excess[row, column] + red_excess[row, column]
    for y in range(row * per[0], min((row + 1) * per[0], luma_excess.shape[0])):
        for x in range(column * per[1], min((column + 1) * per[1], luma_excess.shape[1])):
            total += luma_excess[y, x]
    return total


@compiled
def gain_of_part(values: Any, axes: Any, residual: Any, allowed: Any, excess: Any, at: Any, wave: Any) -> Any:
    """Return by how much the excess of one component falls if a pixel's value changes by `values`."""
    rows, columns = axes
    y, x = at
    top, bottom = touched(rows, y, residual.shape[0])
    left, right = touched(columns, x, residual.shape[1])
    gain = np.float32(0)
    for row in range(top, bottom):
        for column in range(left, right):
            write_wave(rows[1][y, row - top], columns[1][x, column - left], wave)
            gain += excess[row, column] - excess_after(residual[row, column], allowed, wave, values)
    return gain


@compiled
def change_part(values: Any, axes: Any, residual: Any, allowed: Any, excess: Any, at: Any, wave: Any) -> None:
    """Change a pixel's value in one component by `values`."""
    rows, columns = axes
    y, x = at
    top, bottom = touched(rows, y, residual.shape[0])
    left, right = touched(columns, x, residual.shape[1])
    for row in range(top, bottom):
        for column in range(left, right):
            write_wave(rows[1][y, row - top], columns[1][x, column - left], wave)
            add_wave(residual[row, column], wave, values)
            excess[row, column] = compute_excess(residual[row, column], allowed)


@compiled
def find_best_change(
    mcu: Any,
    labels: Any,
    pure: Any,
    offered: Any,
    colors: Any,
    axes: Any,
    residuals: Any,
    allowed: Any,
    excesses: Any,
    per: Any,
    smoothness: Any,
    least: Any,
    wave: Any,
) -> Any:
    """Return row, column and class of the change that lowers an MCU's cost most; row -1 if none does by `least`."""
    row, column = mcu
    height, width = labels.shape
    best, best_y, best_x, best_label = least, -1, -1, 0
    for y in range(row * per[0] * 8, min(height, (row + 1) * per[0] * 8)):
        for x in range(column * per[1] * 8, min(width, (column + 1) * per[1] * 8)):
            if not pure[y, x]:
                continue
            old, at = labels[y, x], (y, x)
            unlike = differing(labels, y, x, old)
            for label in offered:
                if label == old:
                    continue
                gain = smoothness * np.float32(unlike - differing(labels, y, x, label) + 1)
                for part in range(3):
                    by, across = colors[part, label] - colors[part, old], axes[min(part, 1)]
                    gain += gain_of_part(by, across, residuals[part], allowed[part], excesses[part], at, wave)
                if gain > best:
                    best, best_y, best_x, best_label = gain, y, x, label
    return best_y, best_x, best_label


@compiled
def add_missing_classes(
    labels: Any,
    pure: Any,
    offered: Any,
    colors: Any,
    axes: Any,
    residuals: Any,
    allowed: Any,
    excesses: Any,
    per: Any,
    smoothness: Any,
    limits: Any,
) -> None:
    """Where classes around do not explain an MCU, give pixels any class of the image, the one that helps most first.

    Parameters
    ----------
    labels : ndarray of shape (H, W), uint16
        Classes of the pixels; changed.
    pure : ndarray of shape (H, W), bool
        Pixels that are of one class in the field.
    offered : ndarray of int64
    axes : tuple of four
        Those of the pixels, see `resized_model.whole_pixels`.
    per : tuple of int
        Rows and columns of luma blocks in an MCU.
    limits : tuple of two float32 and an int
        Excess of an MCU that is looked at; by which a change must lower the cost; changes of an MCU, at most.
    """
    unexplained, least, most = limits
    across = (axes[0], axes[1]), (axes[2], axes[3])
    known = colors, across, residuals, allowed, excesses, per, smoothness
    wave = np.empty(64, np.float32)
    for row in range(excesses[1].shape[0]):
        for column in range(excesses[1].shape[1]):
            for _ in range(most):
                if measure_mcu(excesses, per, row, column) < unexplained:
                    break
                y, x, label = find_best_change((row, column), labels, pure, offered, *known, least, wave)
                if y < 0:
                    break
                for part in range(3):
                    by = colors[part, label] - colors[part, labels[y, x]]
                    change_part(by, across[min(part, 1)], residuals[part], allowed[part], excesses[part], (y, x), wave)
                labels[y, x] = label
