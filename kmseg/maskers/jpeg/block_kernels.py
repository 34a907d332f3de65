"""One 8x8 block of coefficients, compiled: by how much it exceeds its bounds, and by how much after a change.

The *residual* of a block is the transform of what a labeling paints less the stored coefficients; what exceeds the half
quantization step is its *excess*, and the sum of squares is zero where the labeling is consistent with the file. It is
convex in the residual, so its slope gives a lower bound of what a change costs: most changes are refused by a few
multiplications, and only the others are computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.jit import compiled_sums as compiled


@compiled
def compute_excess(residual: Any, allowed: Any) -> Any:
    """Return the squared excess of a block `(8, 8)`."""
    total = np.float32(0)
    for u in range(8):
        for v in range(8):
            over = max(abs(residual[u, v]) - allowed[u, v], np.float32(0))
            total += over * over
    return total


@compiled
def excess_after(residual: Any, allowed: Any, rows: Any, columns: Any, value: Any) -> Any:
    """Return the squared excess of a block once `value` times an outer product is added."""
    total = np.float32(0)
    for u in range(8):
        scaled = value * rows[u]
        for v in range(8):
            over = max(abs(residual[u, v] + scaled * columns[v]) - allowed[u, v], np.float32(0))
            total += over * over
    return total


@compiled
def excess_after_two(
    residual: Any, allowed: Any, rows: Any, columns: Any, rows2: Any, columns2: Any, value: Any
) -> Any:
    """Return the squared excess once `value` times one outer product is added and times another taken away."""
    total = np.float32(0)
    for u in range(8):
        plus, minus = value * rows[u], value * rows2[u]
        for v in range(8):
            changed = residual[u, v] + plus * columns[v] - minus * columns2[v]
            over = max(abs(changed) - allowed[u, v], np.float32(0))
            total += over * over
    return total


@compiled
def add_outer(residual: Any, rows: Any, columns: Any, value: Any) -> None:
    """Add `value` times the outer product of two vectors of 8 to a block."""
    for u in range(8):
        scaled = value * rows[u]
        for v in range(8):
            residual[u, v] += scaled * columns[v]


@compiled
def write_slope(residual: Any, allowed: Any, basis: Any, slope: Any) -> None:
    """Write the slope of the squared excess by the value of each sample: the inverse transform of twice the excess.

    `basis` `(8, 8)` is frequency by sample.
    """
    for y in range(8):
        for x in range(8):
            slope[y, x] = 0
    for u in range(8):
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = np.float32(0)
        row = False
        for v in range(8):
            over = max(abs(residual[u, v]) - allowed[u, v], np.float32(0))
            if over > 0:
                row = True
                over = np.float32(2) * (over if residual[u, v] > 0 else -over)
                s0 += over * basis[v, 0]
                s1 += over * basis[v, 1]
                s2 += over * basis[v, 2]
                s3 += over * basis[v, 3]
                s4 += over * basis[v, 4]
                s5 += over * basis[v, 5]
                s6 += over * basis[v, 6]
                s7 += over * basis[v, 7]
        if row:
            for y in range(8):
                weight = basis[u, y]
                slope[y, 0] += weight * s0
                slope[y, 1] += weight * s1
                slope[y, 2] += weight * s2
                slope[y, 3] += weight * s3
                slope[y, 4] += weight * s4
                slope[y, 5] += weight * s5
                slope[y, 6] += weight * s6
                slope[y, 7] += weight * s7
