"""The distinct colors of label images with their counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kmseg.pixels.packing import pack, unpack
from kmseg.pixels.strips import strips

STRIP_PIXELS = 1 << 18
"""Approximate number of pixels counted at a time, so that memory does not grow with image size."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Distinct colors with their counts.

    Attributes
    ----------
    codes : ndarray of shape (n,), uint32
        Distinct colors as 0xRRGGBB, ascending.
    counts : ndarray of shape (n,), int64
        Pixels of each color.

    Examples
    --------
    >>> red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    >>> both = Histogram.of(red) + Histogram.of(red)
    >>> both.colors.tolist(), both.counts.tolist()
    ([[255, 0, 0]], [8])
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.int64]

    @staticmethod
    def empty() -> Histogram:
        """Return the histogram of no pixels."""
        return Histogram(np.zeros(0, np.uint32), np.zeros(0, np.int64))

    @staticmethod
    def of(label: ArrayLike) -> Histogram:
        """Count the colors of one label image, or of pixels `(..., 3)` uint8."""
        return Histogram.of_all([label])

    @staticmethod
    def of_all(labels: Iterable[ArrayLike]) -> Histogram:
        """Count the colors of any number of label images, one at a time."""
        from kmseg.pixels.hash_table import MAX_PIXELS_PER_TABLE, add_colors, empty_table, table_rows

        parts, table, size, pixels = [], empty_table(2), 0, 0
        for label in labels:
            image = np.asarray(label)
            for top, bottom in strips(len(image), image[:1].size // 3, STRIP_PIXELS):
                strip = image[top:bottom]
                if pixels + strip.size > MAX_PIXELS_PER_TABLE:
                    parts.append(table_rows(table))
                    table, size, pixels = empty_table(2), 0, 0
                table, size = add_colors(pack(strip).ravel(), table, size)
                pixels += strip.size
        parts.append(table_rows(table))
        return Histogram.merge(Histogram(codes, rows[:, 1]) for codes, rows in parts)

    @staticmethod
    def merge(parts: Iterable[Histogram]) -> Histogram:
        """Add up any number of histograms."""
        nonempty = [part for part in parts if len(part.codes)]
        if len(nonempty) < 2:
            return nonempty[0] if nonempty else Histogram.empty()
        codes, place = np.unique(np.concatenate([part.codes for part in nonempty]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([part.counts for part in nonempty]), len(codes))
        return Histogram(codes, counts.astype(np.int64))

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram.merge([self, other])

    @property
    def colors(self) -> NDArray[np.uint8]:
        """The distinct colors, `(n, 3)` uint8 RGB."""
        return unpack(self.codes)

    @property
    def pixels(self) -> int:
        """The number of pixels counted."""
        return int(self.counts.sum())
