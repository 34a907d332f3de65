"""What a labeling looks like inside a JPEG file: the chroma samples and the cosine transform of libjpeg."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Samples a side of a block of the cosine transform (ITU-T T.81)."""


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
