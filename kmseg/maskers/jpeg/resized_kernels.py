"""Loops of the search for the labels of an image that was resized before it was saved as JPEG.

The unknown is a field of labels at FINE times the resolution. Painted, reduced by the kernel of the resizing and
transformed, it is held against the stored coefficients. A subpixel touches at most two rows and two columns of blocks:
its part in each is the outer product of two vectors of 8 that `resized_model.fine_axis` has made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.annealing_kernels import next_random
from kmseg.maskers.jpeg.block_kernels import add_outer, compute_excess, excess_after, write_slope
from kmseg.maskers.jpeg.mcu_kernels import differing
from kmseg.pixels.jit import compiled_sums as compiled

SETTLED = 0.5
"""Squared units of a coefficient by which a block may exceed its bounds."""


@compiled
def paint_field(field: Any, colors: Any, rows: Any, columns: Any, residual: Any) -> None:
    """Add one component of a painted field to the residuals `(rows, columns, 8, 8)` of its blocks."""
    (first_row, row_vectors), (first_column, column_vectors) = rows, columns
    line = np.empty((residual.shape[1] + 1, 8), np.float32)
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
                    add_outer(residual[row, column], row_vectors[y, side], line[column], np.float32(1))


@compiled
def measure_all(residual: Any, allowed: Any, basis: Any, slope: Any, excess: Any) -> None:
    """Write the excess of every block and its slope by each sample, a plane."""
    for row in range(residual.shape[0]):
        for column in range(residual.shape[1]):
            measure_block(residual, allowed, basis, slope, excess, row, column)


@compiled
def measure_block(residual: Any, allowed: Any, basis: Any, slope: Any, excess: Any, row: int, column: int) -> None:
    """Write the excess of a block and its slope by each sample."""
    excess[row, column] = compute_excess(residual[row, column], allowed)
    write_slope(residual[row, column], allowed, basis, slope[8 * row : 8 * row + 8, 8 * column : 8 * column + 8])


@compiled
def touched_block(axis: Any, at: int, side: int, blocks: int) -> int:
    """Return the block, of the two that a subpixel may touch along an axis, on a side; -1 where it touches none."""
    first, vectors = axis
    block = first[at] + side
    return block if block < blocks and vectors[at, side, 0] != 0 else -1


@compiled
def delta(y: int, x: int, value: Any, rows: Any, columns: Any, residual: Any, allowed: Any, excess: Any) -> Any:
    """Return how a component's excess changes if a subpixel changes by a value."""
    change = np.float32(0)
    for down in range(2):
        row = touched_block(rows, y, down, residual.shape[0])
        for side in range(2):
            column = touched_block(columns, x, side, residual.shape[1])
            if row >= 0 and column >= 0:
                after = excess_after(residual[row, column], allowed, rows[1][y, down], columns[1][x, side], value)
                change += after - excess[row, column]
    return change


@compiled
def change_field(
    y: int,
    x: int,
    value: Any,
    rows: Any,
    columns: Any,
    residual: Any,
    allowed: Any,
    basis: Any,
    slope: Any,
    excess: Any,
) -> None:
    """Change a component's residuals, excess and slopes as a subpixel changes by a value."""
    for down in range(2):
        row = touched_block(rows, y, down, residual.shape[0])
        for side in range(2):
            column = touched_block(columns, x, side, residual.shape[1])
            if row >= 0 and column >= 0:
                add_outer(residual[row, column], rows[1][y, down], columns[1][x, side], value)
                measure_block(residual, allowed, basis, slope, excess, row, column)


@compiled
def slope_at(y: int, x: int, row_taps: Any, column_taps: Any, slope: Any) -> Any:
    """Return the slope of a component's excess by the value of a subpixel."""
    (first_row, row_weights), (first_column, column_weights) = row_taps, column_taps
    total = np.float32(0)
    for down in range(row_weights.shape[1]):
        row = first_row[y] + down
        if row_weights[y, down] == 0:
            continue
        part = np.float32(0)
        for side in range(column_weights.shape[1]):
            if column_weights[x, side] != 0:
                part += column_weights[x, side] * slope[row, first_column[x] + side]
        total += row_weights[y, down] * part
    return total


@compiled
def anneal_field(
    field: Any,
    colors: Any,
    axes: Any,
    taps: Any,
    residuals: Any,
    allowed: Any,
    slopes: Any,
    excesses: Any,
    basis: Any,
    smoothness: Any,
    sweeps: int,
    heat: Any,
    seed: int,
    first_vote: int,
    votes: Any,
) -> None:
    """Offer border subpixels the class of a neighbor within two, sweep after sweep, colder and colder.

    From sweep `first_vote` on, every pixel's majority counts one vote in `votes` `(H, W, k)`.
    """
    luma_rows, luma_columns, chroma_rows, chroma_columns = axes
    luma_row_taps, luma_column_taps, chroma_row_taps, chroma_column_taps = taps
    height, width = field.shape
    generator = np.zeros(1, np.uint64)
    generator[0] = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    hot, cold = heat
    fine = height // votes.shape[0]
    for sweep in range(sweeps):
        temperature = np.float32(hot * (cold / hot) ** (sweep / max(1, sweeps - 1)))
        for y in range(height):
            for x in range(width):
                old = field[y, x]
                differ = differing(field, y, x, old)
                if differ == 0:
                    continue
                bits = next_random(generator)
                place = int(bits % np.uint32(25))
                near_y, near_x = min(max(y + place // 5 - 2, 0), height - 1), min(max(x + place % 5 - 2, 0), width - 1)
                label = field[near_y, near_x]
                if label == old:
                    continue
                uniform = np.float32((next_random(generator) >> np.uint32(8)) + np.uint32(1)) * np.float32(2.0**-24)
                most = -temperature * np.log(uniform)
                cost = smoothness * np.float32(differing(field, y, x, label) - 1 - differ)
                to_luma, to_blue = colors[0, label] - colors[0, old], colors[1, label] - colors[1, old]
                to_red = colors[2, label] - colors[2, old]
                bound = cost
                bound += to_luma * slope_at(y, x, luma_row_taps, luma_column_taps, slopes[0])
                bound += to_blue * slope_at(y, x, chroma_row_taps, chroma_column_taps, slopes[1])
                bound += to_red * slope_at(y, x, chroma_row_taps, chroma_column_taps, slopes[2])
                if bound > most:
                    continue
                cost += delta(y, x, to_luma, luma_rows, luma_columns, residuals[0], allowed[0], excesses[0])
                if cost > most + np.float32(400):
                    continue
                cost += delta(y, x, to_blue, chroma_rows, chroma_columns, residuals[1], allowed[1], excesses[1])
                cost += delta(y, x, to_red, chroma_rows, chroma_columns, residuals[2], allowed[2], excesses[2])
                if cost > most:
                    continue
                field[y, x] = label
                change_field(
                    y, x, to_luma, luma_rows, luma_columns, residuals[0], allowed[0], basis, slopes[0], excesses[0]
                )
                change_field(
                    y, x, to_blue, chroma_rows, chroma_columns, residuals[1], allowed[1], basis, slopes[1], excesses[1]
                )
                change_field(
                    y, x, to_red, chroma_rows, chroma_columns, residuals[2], allowed[2], basis, slopes[2], excesses[2]
                )
        if sweep >= first_vote:
            for y in range(height):
                for x in range(width):
                    votes[y // fine, x // fine, field[y, x]] += 1
