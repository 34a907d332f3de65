"""Large images in strips, so that what is worked out on the way stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRIP_PIXELS = 1 << 19
"""Pixels of a strip, about: its intermediate planes then stay within tens of megabytes, and mostly in the cache."""

ALIGNED = 8
"""Strips start at multiples of so many rows: JPEG's blocks, and those in which the boundary masker gathers evidence."""


def strips(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last row plus one of consecutive strips of an image."""
    rows = max(STRIP_PIXELS // max(width, 1) // ALIGNED, 8) * ALIGNED
    if height <= 2 * rows:
        yield 0, height
        return
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def by_strips(
    mask: Callable[[NDArray[np.uint8]], NDArray[Any]], halo: int, dtype: type[np.uint8] | type[np.uint16]
) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """Return `mask` done strip by strip on large images, with the same result as on the whole.

    `halo` is the number of rows, a multiple of 8, at a strip's cut edges that may differ from the whole.
    """

    def masked(label: NDArray[np.uint8]) -> NDArray[Any]:
        height, width = label.shape[:2]
        cuts = list(strips(height, width))
        if len(cuts) == 1:
            return mask(label)
        whole = np.empty((height, width), dtype)
        for top, bottom in cuts:
            start = max(top - halo, 0)
            part = mask(label[start : min(bottom + halo, height)])
            whole[top:bottom] = part[top - start : bottom - start]
        return whole

    return masked
