"""The boundary masker's loops over planes of pixels, compiled: what each costs beside decoding decides its form.

Images are in one line, pixel `i` of width `w` is in row `i // w`. A plane that is `padded` has one pixel more on each
side, a copy of the outermost. Labels, packed costs, cells and flags are those of `kmseg.maskers.boundary.label_table`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.boundary.isolated_kernels import correct_isolated
from kmseg.maskers.boundary.label_table import (
    BLOCK,
    BLOCKS,
    COMPUTED,
    EXACT,
    HAS_EXACT_COLORS,
    INFINITE_COST,
    NEAR,
    NO_LABEL,
    PLAUSIBLE,
    TIGHT,
)
from kmseg.maskers.boundary.nearest_kernels import find_light_damage, keep_nearest
from kmseg.maskers.boundary.table_kernels import color_cell, learn
from kmseg.maskers.boundary.uncertain_kernels import (
    NEAREST,
    add_line_support,
    fit_thin_structures,
    gather_features,
    icm_step,
    unary_costs,
)
from kmseg.pixels.arrays import I32Plane, I32Vector, Integer, U8Vector, U16Vector, U32Vector, U32Volume
from kmseg.pixels.jit import compiled
from kmseg.pixels.packed_color import color_at

FLAT, SOME = 7, 3
"""Of the eight neighbors, so many have the pixel's class: flat background, some evidence."""

COMMON = 5
"""Pixels of evidence in and around a block from which on it is more than mixtures that resemble a class by chance."""

PIECE = 2048
"""Pixels looked up at a time: their colors stay in the nearest cache."""


@compiled
def look_up(
    line: U8Vector,
    quarters: I32Plane,
    codes: U32Vector,
    tolerance: float,
    soft: float,
    cells: U16Vector,
    label: U8Vector,
    near: U8Vector,
    flags: U8Vector,
) -> tuple[Any, Any]:
    """Look every pixel up in the table of cells; return the flags that all pixels have and those that any has.

    What a pixel takes from a cell with HAS_EXACT_COLORS is for `look_up_held` to put right.

    Parameters
    ----------
    line : ndarray of shape (3 H W,), uint8
        Red, green and blue of pixel after pixel.
    quarters, codes, tolerance, soft, cells
        As in `learn`: entries of cells that are missing are filled in.
    label : ndarray of shape (H W,), uint8
        Written: the label of the class nearest to each pixel's color.
    near : ndarray of shape (H W,), uint8
        Written: that label where the color is near its class, else NO_LABEL.
    flags : ndarray of shape (H W,), uint8
        Written: the flags of each pixel.
    """
    every, some = np.uint8(0xFF), np.uint8(0)
    colors, at = np.empty(PIECE, np.uint32), np.empty(PIECE, np.uint32)
    entries = np.empty(PIECE, np.uint16)
    for first in range(0, len(label), PIECE):
        length = min(PIECE, len(label) - first)
        part = line[3 * first :]
        own, flag, close = label[first : first + length], flags[first : first + length], near[first : first + length]
        for x in range(length):
            colors[x] = color_at(part, x)
        for x in range(length):
            at[x] = color_cell(colors[x])
        missing = False
        for x in range(length):
            entries[x] = cells[at[x]]
            missing |= entries[x] == 0
        if missing:
            learn(part[: 3 * length], quarters, codes, tolerance, soft, cells)
            for x in range(length):
                entries[x] = cells[at[x]]
        for x in range(length):
            own[x] = np.uint8(entries[x] >> np.uint16(8))
        for x in range(length):
            at[x] = codes[np.uint32(own[x])]
        for x in range(length):
            flag[x] = np.uint8(entries[x] & np.uint16(0xFF)) | np.uint8(np.uint8(at[x] == colors[x]) * np.uint8(EXACT))
        for x in range(length):
            every &= flag[x]
            some |= flag[x]
        for x in range(length):
            of_class, none = own[x], np.uint8(NO_LABEL)
            close[x] = of_class if np.uint8(flag[x] & np.uint8(NEAR)) else none
    return every, some


@compiled
def look_up_held(line: U8Vector, codes: U32Vector, label: U8Vector, near: U8Vector, flags: U8Vector) -> None:
    """Correct the pixels whose cell HAS_EXACT_COLORS: a palette color gets its own label, another is not exact.

    Parameters
    ----------
    line, codes : ndarray
        As in `look_up`.
    label, near, flags : ndarray of shape (H W,), uint8
        As `look_up` wrote them; corrected in place.
    """
    held_code, held_row = -1, -1
    for i in range(len(label)):
        if not flags[i] & HAS_EXACT_COLORS:
            continue
        code = int(color_at(line, i))
        if code != held_code:
            held_code, held_row = code, -1
            for row in range(len(codes)):
                if codes[row] == code:
                    held_row = row
        if held_row >= 0:
            label[i], near[i], flags[i] = held_row, held_row, PLAUSIBLE | NEAR | EXACT | COMPUTED | TIGHT
        else:
            flags[i] &= ~EXACT


