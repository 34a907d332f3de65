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

FEATURES = np.array([[19, 38, 7], [-4, -8, 12], [12, -10, -2]], np.float32) / 64
"""RGB -> luma and chroma as in JPEG, chroma times 6/16. JPEG's 4:2:0 spreads one pixel's chroma over its neighbours by
about [1 2 1]/4 in both directions, a kernel of energy (6/16)^2 = 0.14: this is what a squared chroma error counts."""

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

TEMPORARY = 1 << 14
"""Elements of a matrix: below 128 KB the allocator recycles memory, above it the kernel zeroes fresh pages."""


class RankTable:
    """What is worked out once for a palette, and once for each colour that turns up.

    Attributes
    ----------
    colors : ndarray of shape (k, 3), uint8
        Distinct colours of the palette sorted by luma; a colour's row is its rank.
    classes : ndarray of shape (k,) or (256,), uint8 or uint16
        The class of each rank, filled up to 256 for `cv2.LUT`. Of two classes with one colour it is the first.
    features : ndarray of shape (3, k), float32
        The colours' luma and chroma.
    quarters : ndarray of shape (3, k), int32
        The same in quarters of a level, to which they are rounded.
    codes : ndarray of shape (k,), uint32
        The colours as 0xRRGGBB.
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
        order = np.argsort(features_of(distinct)[0], kind="stable")
        few = len(distinct) <= NONE
        self.colors = distinct[order]
        self.features = features_of(self.colors)
        self.quarters = np.rint(4 * self.features).astype(np.int32)
        self.codes = pack(self.colors)
        classes = owner[first[order]].astype(dtype)
        self.classes = np.resize(classes, 256) if few else classes
        self.cells: NDArray[Any] = np.zeros(1 << 18, np.uint16 if few else np.uint32)
        self.structures = np.zeros(len(distinct) << 18 if few else 0, np.uint32)
        self._tolerance, self._soft = tolerance, soft
        self._held, self._held_twice = np.unique(cells_of(self.codes), return_counts=True)

    def nearest(self, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the rank `(...)` of the class nearest to each colour 0xRRGGBB, or to the middle of its cell."""
        self.fill(codes)
        rank = (self.cells.take(cells_of(codes)) >> 8).astype(np.uint32)
        order = np.argsort(self.codes)
        place = np.minimum(np.searchsorted(self.codes, codes, sorter=order), len(order) - 1)
        exact = order[place]
        return np.where(self.codes[exact] == codes, exact, rank).astype(np.uint32)

    def fill(self, codes: NDArray[np.uint32]) -> None:
        """Work out the cells of colours 0xRRGGBB that are not yet known."""
        cells = np.unique(cells_of(codes))
        for part in parts(cells[self.cells[cells] == 0], len(self.colors)):
            self.cells[part] = self._entries_of(part)

    def _entries_of(self, cells: NDArray[np.uint32]) -> NDArray[np.int64]:
        seen = middles_of(cells)
        rank, best, second = two_lowest(distances(self.features, features_of(seen)))
        near = ((seen.astype(np.int32) - self.colors[rank]) ** 2).sum(axis=1) <= self._tolerance**2
        near |= (best <= UNIT * DULL**2) & (CLEAR**2 * best <= second)
        soft = near | (best <= UNIT * self._soft)
        place = np.minimum(np.searchsorted(self._held, cells), len(self._held) - 1)
        holds = self._held[place] == cells
        holds &= (self._held_twice[place] > 1) | (cells_of(self.codes[rank]) != cells) | ~near
        return rank << 8 | holds * HOLDS | soft * SOFT | near * NEAR | KNOWN

    def fill_structures(self, at: NDArray[np.uint32]) -> None:
        """Work out the structures at places `ground << 18 | cell`."""
        for part in parts(np.unique(at), 4 * len(self.colors)):
            self.structures[part] = self._structures_of(part)

    def _structures_of(self, at: NDArray[np.uint32]) -> NDArray[np.int64]:
        """A structure's colour is ground + share * (its class - ground), with a share for luma and one for chroma."""
        ground = self.features[:, at >> 18]
        luma, blue, red = self.features[:, :, None] - ground[:, None]  # each (k, n)
        off_luma, off_blue, off_red = features_of(middles_of(at)) - ground
        share = (off_luma / np.where(luma == 0, 1, luma)).clip(LUMA_KEPT, 1)
        cost = (off_luma - share * luma) ** 2
        share = ((blue * off_blue + red * off_red) / np.maximum(blue**2 + red**2, 1)).clip(CHROMA_KEPT, 1)
        cost += (off_blue - share * blue) ** 2 + (off_red - share * red) ** 2

        rank, best, second = two_lowest(cost)
        clear = (best <= FIT**2) & (CLEAR**2 * best <= second)
        key = (UNIT * best).astype(np.int64) << 8 | rank
        return np.asarray(np.minimum(key, NEVER - 1) | 1 << 30 | clear.astype(np.int64) << 31)  # bit 30: worked out


def cells_of(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the cell of 4x4x4 colours, `0..2^18 - 1`, of each colour 0xRRGGBB."""
    return np.asarray(codes >> 2 & 0x3F | codes >> 4 & 0xFC0 | codes >> 6 & 0x3F000, np.uint32)


def middles_of(cells: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return the colours `(n, 3)` in the middle of cells `(n,)`."""
    corner = np.stack([cells >> 10 & 0xFC, cells >> 4 & 0xFC, cells << 2 & 0xFC], axis=1)
    return corner.astype(np.uint8) + np.uint8(2)


def parts(array: NDArray[Any], row: int) -> list[NDArray[Any]]:
    """Cut an array `(..., n)` so that matrices with `row` elements for each of its columns are small."""
    size = max(64, TEMPORARY // max(row, 1))
    return [array[..., i : i + size] for i in range(0, array.shape[-1], size)]


def features_of(colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the features `(3, n)` of colours `(n, 3)` uint8: luma and chroma, rounded to quarters of a level."""
    features = np.asarray(4 * FEATURES @ colors.T.astype(np.float32), np.float32)
    np.rint(features, out=features)
    features *= 0.25
    return features


def distances(features: NDArray[np.float32], seen: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the costs `(k, n)` of all classes `(3, k)` for the features seen `(3, n)`."""
    forms = np.vstack([-2 * features, (features**2).sum(axis=0), np.ones_like(features[0])]) * np.float32(UNIT)
    return (forms.T @ np.vstack([seen, np.ones_like(seen[0]), (seen**2).sum(axis=0)])).astype(np.int32)


def two_lowest(costs: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[Any]]:
    """Return the row of the lowest cost of each column, the cost, and the second lowest; overwrites the lowest."""
    row, column = costs.argmin(axis=0), np.arange(costs.shape[1])
    best = costs[row, column]
    costs[row, column] = NEVER
    return row, best, costs.min(axis=0)
