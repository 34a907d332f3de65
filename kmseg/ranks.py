"""The colours of a palette by luma, and what is worked out once for every colour that turns up.

A class is known here by its rank: the place of its colour in the palette sorted by luma. A cost is a whole number of
1/16 squared level of luma, so the order of summation, hence the tile and the BLAS, cannot change it. A key is
cost << 8 | rank: the minimum of keys gives the lowest cost and whose it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.histogram import pack

LUMA, BLUE, RED = (19, 38, 7), (-4, -8, 12), (12, -10, -2)
"""The features, in 64ths of red, green and blue: luma and chroma as in JPEG, chroma times 6/16. JPEG's 4:2:0 spreads
one pixel's chroma over its neighbours by about [1 2 1]/4 in both directions, a kernel of energy (6/16)^2 = 0.14: this
is what a squared chroma error counts."""

UNIT = 16
"""Costs are in 1/16: a square of quarters, to which features are rounded."""

NEVER = 1 << 30
"""A key above that of any cost."""

NONE = 255
"""No class, in a plane of ranks; so 255 colours have ranks of 8 bits."""

KNOWN, EXACT, NEAR, SOFT, HOLDS = 1, 2, 4, 8, 16
"""Flags of an entry: worked out; exactly a palette's colour; near its class; no dearer than a class from elsewhere.
HOLDS, of a cell: it holds palette colours to which its own entry does not apply."""

DULL = 12
"""A pole keeps its luma, not its chroma: within so many levels of luma a colour is near its class, too ..."""

CLEAR = 2
"""... if the class is so many times nearer than any other."""

CHROMA_KEPT = 0.375
"""Share of its chroma that a one-pixel line keeps in 4:2:0: half of a pair, 3/4 of which comes back."""

LUMA_KEPT = 0.85
"""Share of its luma that a thin structure must keep when resized, to tell which class it is."""

FIT = 6
"""Levels within which a thin structure fits a class so well as to be evidence for it."""

BLOCK, BLOCKS = 8, 2
"""Evidence of a class is gathered in blocks of 8x8 pixels, up to two blocks away."""


class RankTable:
    """What is worked out once for a palette, and once for each colour that turns up.

    Attributes
    ----------
    colors : ndarray of shape (k, 3), uint8
        Distinct colours of the palette sorted by luma; a colour's row is its rank.
    classes : ndarray of shape (k,) or (256,), uint8 or uint16
        The class of each rank, filled up to 256 for `cv2.LUT`. Of two classes with one colour it is the first.
    quarters : ndarray of shape (3, k), int32
        The colours' luma and chroma in quarters of a level, to which they are rounded.
    codes : ndarray of shape (k,), uint32
        The colours as 0xRRGGBB.
    tolerance : float
        RGB distance within which a colour is near its class.
    soft : float
        Cost, in squared levels, up to which it is no dearer than a class from elsewhere.
    cells : ndarray of shape (2^18,), uint16 or uint32
        The entry of each cell of 4x4x4 colours: rank of the nearest class << 8 | flags; 0 if not worked out yet.
    structures : ndarray of shape (k << 18,), uint32
        By ground and cell, the key of a colour as a thin structure, with bit 30 set, and bit 31 if it is clear; 0 if
        not worked out yet. 1 MB a class, which the system hands out only where it is written.
    """

    def __init__(
        self,
        colors: NDArray[np.uint8],
        owner: NDArray[np.integer],
        dtype: type[np.uint8] | type[np.uint16],
        tolerance: float,
        soft: float,
    ) -> None:
        distinct, first = np.unique(colors, axis=0, return_index=True)
        order = np.argsort(quarters_of(distinct)[0], kind="stable")
        few = len(distinct) <= NONE
        self.colors = distinct[order]
        self.quarters = quarters_of(self.colors)
        self.codes = pack(self.colors)
        classes = owner[first[order]].astype(dtype)
        self.classes = np.resize(classes, 256) if few else classes
        self.cells: NDArray[Any] = np.zeros(1 << 18, np.uint16 if few else np.uint32)
        self.structures = np.zeros(len(distinct) << 18 if few else 0, np.uint32)
        self.tolerance, self.soft = float(tolerance), float(soft)

    def set_exact(self, codes: NDArray[np.uint32], ranks: NDArray[np.uint32]) -> None:
        """Correct the `ranks` of those colours 0xRRGGBB, of any shape, that are exactly one of the palette."""
        order = np.argsort(self.codes)
        place = np.minimum(np.searchsorted(self.codes, codes, sorter=order), len(order) - 1)
        exact = order[place]
        np.copyto(ranks, exact.astype(np.uint32), where=self.codes[exact] == codes)


def quarters_of(colors: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return luma and chroma `(3, n)` of colours `(n, 3)` uint8, in quarters of a level."""
    return np.rint(np.array([LUMA, BLUE, RED], np.float32) / 16 @ colors.T.astype(np.float32)).astype(np.int32)
