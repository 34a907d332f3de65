"""What a color is to the classes of a palette, compiled: worked out for each cell of colors that turns up."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.boundary.label_table import (
    COMPUTED,
    HAS_EXACT_COLORS,
    INFINITE_COST,
    LUMA_ONLY_TOLERANCE,
    MIN_RATIO_TO_SECOND,
    NEAR,
    PLAUSIBLE,
    THIN_FIT_TOLERANCE,
    TIGHT,
    TIGHT_TOLERANCE,
    UNIT,
)
from kmseg.pixels.arrays import I32Plane, Integer, U8Vector, U32Vector, UnsignedVector
from kmseg.pixels.jit import compiled
from kmseg.pixels.luma_chroma import BLUE, LUMA, RED
from kmseg.pixels.packed_color import color_at

CHROMA_KEPT = 0.375
"""Share of its chroma that a one-pixel line keeps in 4:2:0: half of a pair, 3/4 of which comes back."""

LUMA_KEPT = 0.85
"""Share of its luma that a thin structure must keep when resized, to tell which class it is."""


@compiled
def learn(
    line: U8Vector, quarters: I32Plane, codes: U32Vector, tolerance: float, soft: float, cells: UnsignedVector
) -> None:
    """Fill in the entries of `LabelTable.cells` that the colors of some pixels need.

    Parameters
    ----------
    line : ndarray of shape (3 n,), uint8
        Red, green and blue of pixel after pixel.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    codes : ndarray of shape (k,), uint32
        The palette's colors as 0xRRGGBB.
    tolerance : float
        RGB distance up to which a color is near its class.
    soft : float
        Cost, in squared levels of luma, up to which a color is plausible for its class.
    cells : ndarray of shape (2^18,), uint16 or uint32
        Entries, written where they are 0.
    """
    for i in range(len(line) // 3):
        cell = color_cell(color_at(line, i))
        if cells[cell] == 0:
            cells[cell] = _entry(cell, quarters, codes, tolerance, soft)


@compiled
def nearest(line: U8Vector, cells: UnsignedVector, labels: U32Vector) -> None:
    """Write the label of the class nearest to the middle of each pixel's cell, which `learn` has filled in.

    Parameters
    ----------
    line : ndarray of shape (3 n,), uint8
        Red, green and blue of pixel after pixel.
    cells : ndarray of shape (2^18,), uint16 or uint32
        Entries of the cells.
    labels : ndarray of shape (n,), uint32
        Written.
    """
    for i in range(len(labels)):
        labels[i] = cells[color_cell(color_at(line, i))] >> 8


@compiled
def _entry(cell: Integer, quarters: I32Plane, codes: U32Vector, tolerance: float, soft: float) -> int:
    """Return the entry of a cell, which is that of the color in its middle; parameters as in `learn`."""
    red, green, blue = _middle(cell)
    seen = luma_chroma(red, green, blue)
    nearest, best, second, held = 0, INFINITE_COST, INFINITE_COST, np.int64(0)
    for label in range(len(codes)):
        cost = unary_cost(seen, quarters, label)
        if cost < best:
            nearest, best, second = label, cost, best
        else:
            second = min(second, cost)
        held += np.int64(color_cell(codes[label]) == cell)
    code = np.int64(codes[nearest])
    off_red, off_green, off_blue = red - (code >> 16), green - (code >> 8 & 0xFF), blue - (code & 0xFF)
    near = off_red * off_red + off_green * off_green + off_blue * off_blue <= tolerance * tolerance
    near = near or (best <= UNIT * LUMA_ONLY_TOLERANCE**2 and MIN_RATIO_TO_SECOND**2 * best <= second)
    holds = held > 1 or (held == 1 and not (near and color_cell(codes[nearest]) == cell))
    entry = nearest << 8 | COMPUTED
    entry |= NEAR if near else 0
    entry |= PLAUSIBLE if near or best <= UNIT * soft else 0
    entry |= TIGHT if best <= UNIT * TIGHT_TOLERANCE**2 else 0
    return entry | (HAS_EXACT_COLORS if holds else 0)


@compiled
def structure(background: int, cell: int, quarters: I32Plane) -> Any:
    """Return the entry of `LabelTable.structures` of a background and a cell, in single precision.

    A structure's color is background + share * (its class - background), with a share for luma and one for chroma.

    Parameters
    ----------
    background : int
        Label of the background.
    cell : int
        Cell of the color seen.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    """
    red, green, blue = _middle(cell)
    luma, blueness, redness = luma_chroma(red, green, blue)
    off_luma = level(luma - quarters[0, background])
    off_blue, off_red = level(blueness - quarters[1, background]), level(redness - quarters[2, background])
    one = np.float32(1)
    nearest, best, second = 0, np.float32(INFINITE_COST), np.float32(INFINITE_COST)
    for label in range(quarters.shape[1]):
        way_luma = level(quarters[0, label] - quarters[0, background])
        way_blue = level(quarters[1, label] - quarters[1, background])
        way_red = level(quarters[2, label] - quarters[2, background])
        share = off_luma / (way_luma if way_luma != 0 else one)
        apart = off_luma - min(max(share, np.float32(LUMA_KEPT)), one) * way_luma
        share = (way_blue * off_blue + way_red * off_red) / max(way_blue * way_blue + way_red * way_red, one)
        share = min(max(share, np.float32(CHROMA_KEPT)), one)
        apart_blue, apart_red = off_blue - share * way_blue, off_red - share * way_red
        cost = apart * apart + (apart_blue * apart_blue + apart_red * apart_red)
        if cost < best:
            nearest, best, second = label, cost, best
        else:
            second = min(second, cost)
    clear = best <= np.float32(THIN_FIT_TOLERANCE**2) and np.float32(MIN_RATIO_TO_SECOND**2) * best <= second
    packed_cost = np.int64(np.float32(UNIT) * best) << 8 | nearest
    return min(packed_cost, np.int64(INFINITE_COST - 1)) | np.int64(clear) << 31 | 1 << 30  # bit 30: worked out


@compiled
def color_cell(code: Integer) -> Any:
    """Return the cell of 4x4x4 colors, `0..2^18 - 1`, of a color 0xRRGGBB (uint32)."""
    red, green = code >> np.uint32(6) & np.uint32(0x3F000), code >> np.uint32(4) & np.uint32(0xFC0)
    return red | green | code >> np.uint32(2) & np.uint32(0x3F)


@compiled
def luma_chroma(red: Integer, green: Integer, blue: Integer) -> tuple[Any, Any, Any]:
    """Return a color's luma and chroma in quarters of a level, as `features.luma_chroma_quarters` does."""
    red, green, blue = np.int32(red), np.int32(green), np.int32(blue)
    return feature(red, green, blue, LUMA), feature(red, green, blue, BLUE), feature(red, green, blue, RED)


