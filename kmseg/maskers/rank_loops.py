"""What a colour is to the classes of a palette, compiled: worked out for each cell of colours that turns up."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.compiled import compiled
from kmseg.pixel_loops import color_at
from kmseg.ranks import (
    BLUE,
    CHROMA_KEPT,
    CLEAR,
    DULL,
    FIT,
    HOLDS,
    KNOWN,
    LUMA,
    LUMA_KEPT,
    NEAR,
    NEVER,
    RED,
    SOFT,
    UNIT,
)


@compiled
def learn(line: Any, quarters: Any, codes: Any, tolerance: float, soft: float, cells: Any) -> None:
    """Work out what the table `cells`, one of the attributes of `kmseg.ranks.RankTable`, lacks for a line of pixels."""
    for i in range(len(line) // 3):
        cell = cell_of(color_at(line, i))
        if cells[cell] == 0:
            cells[cell] = _entry(cell, quarters, codes, tolerance, soft)


@compiled
def nearest(line: Any, cells: Any, ranks: Any) -> None:
    """Write the rank of the class nearest to the middle of each pixel's cell, which `learn` has worked out."""
    for i in range(len(ranks)):
        ranks[i] = cells[cell_of(color_at(line, i))] >> 8


@compiled
def _entry(cell: int, quarters: Any, codes: Any, tolerance: float, soft: float) -> Any:
    """Return the entry of a cell, which is that of the colour in its middle."""
    red, green, blue = _middle(cell)
    seen = features_of(red, green, blue)
    nearest, best, second, held = 0, NEVER, NEVER, np.int64(0)
    for rank in range(len(codes)):
        cost = cost_of(seen, quarters, rank)
        if cost < best:
            nearest, best, second = rank, cost, best
        else:
            second = min(second, cost)
        held += np.int64(cell_of(codes[rank]) == cell)
    code = np.int64(codes[nearest])
    off_red, off_green, off_blue = red - (code >> 16), green - (code >> 8 & 0xFF), blue - (code & 0xFF)
    near = off_red * off_red + off_green * off_green + off_blue * off_blue <= tolerance * tolerance
    near = near or (best <= UNIT * DULL**2 and CLEAR**2 * best <= second)
    holds = held > 1 or (held == 1 and not (near and cell_of(codes[nearest]) == cell))
    entry = nearest << 8 | KNOWN
    entry |= NEAR if near else 0
    entry |= SOFT if near or best <= UNIT * soft else 0
    return entry | (HOLDS if holds else 0)


@compiled
def structure(ground: Any, cell: Any, quarters: Any) -> Any:
    """Return the entry of `RankTable.structures` of a ground and a cell, in single precision.

    A structure's colour is ground + share * (its class - ground), with a share for luma and one for chroma.
    """
    red, green, blue = _middle(cell)
    luma, blueness, redness = features_of(red, green, blue)
    off_luma = level(luma - quarters[0, ground])
    off_blue, off_red = level(blueness - quarters[1, ground]), level(redness - quarters[2, ground])
    one = np.float32(1)
    nearest, best, second = 0, np.float32(NEVER), np.float32(NEVER)
    for rank in range(quarters.shape[1]):
        way_luma = level(quarters[0, rank] - quarters[0, ground])
        way_blue = level(quarters[1, rank] - quarters[1, ground])
        way_red = level(quarters[2, rank] - quarters[2, ground])
        share = off_luma / (way_luma if way_luma != 0 else one)
        apart = off_luma - min(max(share, np.float32(LUMA_KEPT)), one) * way_luma
        share = (way_blue * off_blue + way_red * off_red) / max(way_blue * way_blue + way_red * way_red, one)
        share = min(max(share, np.float32(CHROMA_KEPT)), one)
        apart_blue, apart_red = off_blue - share * way_blue, off_red - share * way_red
        cost = apart * apart + (apart_blue * apart_blue + apart_red * apart_red)
        if cost < best:
            nearest, best, second = rank, cost, best
        else:
            second = min(second, cost)
    clear = best <= np.float32(FIT**2) and np.float32(CLEAR**2) * best <= second
    key = np.int64(np.float32(UNIT) * best) << 8 | nearest
    return min(key, np.int64(NEVER - 1)) | np.int64(clear) << 31 | 1 << 30  # bit 30: worked out


@compiled
def cell_of(code: Any) -> Any:
    """Return the cell of 4x4x4 colours, `0..2^18 - 1`, of a colour 0xRRGGBB."""
    red, green = code >> np.uint32(6) & np.uint32(0x3F000), code >> np.uint32(4) & np.uint32(0xFC0)
    return red | green | code >> np.uint32(2) & np.uint32(0x3F)


@compiled
def features_of(red: int, green: int, blue: int) -> Any:
    """Return a colour's luma and chroma in quarters, as `kmseg.ranks.quarters_of` does."""
    return feature_of(red, green, blue, LUMA), feature_of(red, green, blue, BLUE), feature_of(red, green, blue, RED)


@compiled
def feature_of(red: Any, green: Any, blue: Any, weights: Any) -> Any:
    """Return one feature of a colour in quarters, rounded half to even; in 32 bits."""
    total = np.int32(np.int32(red) * np.int32(weights[0])) + np.int32(np.int32(green) * np.int32(weights[1]))
    total = np.int32(np.int32(total) + np.int32(np.int32(blue) * np.int32(weights[2])))
    whole, rest = np.int32(total >> np.int32(4)), np.int32(total & np.int32(15))
    up = np.int32(rest > np.int32(8)) | np.int32(np.int32(rest == np.int32(8)) & np.int32(whole & np.int32(1)))
    return np.int32(whole + up)


@compiled
def cost_of(seen: Any, quarters: Any, rank: int) -> Any:
    """Return the cost of a class for luma and chroma seen, in quarters: a squared quarter is the unit of costs."""
    luma, blue, red = seen[0] - quarters[0, rank], seen[1] - quarters[1, rank], seen[2] - quarters[2, rank]
    return luma * luma + blue * blue + red * red


@compiled
def level(quarters: int) -> Any:
    """Return quarters as levels, in single precision."""
    return np.float32(quarters) * np.float32(0.25)


@compiled
def _middle(cell: int) -> Any:
    """Return red, green and blue of the colour in the middle of a cell."""
    return np.int64(cell >> 10 & 0xFC) + 2, np.int64(cell >> 4 & 0xFC) + 2, np.int64(cell << 2 & 0xFC) + 2
