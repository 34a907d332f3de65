"""One image's half of finding the legend: its distinct colours, each with what speaks for it and against it.

Resizing and compression put false colours into a label image. A *mixture* is a pixel on the way from one region to the
next: it is rarely flat, and where it is (a slow ramp) its colour lies between those of the pixels a few steps away on
opposite sides. A thin pole is between nothing, since both its sides are alike. A *tinted copy* is a thin object into
which the colour of its surroundings has leaked: it is nowhere solid. So each colour is counted by flat, solid and
between; `kmseg.finding.candidates` judges.

A small object in a compressed image may have no flat pixel at all. It speaks by its *cores*: pixels whose colour
stands out from all that is around the object, so that no mixture of these can be it. A pole is not small: it reaches
the surroundings it would have to stand out from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.histogram import unpack

FLAT_PIXELS, SOLID, BETWEEN, ALL, ALL_FLAT, ALL_BETWEEN, IMAGES, CORES, CORE_IMAGES = range(9)
"""Columns of `Census.counts`. The first three count flat pixels; the next three all pixels of images of few colours.
The last two count the cores of small objects, at the median colour of each kind in an image, in all other images."""

CELL = 16
"""Levels of a cell of coarse colours."""

CELLS = 256 // CELL
"""Cells a channel."""

STRIP_PIXELS = 1 << 18
"""Pixels that are worked on at a time, about: memory does not grow with the size of an image."""


@dataclass(frozen=True, eq=False)
class Census:
    """Distinct colours with their evidence; two of them add up, whatever the order.

    Attributes
    ----------
    codes : ndarray of shape (n,), uint32
        Distinct colours as 0xRRGGBB, ascending.
    counts : ndarray of shape (n, 9), int64
        Per colour: flat pixels (3x3), of these solid ones (flat in 5x5), of these ones between two other colours; in
        images of at most 256 colours: all pixels, flat ones, ones between two other colours; images; in images of more
        colours: cores of small objects of this median colour, images that hold such objects.
    cells : ndarray of shape (2, 4096), int64
        All pixels, and flat ones, of every fourth row by coarse colour: how flat a colour's surroundings are.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.int64]
    cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, CELLS**3), np.int64))

    @staticmethod
    def of(label: NDArray[np.uint8]) -> Census:
        """Take the census of one label image `(H, W, 3)` uint8: of its flat pixels, of all where it has few colours."""
        return Census.of_all([label])

    @staticmethod
    def of_all(labels: Iterable[NDArray[np.uint8]]) -> Census:
        """Take the census of any number of label images, one at a time."""
        from kmseg.counting import MOST

        parts, counting = [], _Counting()
        for label in labels:
            if counting.pixels + label.size > MOST:
                parts.append(counting.census())
                counting = _Counting()
            counting.add(label)
        return Census.merge([*parts, counting.census()])

    @staticmethod
    def merge(parts: Iterable[Census]) -> Census:
        """Add up any number of censuses."""
        held = list(parts)
        if len(held) < 2:
            return held[0] if held else Census(np.zeros(0, np.uint32), np.zeros((0, 9), np.int64))
        codes, row = np.unique(np.concatenate([part.codes for part in held]), return_inverse=True)
        stacked = np.concatenate([part.counts for part in held])
        counts = np.stack([np.bincount(row, column, len(codes)) for column in stacked.T], axis=1).astype(np.int64)
        return Census(codes, counts, np.sum([part.cells for part in held], axis=0))

    def flat_share(self, color: Sequence[int]) -> float:
        """Return the share of flat pixels among those within 8 to 24 levels of a colour; 0 where there are none."""
        half = CELL // 2
        near = tuple(slice(max(level - half, 0) // CELL, (level + half) // CELL + 1) for level in color)
        every, flat = (int(cells.reshape(CELLS, CELLS, CELLS)[near].sum()) for cells in self.cells)
        return flat / max(every, 1)

    @property
    def colors(self) -> NDArray[np.uint8]:
        """The distinct colours, `(n, 3)` uint8 RGB."""
        return unpack(self.codes)

    @property
    def weights(self) -> NDArray[np.int64]:
        """The pixels `(n,)` that speak for a colour: all of images of few colours, else flat ones but mixtures."""
        lossy = self.counts[:, FLAT_PIXELS] - self.counts[:, ALL_FLAT] - self.counts[:, BETWEEN]
        return np.asarray(np.where(self.counts[:, ALL] > 0, self.counts[:, ALL], lossy))

    @property
    def pixels(self) -> int:
        """The number of pixels counted: flat ones, and all of images of few colours."""
        return int(np.where(self.counts[:, ALL] > 0, self.counts[:, ALL], self.counts[:, FLAT_PIXELS]).sum())


class _Counting:
    """The tables of one pass over images: of those with many colours, and of those with few."""

    def __init__(self) -> None:
        from kmseg.counting import empty_table
        from kmseg.finding.evidence import COLUMNS

        self._tables = [empty_table(COLUMNS), empty_table(COLUMNS)]
        self._sizes = [0, 0]
        self._cells = np.zeros((2, CELLS**3), np.int64)
        self._images = 0
        self.pixels = 0
        self._bordered, self._planes = np.empty((0, 0, 3), np.uint8), np.empty((3, 0, 0), np.uint8)

    def add(self, label: NDArray[np.uint8]) -> None:
        """Count one label image `(H, W, 3)` uint8, strip by strip."""
        from kmseg.counting import empty_table
        from kmseg.finding.evidence import FEW, count_pixels, few_colors
        from kmseg.finding.objects import count_objects

        self._images += 1
        self.pixels += label.size
        strips = list(_strips(*label.shape[:2]))
        seen, colors = empty_table(1), 0
        for strip in strips:
            planes = self._planes_of(label, *strip)
            colors = few_colors(planes, seen, colors)
            if colors > FEW:
                break
        few = colors <= FEW
        table, size, cores = self._tables[few], self._sizes[few], []
        for strip in strips:
            if len(strips) > 1:
                planes = self._planes_of(label, *strip)
            table, size, found = count_pixels(planes, few, self._images, strip[0], table, size, self._cells)
            cores.append(found)
        table, size = count_objects(np.concatenate(cores), table, size)
        self._tables[few], self._sizes[few] = table, size

    def census(self) -> Census:
        """Return what was counted."""
        from kmseg.counting import rows_of
        from kmseg.finding import evidence

        cells = np.cumsum(self._cells[::-1], axis=0)[::-1]  # all, of which flat
        parts = []
        for few, table in enumerate(self._tables):
            codes, rows = rows_of(table)
            solid, flat, between, other, other_between = rows[:, evidence.KINDS : evidence.KINDS + 5].T
            counts = np.zeros((len(codes), 9), np.int64)
            counts[:, FLAT_PIXELS] = solid + flat + between
            counts[:, SOLID], counts[:, BETWEEN], counts[:, IMAGES] = solid, between, rows[:, evidence.IMAGES]
            if few:
                counts[:, ALL] = solid + flat + between + other + other_between
                counts[:, ALL_FLAT], counts[:, ALL_BETWEEN] = counts[:, FLAT_PIXELS], between + other_between
            else:
                counts[:, CORES], counts[:, CORE_IMAGES] = rows[:, evidence.CORES], rows[:, evidence.CORE_IMAGES]
            parts.append(Census(codes, counts))
        seen = [part for part in parts if len(part.codes)]
        return replace(Census.merge(seen), cells=cells)

    def _planes_of(self, label: NDArray[np.uint8], top: int, bottom: int) -> NDArray[np.uint8]:
        """Return red, green and blue of some rows with what is around them; the next call overwrites them."""
        from kmseg.finding.evidence import MARGIN

        first, last = max(top - MARGIN, 0), min(bottom + MARGIN, len(label))
        shape = (bottom - top + 2 * MARGIN, label.shape[1] + 2 * MARGIN)
        if self._planes.shape[1:] != shape:  # fresh memory costs more than filling it
            self._bordered, self._planes = np.empty((*shape, 3), np.uint8), np.empty((3, *shape), np.uint8)
        above, below = MARGIN - (top - first), MARGIN - (last - bottom)
        sides = (above, below, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
        cv2.copyMakeBorder(label[first:last], *sides, dst=self._bordered)
        cv2.split(self._bordered, list(self._planes))
        return self._planes


def _strips(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the first row and the last one plus one of strips of an image."""
    rows = max(STRIP_PIXELS // width, 64)
    return ((top, min(top + rows, height)) for top in range(0, height, rows))
