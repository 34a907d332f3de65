"""Luma and chroma features of colors, as JPEG weighs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LUMA, BLUE, RED = (19, 38, 7), (-4, -8, 12), (12, -10, -2)
"""The features, in 64ths of red, green and blue: luma and chroma as in JPEG, chroma times 6/16. JPEG's 4:2:0 spreads
one pixel's chroma over its neighbors by about [1 2 1]/4 in both directions, a kernel of energy (6/16)^2 = 0.14: this
is what a squared chroma error counts."""


def luma_chroma_quarters(colors: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return luma and chroma `(3, n)` of colors `(n, 3)` uint8, in quarters of a level."""
    return np.rint(np.array([LUMA, BLUE, RED], np.float32) / 16 @ colors.T.astype(np.float32)).astype(np.int32)
