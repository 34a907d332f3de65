"""One block of 64 coefficients, compiled: by how much it exceeds its bounds, and by how much after a change.

The *residual* of a block is the transform of what a labeling paints less the stored coefficients; what exceeds the half
quantization step is its *excess*, and the sum of squares is zero where the labeling is consistent with the file. A
pixel adds its value times its *wave*, the outer product of its row's and its column's vector. Blocks and waves are
vectors of 64 without gaps, so that the processor takes eight coefficients at a time: a change is tried in 10 ns,
against 110 ns with arrays of 8x8.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.jit import compiled_sums as compiled


@compiled
def compute_excess(residual: Any, allowed: Any) -> Any:
    """Return the squared excess of a block `(64,)`."""
    total = np.float32(0)
    for i in range(64):
        over = abs(residual[i]) - allowed[i]
        over = over if over > 0 else np.float32(0)
        total += over * over
    return total


@compiled
def excess_after(residual: Any, allowed: Any, wave: Any, value: Any) -> Any:
    """Return the squared excess of a block once `value` times a wave is added."""
    total = np.float32(0)
    for i in range(64):
        over = abs(residual[i] + value * wave[i]) - allowed[i]
        over = over if over > 0 else np.float32(0)
        total += over * over
    return total


@compiled
def excess_after_two(residual: Any, allowed: Any, wave: Any, other: Any, value: Any) -> Any:
    """Return the squared excess once `value` times one wave is added and times another taken away."""
    total = np.float32(0)
    for i in range(64):
        over = abs(residual[i] + value * (wave[i] - other[i])) - allowed[i]
        over = over if over > 0 else np.float32(0)
        total += over * over
    return total


@compiled
def add_wave(residual: Any, wave: Any, value: Any) -> None:
    """Add `value` times a wave to a block."""
    for i in range(64):
        residual[i] += value * wave[i]


@compiled
def next_random(generator: Any) -> Any:
    """Return 64 random bits of a xorshift generator (Marsaglia 2003), whose state is `generator[0]`."""
    x = generator[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    generator[0] = x
    return x
