"""The boundary masker's last step, compiled: an uncertain pixel keeps the nearest color where no mixture explains it.

The unary costs know two local classes and what lies in the blocks nearby. A window of one pixel in a wall has no flat
pixel of its own, and its color may be as far from the wall's as from the room's: then the class that the costs chose is
far from the color seen, and no mixture of that class with a neighbor's gives it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.boundary.label_table import BLOCK, BLOCKS, INFINITE_COST, NO_LABEL, TIGHT
from kmseg.maskers.boundary.table_kernels import level
from kmseg.maskers.boundary.uncertain_kernels import HIGH, LOW, NEAR, first_neighbor, indices_where, votes
from kmseg.pixels.arrays import I32Plane, I32Vector, Integer, U8Vector, U32Vector
from kmseg.pixels.jit import compiled
from kmseg.pixels.packed_color import color_at, unpack_rgb

OFF_LINE = 4.5
"""Levels from the line between two classes beyond which a color is no mixture of theirs."""

MOST_OF_WAY = 0.75
"""Share of the way from the chosen class to the nearest color's beyond which a mixture of both is the latter's."""

ALONE, BESIDE_ONE, BESIDE_SOME = 69, 37, 17
"""Levels of luma by which the chosen class must be off, where no neighbor is near the nearest color's class, where one
is, and where SOME are."""

SOME = 3
"""Neighbors near a class that support it, of eight."""

LIGHT_SHARE, LIGHT_PIXELS = 0.8, 4
"""Share of the pixels beside borders, near a class, in and around a block, and how many at least, that are tight where
the damage is light. In 28 drawn and real sets: 0.8 and more after antialiasing or JPEG 95 at 4:4:4, up to 0.67 in nine
of ten 40x40 windows after JPEG 75 and 80 at 4:2:0."""

# These numbers were read off classification trees for the pixels of 40 damaged sets on which the costs and the nearest
# color disagree; a fifth more or less of any of them changes the mean IoU of these sets by at most 0.0005.


@compiled
def keep_nearest(
    at: I32Vector,
    line: U8Vector,
    codes: U32Vector,
    seen: I32Plane,
    labels: I32Plane,
    blocks: I32Vector,
    light: Any,
    flags: U8Vector,
    quarters: I32Plane,
    padded: U8Vector,
    width: int,
    label: U8Vector,
) -> None:
    """Give uncertain pixels the class of the nearest color where the chosen one is far off and no mixture explains it.

    Parameters
    ----------
    at : ndarray of shape (n,), int32
        Places of the uncertain pixels.
    line : ndarray of shape (3 H W,), uint8
        Red, green and blue of pixel after pixel.
    codes : ndarray of shape (k,), uint32
        The palette's colors as 0xRRGGBB, by label.
    seen : ndarray of shape (3, n), int32
        Luma and chroma, in quarters of a level.
    labels : ndarray of shape (4, n), int32
        The classes, rows LOW, HIGH, NEAR, NEAREST.
    blocks : ndarray of shape (n,), int32
        The block of each pixel.
    light : ndarray of shape (blocks,), bool
        Whether the damage in and around each block is light.
    flags : ndarray of shape (H W,), uint8
        Flags of the pixels.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    padded : ndarray of shape ((H + 2) (W + 2),), uint8
        The plane of near classes, padded.
    width : int
        Pixels of a row.
    label : ndarray of shape (H W,), uint8
        The chosen classes; changed in place.
    """
    asked = np.empty(len(at), np.uint8)
    for n in range(len(at)):
        off = abs(seen[0, n] - quarters[0, label[at[n]]])
        is_near = np.uint8(labels[NEAR, n] != NO_LABEL)
        asked[n] = np.uint8(off > 4 * BESIDE_SOME) | np.uint8(is_near & np.uint8(light[blocks[n]]))
    chosen_pixels = indices_where(asked)
    nearest_labels = _nearest_labels(at, line, codes, chosen_pixels)
    for m in range(len(chosen_pixels)):
        n = chosen_pixels[m]
        chosen = np.int32(label[at[n]])
        nearest = labels[NEAR, n]
        if nearest == NO_LABEL:
            nearest = nearest_labels[m]
        if nearest == chosen:
            continue
        off = abs(seen[0, n] - quarters[0, chosen])
        is_light = light[blocks[n]]
        supporters = votes(padded, width, at[n], np.uint8(nearest))
        most_of_way = _share(seen, n, quarters, chosen, nearest) > np.float32(MOST_OF_WAY)
        is_tight = (flags[at[n]] & np.uint8(TIGHT)) != 0
        if is_light and ((supporters >= SOME and most_of_way) or (supporters >= 1 and is_tight)):
            label[at[n]] = nearest
            continue
        far = off > 4 * ALONE or (off > 4 * BESIDE_ONE and supporters >= 1)
        far = most_of_way and (far or (off > 4 * BESIDE_SOME and supporters >= SOME))
        if (far or (is_light and supporters >= 1)) and _is_off_lines(
            n, at, seen, labels, quarters, padded, width, chosen, nearest
        ):
            label[at[n]] = nearest


@compiled
def find_light_damage(near: U8Vector, flat: U8Vector, flags: U8Vector, width: int) -> Any:
    """Tell for each block whether the colors beside borders, there and around, are tightly near their classes.

    Parameters
    ----------
    near : ndarray of shape (H W,), uint8
        The class that each pixel is near, else NO_LABEL.
    flat : ndarray of shape (H W,), uint8
        The class of each pixel on flat background, else NO_LABEL.
    flags : ndarray of shape (H W,), uint8
        Flags of the pixels.
    width : int
        Pixels of a row.

    Returns
    -------
    ndarray of shape (blocks,), bool
        Row after row of blocks.
    """
    height = len(near) // width
    rows, columns = (height + BLOCK - 1) // BLOCK, (width + BLOCK - 1) // BLOCK
    beside, tight = np.zeros((rows, columns), np.int32), np.zeros((rows, columns), np.int32)
    counts, of_tight = np.zeros(columns * BLOCK, np.uint8), np.zeros(columns * BLOCK, np.uint8)
    none, zero = np.uint8(NO_LABEL), np.uint8(0)
    for row in range(rows):
        counts[:] = 0
        of_tight[:] = 0
        for y in range(row * BLOCK, min((row + 1) * BLOCK, height)):
            start = y * width
            close, smooth, flag = near[start : start + width], flat[start : start + width], flags[start : start + width]
            for x in range(width):
                is_beside = np.uint8(close[x] != none) & np.uint8(smooth[x] == none)
                is_tight = np.uint8(is_beside & np.uint8(np.uint8(flag[x] & np.uint8(TIGHT)) != zero))
                counts[x] = np.uint8(counts[x] + is_beside)
                of_tight[x] = np.uint8(of_tight[x] + is_tight)
        for column in range(columns):
            in_block, tight_in_block = 0, 0
            for x in range(column * BLOCK, (column + 1) * BLOCK):
                in_block += counts[x]
                tight_in_block += of_tight[x]
            for around in range(max(column - BLOCKS, 0), min(column + BLOCKS + 1, columns)):
                beside[row, around] += in_block
                tight[row, around] += tight_in_block
    light = np.zeros(rows * columns, np.bool_)
    for row in range(rows):
        for column in range(columns):
            all_pixels, tight_pixels = 0, 0
            for around in range(max(row - BLOCKS, 0), min(row + BLOCKS + 1, rows)):
                all_pixels += beside[around, column]
                tight_pixels += tight[around, column]
            light[row * columns + column] = all_pixels >= LIGHT_PIXELS and tight_pixels >= LIGHT_SHARE * all_pixels
    return light


@compiled
def _nearest_labels(at: I32Vector, line: U8Vector, codes: U32Vector, chosen: I32Vector) -> I32Vector:
    """Return the label `(m,)` whose color is nearest in RGB, as without any weight of chroma, to some pixels."""
    count = len(chosen)
    rgb, best = np.empty((3, count), np.int32), np.full(count, INFINITE_COST, np.int32)
    reds, greens, blues = rgb[0], rgb[1], rgb[2]
    for m in range(count):
        reds[m], greens[m], blues[m] = unpack_rgb(color_at(line, at[chosen[m]]))
    for label in range(len(codes)):
        red, green, blue = unpack_rgb(codes[label])
        for m in range(count):
            off_red, off_green, off_blue = (
                np.int32(reds[m] - red),
                np.int32(greens[m] - green),
                np.int32(blues[m] - blue),
            )
            apart = np.int32(np.int32(off_red * off_red) + np.int32(off_green * off_green))
            apart = np.int32(apart + np.int32(off_blue * off_blue))
            best[m] = min(best[m], np.int32(np.int32(apart << np.int32(8)) | np.int32(label)))
    for m in range(count):
        best[m] &= np.int32(0xFF)
    return best


@compiled
def _is_off_lines(
    n: int,
    at: I32Vector,
    seen: I32Plane,
    labels: I32Plane,
    quarters: I32Plane,
    padded: U8Vector,
    width: int,
    chosen: Integer,
    nearest: Integer,
) -> bool:
    """Tell whether a color is no mixture of the chosen class with a local one or one that a neighbor is near."""
    start = np.uint64(first_neighbor(at[n], width))
    for other in range(11):
        if other < 9:
            label = np.int32(padded[start + np.uint64(other // 3 * (width + 2) + other % 3)])
        else:
            label = labels[LOW, n] if other == 9 else labels[HIGH, n]
        if label in (np.int32(NO_LABEL), chosen, nearest):
            continue
        share = _share(seen, n, quarters, chosen, label)
        squared = np.float32(0)
        for row in range(3):
            way = level(quarters[row, label] - quarters[row, chosen])
            apart = level(seen[row, n] - quarters[row, chosen]) - share * way
            squared += apart * apart
        if squared <= np.float32(OFF_LINE * OFF_LINE):
            return False
    return True


@compiled
def _share(seen: I32Plane, n: int, quarters: I32Plane, start: Integer, end: Integer) -> Any:
    """Return how far along the line from one class to another a pixel's color lies, 0 to 1, in single precision."""
    along, length = np.float32(0), np.float32(0)
    for row in range(3):
        way = level(quarters[row, end] - quarters[row, start])
        along += way * level(seen[row, n] - quarters[row, start])
        length += way * way
    if length == 0:
        return np.float32(1)
    return min(max(along / length, np.float32(0)), np.float32(1))
