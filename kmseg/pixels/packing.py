"""Colors as integers 0xRRGGBB and as text `#rrggbb`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def pack(rgb: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Pack colors `(..., 3)` uint8 into numbers 0xRRGGBB `(...)` uint32."""
    flat = np.ascontiguousarray(rgb).reshape(-1, 1, 3)
    if not flat.size:
        return np.zeros(rgb.shape[:-1], np.uint32)
    # BGRA bytes read as one little-endian word are 0xAARRGGBB.
    words = cv2.cvtColor(flat, cv2.COLOR_RGB2BGRA).view("<u4")
    return np.asarray(words.reshape(rgb.shape[:-1]) & np.uint32(0xFFFFFF))


def unpack(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Unpack numbers 0xRRGGBB `(n,)` into colors `(n, 3)` uint8."""
    words = np.ascontiguousarray(codes, "<u4").view(np.uint8).reshape(-1, 4)  # blue, green, red, nothing
    return np.ascontiguousarray(words[:, 2::-1])


def to_hex(color: Sequence[int]) -> str:
    """Return a color as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*color)
