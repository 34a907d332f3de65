"""Process large images in strips, to limit the size of intermediate arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

STRIP_PIXELS = 1 << 19
"""Approximate pixels per strip: intermediate planes then need tens of megabytes."""

ALIGNED = 8
"""Strips start at multiples of this number of rows, the block size of JPEG and of the boundary masker."""


def strips(height: int, width: int, pixels: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the first and the last row plus one of consecutive strips of an image.

    Parameters
    ----------
    height, width : int
        Pixels of the image.
    pixels : int, optional
        Pixels of a strip, about, STRIP_PIXELS if not given; an image of up to two strips stays whole.
    """
    rows = max((pixels or STRIP_PIXELS) // max(width, 1) // ALIGNED, 8) * ALIGNED
    if height <= 2 * rows:
        yield 0, height
        return
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def by_strips(
    mask: Callable[[NDArray[np.uint8]], NDArray[Any]], halo: int, dtype: type[np.uint8] | type[np.uint16]
) -> Callable[[ArrayLike], NDArray[Any]]:
    """Return a function that applies `mask` strip by strip to large images, with the same result.

    `halo` is the number of rows, a multiple of 8, of context that `mask` needs at the edges of a strip.
    """

    def masked(label: ArrayLike) -> NDArray[Any]:
        pixels = np.asarray(label, np.uint8)
        height, width = pixels.shape[:2]
        cuts = list(strips(height, width))
        if len(cuts) == 1:
            return mask(pixels)
        result = np.empty((height, width), dtype)
        for top, bottom in cuts:
            start = max(top - halo, 0)
            part = mask(pixels[start : min(bottom + halo, height)])
            result[top:bottom] = part[top - start : bottom - start]
        return result

    return masked
