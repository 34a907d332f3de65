"""What a labeling looks like inside a JPEG file: the chroma samples and the cosine transform of libjpeg."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Samples a side of a block of the cosine transform (ITU-T T.81)."""


CHANCES = -np.log((np.arange(1024, dtype=np.float32) + np.float32(0.5)) / 1024)
"""Less the logarithms of even shares of 1: what a change may cost, in temperatures, as often as its chance."""


def cosines() -> NDArray[np.float64]:
    """Return the orthonormal cosine transform of 8 samples, `(8, 8)`: sample by frequency."""
    scale = np.array([np.sqrt(1 / 8)] + [np.sqrt(2 / 8)] * 7)
    at = np.arange(BLOCK)
    return scale[None] * np.cos((2 * at[:, None] + 1) * at[None] * np.pi / 16)


def axis(pixels: int, factor: int, rows: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what each pixel of one axis adds to the frequencies of its luma and of its chroma block, `(pixels, 8)`.

    A pixel's part in a block is the outer product of its row's and its column's vectors. `factor` pixels make one
    sample of chroma. At the right edge libjpeg repeats the last pixel, at the bottom the last row of samples.
    """
    transform = cosines()
    luma, chroma = np.zeros((2, pixels, BLOCK))
    for at in range(-(-pixels // BLOCK) * BLOCK):
        luma[min(at, pixels - 1)] += transform[at % BLOCK]
    samples = -(-pixels // factor)
    for at in range(-(-pixels // (BLOCK * factor)) * BLOCK * factor):
        source = (samples - 1) * factor + at % factor if rows and at // factor >= samples else at
        chroma[min(source, pixels - 1)] += transform[at // factor % BLOCK] / factor
    return luma.astype(np.float32), chroma.astype(np.float32)


@lru_cache(maxsize=16)
def unit_waves(height: int, width: int, factors: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what each pixel of an MCU adds to the 64 coefficients of its luma and of its chroma block.

    Two arrays `(2, 2, rows, columns, 64)`: MCUs above and in the last row, left of and in the last column, where less
    than a whole MCU of pixels may be left.
    """
    rows, columns = _axis_kinds(height, factors[0], True), _axis_kinds(width, factors[1], False)
    outer = [np.einsum("ayu,bxv->abyxuv", rows[part], columns[part]) for part in (0, 1)]
    luma, chroma = (np.ascontiguousarray(part.reshape(*part.shape[:4], 64), np.float32) for part in outer)
    return luma, chroma


def _axis_kinds(pixels: int, factor: int, rows: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the vectors of the pixels of a whole MCU and of the last one, `(2, pixels, 8)`, of luma and of chroma."""
    side = BLOCK * factor
    left = pixels - (-(-pixels // side) - 1) * side
    whole, last = axis(side, factor, rows), axis(left, factor, rows)
    luma, chroma = (np.stack([a, np.pad(b, ((0, side - left), (0, 0)))]) for a, b in zip(whole, last, strict=True))
    return luma, chroma
