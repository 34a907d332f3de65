"""The three channels of an image with a margin around them, strip by strip, for compiled loops."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.pixels.strips import strips

STRIP_PIXELS = 1 << 18
"""Pixels that are worked on at a time, about: memory does not grow with the size of an image."""


class Planes:
    """Makes the planes of images, in memory of its own: fresh memory costs more than filling it."""

    def __init__(self) -> None:
        self._bordered, self._planes = np.empty((0, 0, 3), np.uint8), np.empty((3, 0, 0), np.uint8)

    def of(self, label: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the first row of each strip of an image `(H, W, 3)` and its planes.

        They are `(3, h + 2 MARGIN, w + 2 MARGIN)` and hold what lies around the strip, at the edges of the image its
        outermost pixels once more. The next strip overwrites them.
        """
        from kmseg.discovery.statistics_kernels import MARGIN

        height, width = label.shape[:2]
        for top, bottom in strips(height, width, STRIP_PIXELS):
            first, last = max(top - MARGIN, 0), min(bottom + MARGIN, height)
            shape = (bottom - top + 2 * MARGIN, width + 2 * MARGIN)
            if self._planes.shape[1:] != shape:
                self._bordered, self._planes = np.empty((*shape, 3), np.uint8), np.empty((3, *shape), np.uint8)
            sides = (MARGIN - (top - first), MARGIN - (last - bottom), MARGIN, MARGIN, cv2.BORDER_REPLICATE)
            cv2.copyMakeBorder(label[first:last], *sides, dst=self._bordered)
            cv2.split(self._bordered, list(self._planes))
            yield top, self._planes
