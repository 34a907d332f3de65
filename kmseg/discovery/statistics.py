"""One image's half of finding the legend: its distinct colors, each with what speaks for it and against it.

Resizing and compression put false colors into a label image. A *mixture* is a pixel on the way from one region to the
next: it is rarely flat, and where it is (a slow ramp) its color lies mixed those of the pixels a few steps away on
opposite sides. A thin pole is mixed nothing, since both its sides are alike. A *tinted copy* is a thin object into
which the color of its surroundings has leaked: it is nowhere solid. So each color is counted by flat, solid and
mixed; `kmseg.discovery.candidates` evaluates.

A small object in a compressed image may have no flat pixel at all. It speaks by its *cores*: pixels whose color
stands out from all that is around the object, so that no mixture of these can be it. A pole is not small: it reaches
the surroundings it would have to stand out from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.images import LabelImage
from kmseg.pixels.packing import unpack

FLAT_PIXELS, SOLID, BETWEEN, ALL, ALL_FLAT, ALL_BETWEEN, IMAGES, CORES, CORE_IMAGES = range(9)
"""Columns of `ColorStatistics.counts`. The first three count flat pixels; the next three all pixels of images of
few colors. The last two count the cores of small objects, at the median color of each kind in an image, in all other
images."""

CELL = 16
"""Levels of a cell of coarse colors."""

CELLS = 256 // CELL
"""Cells a channel."""

STRIP_PIXELS = 1 << 18
"""Pixels that are worked on at a time, about: memory does not grow with the size of an image."""


@dataclass(frozen=True, eq=False)
class ColorStatistics:
    """Distinct colors with their evidence; two of them add up, whatever the order.

    Attributes
    ----------
    codes : ndarray of shape (n,), uint32
        Distinct colors as 0xRRGGBB, ascending.
    counts : ndarray of shape (n, 9), int64
        Per color: flat pixels (3x3), of these solid ones (flat in 5x5), of these ones between two other colors; in
        images of at most 256 colors: all pixels, flat ones, ones between two other colors; images; in images of more
        colors: cores of small objects of this median color, images that hold such objects.
    cells : ndarray of shape (2, 4096), int64
        All pixels, and flat ones, of every fourth row by coarse color: how flat a color's surroundings are.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.int64]
    cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, CELLS**3), np.int64))

    @staticmethod
    def of(label: LabelImage | NDArray[np.uint8]) -> ColorStatistics:
        """Count one label image, or pixels `(H, W, 3)` uint8: its flat pixels, or all pixels if it has few colors."""
        return ColorStatistics.of_all([label])

    @staticmethod
    def of_all(labels: Iterable[LabelImage | NDArray[np.uint8]]) -> ColorStatistics:
        """Take the statistics of any number of label images, one at a time."""
        from kmseg.pixels.hash_table import MAX_PIXELS_PER_TABLE

        parts, counting = [], _Counting()
        for label in map(np.asarray, labels):
            if counting.pixels + label.size > MAX_PIXELS_PER_TABLE:
                parts.append(counting.statistics())
                counting = _Counting()
            counting.add(label)
        return ColorStatistics.merge([*parts, counting.statistics()])

    @staticmethod
    def merge(parts: Iterable[ColorStatistics]) -> ColorStatistics:
        """Add up any number of statistics."""
        held = list(parts)
        if len(held) < 2:
            return held[0] if held else ColorStatistics(np.zeros(0, np.uint32), np.zeros((0, 9), np.int64))
        codes, row = np.unique(np.concatenate([part.codes for part in held]), return_inverse=True)
        stacked = np.concatenate([part.counts for part in held])
        counts = np.stack([np.bincount(row, column, len(codes)) for column in stacked.T], axis=1).astype(np.int64)
        return ColorStatistics(codes, counts, np.sum([part.cells for part in held], axis=0))

    def flat_share(self, color: Sequence[int]) -> float:
        """Return the share of flat pixels among those within 8 to 24 levels of a color; 0 where there are none."""
        half = CELL // 2
        near = tuple(slice(max(level - half, 0) // CELL, (level + half) // CELL + 1) for level in color)
        every, flat = (int(cells.reshape(CELLS, CELLS, CELLS)[near].sum()) for cells in self.cells)
        return flat / max(every, 1)

    @property
    def colors(self) -> NDArray[np.uint8]:
        """The distinct colors, `(n, 3)` uint8 RGB."""
        return unpack(self.codes)

    @property
    def weights(self) -> NDArray[np.int64]:
        """The pixels `(n,)` that speak for a color: all of images of few colors, else flat ones but mixtures."""
        lossy = self.counts[:, FLAT_PIXELS] - self.counts[:, ALL_FLAT] - self.counts[:, BETWEEN]
        return np.asarray(np.where(self.counts[:, ALL] > 0, self.counts[:, ALL], lossy))

    @property
    def pixels(self) -> int:
        """The number of pixels counted: flat ones, and all of images of few colors."""
        return int(np.where(self.counts[:, ALL] > 0, self.counts[:, ALL], self.counts[:, FLAT_PIXELS]).sum())


class _Counting:
    """The tables of one pass over images: of those with many colors, and of those with few."""

    def __init__(self) -> None:
        from kmseg.discovery.statistics_kernels import COLUMNS
        from kmseg.pixels.hash_table import empty_table

        self._tables = [empty_table(COLUMNS), empty_table(COLUMNS)]
        self._sizes = [0, 0]
        self._cells = np.zeros((2, CELLS**3), np.int64)
        self._images = 0
        self.pixels = 0
        self._bordered, self._planes = np.empty((0, 0, 3), np.uint8), np.empty((3, 0, 0), np.uint8)

    def add(self, label: NDArray[np.uint8]) -> None:
        """Count one label image `(H, W, 3)` uint8, strip by strip."""
        from kmseg.discovery.object_kernels import count_objects
        from kmseg.discovery.statistics_kernels import FEW, count_pixels, few_colors
        from kmseg.pixels.hash_table import empty_table

        self._images += 1
        self.pixels += label.size
        strips = list(_strips(*label.shape[:2]))
        seen, colors = empty_table(1), 0
        for strip in strips:
            planes = self._make_planes(label, *strip)
            colors = few_colors(planes, seen, colors)
            if colors > FEW:
                break
        few = colors <= FEW
        table, size, cores = self._tables[few], self._sizes[few], []
        for strip in strips:
            if len(strips) > 1:
                planes = self._make_planes(label, *strip)
            table, size, found = count_pixels(planes, few, self._images, strip[0], table, size, self._cells)
            cores.append(found)
        table, size = count_objects(np.concatenate(cores), table, size)
        self._tables[few], self._sizes[few] = table, size

    def statistics(self) -> ColorStatistics:
        """Return what was counted."""
        from kmseg.discovery import statistics_kernels as kernels
        from kmseg.pixels.hash_table import table_rows

        cells = np.cumsum(self._cells[::-1], axis=0)[::-1]  # all, of which flat
        parts = []
        for few, table in enumerate(self._tables):
            codes, rows = table_rows(table)
            solid, flat, is_mixed, other, other_between = rows[:, kernels.KINDS : kernels.KINDS + 5].T
            counts = np.zeros((len(codes), 9), np.int64)
            counts[:, FLAT_PIXELS] = solid + flat + is_mixed
            counts[:, SOLID], counts[:, BETWEEN], counts[:, IMAGES] = solid, is_mixed, rows[:, kernels.IMAGES]
            if few:
                counts[:, ALL] = solid + flat + is_mixed + other + other_between
                counts[:, ALL_FLAT], counts[:, ALL_BETWEEN] = counts[:, FLAT_PIXELS], is_mixed + other_between
            else:
                counts[:, CORES], counts[:, CORE_IMAGES] = rows[:, kernels.CORES], rows[:, kernels.CORE_IMAGES]
            parts.append(ColorStatistics(codes, counts))
        seen = [part for part in parts if len(part.codes)]
        return replace(ColorStatistics.merge(seen), cells=cells)

    def _make_planes(self, label: NDArray[np.uint8], top: int, bottom: int) -> NDArray[np.uint8]:
        """Return red, green and blue of some rows with what is around them; the next call overwrites them."""
        from kmseg.discovery.statistics_kernels import MARGIN

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