@compiled
def relabel_uncertain(
    line: U8Vector,
    width: int,
    radius: int,
    penalty: int,
    smoothness: int,
    codes: U32Vector,
    quarters: I32Plane,
    structures: U32Vector,
    near: U8Vector,
    flags: U8Vector,
    some: Integer,
    label: U8Vector,
) -> None:
    """Give the uncertain pixels their class, in place.

    Parameters
    ----------
    line : ndarray of shape (3 H W,), uint8
        Red, green and blue of pixel after pixel.
    width, radius : int
        Pixels of a row; pixels up to which flat background makes a class local.
    penalty : int
        Packed cost that a class pays which is not local.
    smoothness : int
        Gain for a neighbor of the same class, in the unit of costs.
    codes : ndarray of shape (k,), uint32
        The palette's colors as 0xRRGGBB, by label.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    structures : ndarray of shape (k << 18,), uint32
        `LabelTable.structures`; entries that are missing are filled in.
    near, flags : ndarray of shape (H W,), uint8
        Near classes and flags, as `look_up` wrote them.
    some : int
        The flags that any pixel has.
    label : ndarray of shape (H W,), uint8
        The nearest class of each pixel; the result, in place.
    """
    size, height = len(label), len(label) // width
    planes = np.empty((6, size), np.uint8)
    flat, evidence, low, high, exact, plane = planes[0], planes[1], planes[2], planes[3], planes[4], planes[5]
    padded = np.empty((height + 2) * (width + 2), np.uint8)
    pad(near, width, padded)
    find_support(padded, width, flat, evidence)
    local_label_range(flat, width, radius, plane, low, high)
    exact[:] = 0
    if some & EXACT:
        for i in range(size):
            plane[i] = flags[i] & np.uint8(EXACT)
        lowest(plane, width, np.int64(1), exact)
    at = np.empty(size + 1, np.int32)
    at = at[: find_uncertain(label, low, high, flags, flat, exact, at)]
    if not len(at):
        return
    costs = np.empty((4, len(at)), np.int32)
    thin, clear, first, second = costs[0], costs[1], costs[2], costs[3]
    seen, labels = np.empty((3, len(at)), np.int32), np.empty((4, len(at)), np.int32)
    places = np.empty((2, len(at)), np.int32)
    gather_features(at, line, width, low, high, near, label, seen, labels, places)
    fit_thin_structures(seen, labels, places[0], quarters, structures, thin, clear)
    for i in range(size):
        plane[i] = near[i]
    for n in range(len(at)):
        plane[at[n]] = clear[n] if thin[n] < INFINITE_COST and clear[n] != NO_LABEL else plane[at[n]]
    pad(plane, width, padded)
    add_line_support(at, clear, padded, width, evidence)
    rows, columns, count = -(-height // BLOCK), -(-width // BLOCK), (quarters.shape[1] + 31) // 32
    words, common = np.zeros((count, rows, columns), np.uint32), np.zeros((count, rows, columns), np.uint32)
    find_classes_around(evidence, flags, width, words, common)
    words, common = words.reshape((count, rows * columns)), common.reshape((count, rows * columns))
    unary_costs(seen, labels, places[1], words, common, quarters, penalty, thin, first, second)
    for n in range(len(at)):
        label[at[n]] = first[n] & 0xFF if first[n] < INFINITE_COST else labels[NEAREST, n]
    pad(label, width, padded)
    icm_step(at, first, second, smoothness, padded, width, label)
    pad(near, width, padded)
    light = find_light_damage(near, flat, flags, width)
    keep_nearest(at, line, codes, seen, labels, places[1], light, flags, quarters, padded, width, label)
    pad(label, width, padded)
    correct_isolated(at, seen, places[1], light, quarters, padded, width, label)


@compiled
def pad(plane: U8Vector, width: int, padded: U8Vector) -> None:
    """Write a plane with its outermost pixels repeated on each side.

    Parameters
    ----------
    plane : ndarray of shape (H W,), uint8
        The plane in one line.
    width : int
        Pixels of its row.
    padded : ndarray of shape ((H + 2) (W + 2),), uint8
        Written.
    """
    nearby, height = width + 2, len(plane) // width
    for y in range(height + 2):
        row, out = plane[min(max(y - 1, 0), height - 1) * width :], padded[y * nearby :]
        out[0], out[width + 1] = row[0], row[width - 1]
        for x in range(width):
            out[x + 1] = row[x]


@compiled
def find_support(padded: U8Vector, width: int, flat: U8Vector, evidence: U8Vector) -> None:
    """Find the pixels that support their class: on flat background, or with some neighbors of the same class.

    (Only sums that are cut to a byte at each step, and choices between what was read before, become vectors of bytes.)

    Parameters
    ----------
    padded : ndarray of shape ((H + 2) (W + 2),), uint8
        The plane of near classes, padded.
    width : int
        Pixels of a row, without the padding.
    flat : ndarray of shape (H W,), uint8
        Written: the class where FLAT of the eight neighbors have it, else NO_LABEL.
    evidence : ndarray of shape (H W,), uint8
        Written: the class where SOME of the eight neighbors have it, else NO_LABEL.
    """
    nearby = width + 2
    for y in range(len(flat) // width):
        above, row, below = padded[y * nearby :], padded[(y + 1) * nearby :], padded[(y + 2) * nearby :]
        background, some = flat[y * width : (y + 1) * width], evidence[y * width : (y + 1) * width]
        for x in range(width):
            own = row[x + 1]
            same = np.uint8(np.uint8(above[x] == own) + np.uint8(above[x + 1] == own))
            same = np.uint8(same + np.uint8(above[x + 2] == own))
            same = np.uint8(same + np.uint8(row[x] == own))
            same = np.uint8(same + np.uint8(row[x + 2] == own))
            same = np.uint8(same + np.uint8(below[x] == own))
            same = np.uint8(same + np.uint8(below[x + 1] == own))
            background[x] = np.uint8(same + np.uint8(below[x + 2] == own))
        for x in range(width):
            own, same = row[x + 1], background[x]
            some[x] = own if same >= SOME else np.uint8(NO_LABEL)
        for x in range(width):
            own, same = row[x + 1], background[x]
            background[x] = own if same >= FLAT else np.uint8(NO_LABEL)


@compiled
def local_label_range(flat: U8Vector, width: int, radius: int, plane: U8Vector, low: U8Vector, high: U8Vector) -> None:
    """Write the lowest and the highest class with flat background within `radius`, or NO_LABEL twice.

    A third in between is overlooked: 0.1 % of the uncertain pixels of real labels have one.

    Parameters
    ----------
    flat : ndarray of shape (H W,), uint8
        The class of each pixel on flat background, else NO_LABEL.
    width, radius : int
        Pixels of a row; pixels to each side.
    plane : ndarray of shape (H W,), uint8
        Overwritten with intermediate values.
    low, high : ndarray of shape (H W,), uint8
        Written.
    """
    top = np.uint8(NO_LABEL - 1)
    lowest(flat, width, radius, low)
    for i in range(len(flat)):
        plane[i] = np.uint8(top - flat[i])  # NO_LABEL comes out above the top, and so it stays
    lowest(plane, width, radius, high)
    for i in range(len(flat)):
        high[i] = np.uint8(top - high[i])


@compiled
def lowest(plane: U8Vector, width: int, radius: Integer, out: U8Vector) -> None:
    """Write the lowest value of each pixel's square window, as far as it lies in the image: gray-scale erosion.

    The lowest of 2, 4, 8, ... pixels come one from the other, along the rows and then along the columns.

    Parameters
    ----------
    plane : ndarray of shape (H W,), uint8
        The plane in one line.
    width, radius : int
        Pixels of a row; the window has 2 radius + 1 pixels on a side.
    out : ndarray of shape (H W,), uint8
        Written.
    """
    height, window, nearby = len(plane) // width, 2 * radius + 1, width + 2 * radius
    padded = nearby * (height + 2 * radius)
    source, target = np.empty(padded, np.uint8), np.empty(padded, np.uint8)
    source[:] = 0xFF
    for y in range(height):
        row, inner = plane[y * width :], source[(y + radius) * nearby + radius :]
        for x in range(width):
            inner[x] = row[x]
    for step in (1, nearby):
        span = 1
        while span < window:
            shift = min(span, window - span)
            _lower(source, source[shift * step :], target)
            source, target = target, source
            span += shift
    for y in range(height):
        row, result = source[y * nearby :], out[y * width :]
        for x in range(width):
            result[x] = row[x]


@compiled
def _lower(ones: U8Vector, others: U8Vector, out: U8Vector) -> None:
    """Write the lower of two vectors' elements, as far as the second goes."""
    for i in range(len(others)):
        one, two = ones[i], others[i]
        out[i] = one if one < two else two


@compiled
def find_uncertain(
    label: U8Vector, low: U8Vector, high: U8Vector, flags: U8Vector, flat: U8Vector, exact: U8Vector, at: I32Vector
) -> int:
    """List the uncertain pixels; return how many.

    A pixel is certain on flat background, in exact surroundings, or if its class is local and plausible.

    Parameters
    ----------
    label : ndarray of shape (H W,), uint8
        The class nearest to each pixel.
    low, high : ndarray of shape (H W,), uint8
        The local classes, from `local_label_range`.
    flags : ndarray of shape (H W,), uint8
        Flags of the pixels.
    flat : ndarray of shape (H W,), uint8
        The class of each pixel on flat background, else NO_LABEL.
    exact : ndarray of shape (H W,), uint8
        Nonzero where a pixel and its neighbors have exact palette colors.
    at : ndarray of shape (H W + 1,), int32
        Written: places of the uncertain pixels, ascending.
    """
    doubts = np.empty(len(label), np.uint8)
    for i in range(len(label)):
        local = np.uint8(label[i] == low[i]) | np.uint8(label[i] == high[i])
        sure = (
            local & np.uint8(flags[i] & np.uint8(PLAUSIBLE) != 0)
            | np.uint8(flat[i] != NO_LABEL)
            | np.uint8(exact[i] != 0)
        )
        doubts[i] = sure ^ np.uint8(1)
    count, eights = 0, doubts[: len(label) // 8 * 8].view(np.uint64)
    for eight in range(len(eights)):
        if eights[eight]:
            for i in range(8 * eight, 8 * eight + 8):
                at[count] = i
                count += int(doubts[i])
    for i in range(8 * len(eights), len(label)):
        at[count] = i
        count += int(doubts[i])
    return count


@compiled
def find_classes_around(evidence: U8Vector, flags: U8Vector, width: int, words: U32Volume, common: U32Volume) -> None:
    """Set the bits of the classes with evidence in each block and in the blocks up to BLOCKS away.

    Parameters
    ----------
    evidence : ndarray of shape (H W,), uint8
        The class that each pixel is evidence for, else NO_LABEL.
    flags : ndarray of shape (H W,), uint8
        Flags of the pixels.
    width : int
        Pixels of a row.
    words : ndarray of shape (words, rows, columns), uint32
        Zeros; written. Class c is bit c % 32 of word c // 32.
    common : ndarray of shape (words, rows, columns), uint32
        The same, for the classes with COMMON such pixels, or one that is TIGHT.
    """
    count, rows, columns = words.shape
    most = np.uint8(COMMON)
    counts = np.zeros((32 * count, rows, columns), np.uint8)
    present = np.zeros(256, np.uint8)
    for y in range(len(evidence) // width):
        line, flag, row = evidence[y * width : (y + 1) * width], flags[y * width : (y + 1) * width], y // BLOCK
        for column in range(columns):
            start, end = column * BLOCK, min((column + 1) * BLOCK, width)
            own, same = line[start], np.uint8(0)
            if end - start == BLOCK:
                for x in range(BLOCK):
                    same += np.uint8(line[start + x] == own)
            if same == BLOCK:
                present[own] = 1
                if own != NO_LABEL:
                    counts[own, row, column] = most
                continue
            for x in range(start, end):
                own = line[x]
                present[own] = 1
                if own != NO_LABEL:
                    more = most if flag[x] & np.uint8(TIGHT) else np.uint8(1)
                    counts[own, row, column] = min(most, np.uint8(counts[own, row, column] + more))
    across, total = np.empty((rows, columns), np.uint8), np.empty(columns, np.uint8)
    for label in range(32 * count):
        if not present[label] or label == NO_LABEL:
            continue
        bit, word, of_label = np.uint32(1) << np.uint32(label & 31), label >> 5, counts[label]
        across[:] = 0
        for row in range(rows):
            for shift in range(-BLOCKS, BLOCKS + 1):
                for column in range(max(-shift, 0), columns - max(shift, 0)):
                    across[row, column] += of_label[row, column + shift]
        for row in range(rows):
            total[:] = 0
            for other in range(max(row - BLOCKS, 0), min(row + BLOCKS + 1, rows)):
                for column in range(columns):
                    total[column] += across[other, column]
            for column in range(columns):
                words[word, row, column] |= bit if total[column] > 0 else np.uint32(0)
                common[word, row, column] |= bit if total[column] >= most else np.uint32(0)
