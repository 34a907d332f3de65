"""Colors in one word, 0xRRGGBB, for compiled loops: the only place where their bits are taken apart.

`kmseg.pixels.packing` does the same for whole arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.arrays import Integer, U8Vector
from kmseg.pixels.jit import compiled


@compiled
def pack_rgb(red: Integer, green: Integer, blue: Integer) -> Any:
    """Return the color 0xRRGGBB, uint32, of three levels 0..255."""
    return np.uint32(red) << np.uint32(16) | np.uint32(green) << np.uint32(8) | np.uint32(blue)


@compiled
def unpack_rgb(code: Integer) -> tuple[Any, Any, Any]:
    """Return red, green and blue, int32, of a color 0xRRGGBB."""
    code = np.int32(code)
    low = np.int32(0xFF)
    return np.int32(code >> np.int32(16) & low), np.int32(code >> np.int32(8) & low), np.int32(code & low)


@compiled
def color_at(line: U8Vector, i: int) -> Any:
    """Return the color 0xRRGGBB, uint32, of pixel `i` of an image in one line.

    Parameters
    ----------
    line : ndarray of shape (3 n,), uint8
        Red, green and blue of pixel after pixel.
    i : int
        Number of the pixel.
    """
    return pack_rgb(line[3 * i], line[3 * i + 1], line[3 * i + 2])


@compiled
def squared_distance(red: Integer, green: Integer, blue: Integer, code: Integer) -> Any:
    """Return the squared RGB distance, int32, of three levels to a color 0xRRGGBB."""
    other_red, other_green, other_blue = unpack_rgb(code)
    off_red = np.int32(np.int32(red) - other_red)
    off_green = np.int32(np.int32(green) - other_green)
    off_blue = np.int32(np.int32(blue) - other_blue)
    return np.int32(np.int32(off_red * off_red) + np.int32(off_green * off_green) + np.int32(off_blue * off_blue))