@compiled
def feature(red: Integer, green: Integer, blue: Integer, weights: tuple[int, int, int]) -> Any:
    """Return one feature of a color in quarters of a level, rounded half to even, int32.

    Parameters
    ----------
    red, green, blue : int
        Levels, 0..255.
    weights : tuple of int
        The feature's weights in 64ths: `LUMA`, `BLUE` or `RED`.
    """
    total = np.int32(np.int32(red) * np.int32(weights[0])) + np.int32(np.int32(green) * np.int32(weights[1]))
    total = np.int32(np.int32(total) + np.int32(np.int32(blue) * np.int32(weights[2])))
    whole, rest = np.int32(total >> np.int32(4)), np.int32(total & np.int32(15))
    up = np.int32(rest > np.int32(8)) | np.int32(np.int32(rest == np.int32(8)) & np.int32(whole & np.int32(1)))
    return np.int32(whole + up)


@compiled
def unary_cost(seen: tuple[Integer, Integer, Integer], quarters: I32Plane, label: Integer) -> Any:
    """Return the cost of a class for luma and chroma seen, in quarters: a squared quarter is the unit of costs.

    Parameters
    ----------
    seen : tuple of int
        Luma and chroma seen, in quarters of a level.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    label : int
        The class.
    """
    luma, blue, red = seen[0] - quarters[0, label], seen[1] - quarters[1, label], seen[2] - quarters[2, label]
    return luma * luma + blue * blue + red * red


@compiled
def level(quarters: Integer) -> Any:
    """Return quarters of a level as levels, in single precision."""
    return np.float32(quarters) * np.float32(0.25)


@compiled
def _middle(cell: Integer) -> tuple[Any, Any, Any]:
    """Return red, green and blue of the color in the middle of a cell, int64."""
    return np.int64(cell >> 10 & 0xFC) + 2, np.int64(cell >> 4 & 0xFC) + 2, np.int64(cell << 2 & 0xFC) + 2
