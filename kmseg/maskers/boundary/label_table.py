"""The colors of a palette by luma, and what is worked out once for every color that turns up.

A class is known here by its label: the place of its color in the palette sorted by luma. A cost is a whole number of
1/16 squared level of luma, so the order of summation, hence the tile and the BLAS, cannot change it. A packed cost is
cost << 8 | label: the minimum of packed costs gives the lowest cost and whose it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.pixels.luma_chroma import luma_chroma_quarters
from kmseg.pixels.packing import pack

UNIT = 16
"""Costs are in 1/16: a square of quarters, to which features are rounded."""

INFINITE_COST = 1 << 30
"""A packed cost above that of any cost."""

NO_LABEL = 255
"""No class, in a plane of labels; so 255 colors have labels of 8 bits."""

COMPUTED, EXACT, NEAR, PLAUSIBLE, HAS_EXACT_COLORS, TIGHT = 1, 2, 4, 8, 16, 32
"""Flags of an entry: worked out; exactly a palette's color; near its class; no dearer than a class from remote penalty;
tightly near its class. HAS_EXACT_COLORS, of a cell: it holds palette colors to which its own entry does not apply."""

TIGHT_TOLERANCE = 4.5
"""Levels within which the middle of a color's cell is tightly near a class: 2.5 for the color, 2 for the cell."""

LUMA_ONLY_TOLERANCE = 12
"""A pole keeps its luma, not its chroma: within so many levels of luma a color is near its class, too ..."""

MIN_RATIO_TO_SECOND = 2
"""... if the class is so many times nearer than any other."""


THIN_FIT_TOLERANCE = 6
"""Levels within which a thin structure fits a class so well as to be evidence for it."""

BLOCK, BLOCKS = 8, 2
"""Evidence of a class is gathered in blocks of 8x8 pixels, up to two blocks away."""


class LabelTable:
    """What is worked out once for a palette, and once for each color that turns up.

    Attributes
    ----------
    colors : ndarray of shape (k, 3), uint8
        Distinct colors of the palette sorted by luma; a color's row is its label.
    classes : ndarray of shape (k,) or (256,), uint8 or uint16
        The class of each label, filled up to 256 for `cv2.LUT`. Of two classes with one color it is the first.
    quarters : ndarray of shape (3, k), int32
        The colors' luma and chroma in quarters of a level, to which they are rounded.
    codes : ndarray of shape (k,), uint32
        The colors as 0xRRGGBB.
    tolerance : float
        RGB distance within which a color is near its class.
    soft : float
        Cost, in squared levels, up to which it is no dearer than a class from remote penalty.
    cells : ndarray of shape (2^18,), uint16 or uint32
        The entry of each cell of 4x4x4 colors: label of the nearest class << 8 | flags; 0 if not worked out yet.
    structures : ndarray of shape (k << 18,), uint32
        By background and cell, the packed cost of a color as a thin structure, with bit 30 set, and bit 31 if it is
        clear; 0 if not computed yet. 1 MB a class, which the system hands out only where it is written.
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
        order = np.argsort(luma_chroma_quarters(distinct)[0], kind="stable")
        few = len(distinct) <= NO_LABEL
        self.colors = distinct[order]
        self.quarters = luma_chroma_quarters(self.colors)
        self.codes = pack(self.colors)
        classes = owner[first[order]].astype(dtype)
        self.classes = np.resize(classes, 256) if few else classes
        self.cells: NDArray[Any] = np.zeros(1 << 18, np.uint16 if few else np.uint32)
        self.structures = np.zeros(len(distinct) << 18 if few else 0, np.uint32)
        self.tolerance, self.soft = float(tolerance), float(soft)

    def set_exact(self, codes: NDArray[np.uint32], labels: NDArray[np.uint32]) -> None:
        """Correct the `labels` of those colors 0xRRGGBB, of any shape, that are exactly one of the palette."""
        order = np.argsort(self.codes)
        place = np.minimum(np.searchsorted(self.codes, codes, sorter=order), len(order) - 1)
        exact = order[place]
        np.copyto(labels, exact.astype(np.uint32), where=self.codes[exact] == codes)
