"""A function of color as a lookup table: computed once per distinct color."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kmseg.pixels.packing import pack, unpack


class ColorTable:
    """Look up a value for every pixel of a label image.

    The table has one entry for each of the 2^24 colors and is filled on demand, so each distinct color is computed once
    and an image without new colors costs one lookup per pixel. Threads share a table.

    Parameters
    ----------
    of_colors : callable
        Maps colors `(n, 3)` uint8 to values `(n,)` that `dtype` can hold.
    dtype : numpy.uint8 or numpy.uint16
        Type of the values; entries are one size wider, to mark those not computed yet.
    """

    def __init__(
        self,
        of_colors: Callable[[NDArray[np.uint8]], NDArray[Any]],
        dtype: type[np.uint8] | type[np.uint16],
    ):
        self._of_colors = of_colors
        self._dtype = dtype
        wider = np.uint16 if dtype is np.uint8 else np.uint32
        self._blank = np.iinfo(wider).max
        self._values = np.full(1 << 24, self._blank, wider)

    def __call__(self, label: ArrayLike) -> NDArray[Any]:
        """Return the values `(...)` of a label image, or of pixels `(..., 3)` uint8."""
        from kmseg.pixels.gather import look_up

        pixels = np.ascontiguousarray(label, np.uint8)
        line, out = pixels.reshape(-1), np.empty(pixels.size // 3, self._dtype)
        if look_up(line, self._values, out) > np.iinfo(self._dtype).max:
            codes = pack(pixels).ravel()
            new = np.unique(codes[self._values[codes] == self._blank])
            if len(new):  # else another thread has computed them since
                self._values[new] = self._of_colors(unpack(new))
            look_up(line, self._values, out)
        return out.reshape(pixels.shape[:-1])
