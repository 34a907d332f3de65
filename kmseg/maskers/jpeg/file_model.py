"""What a labeling looks like inside a JPEG file: the colors, the chroma samples and the cosine transform of libjpeg."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Samples a side of a block of the cosine transform (ITU-T T.81)."""


def to_ycbcr(colors: NDArray[Any]) -> NDArray[np.float32]:
    """Return luma, blue and red `(3, k)`, less 128, of colors `(k, 3)`, in libjpeg's 16-bit fixed point.

    Luma is rounded half up, blue and red half down; one level off would make every flat block of a color inconsistent.

    Examples
    --------
    >>> to_ycbcr(np.array([[250, 170, 30]])).ravel().tolist()
    [50.0, -83.0, 51.0]
    """
    red, green, blue = np.asarray(colors, np.int64).T

    def fixed(share: float) -> int:
        return int(share * 65536 + 0.5)

    half_down = (128 << 16) + 32767
    luma = (fixed(0.299) * red + fixed(0.587) * green + fixed(0.114) * blue + 32768) >> 16
    to_blue = (-fixed(0.168735892) * red - fixed(0.331264108) * green + fixed(0.5) * blue + half_down) >> 16
    to_red = (fixed(0.5) * red - fixed(0.418687589) * green - fixed(0.081312411) * blue + half_down) >> 16
    return (np.stack([luma, to_blue, to_red]) - 128).astype(np.float32)


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
