"""The boundary masker's loops over planes of pixels, compiled: what each costs beside decoding decides its form.

Images are in one line, pixel `i` of width `w` is in row `i // w`. A plane that is `padded` has one pixel more on each
side, a copy of the outermost. Ranks, keys, cells and flags are those of `kmseg.ranks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.compiled import compiled
from kmseg.maskers.rank_loops import cell_of
from kmseg.maskers.unsure_loops import NEAREST, add_lines, agree, find_structures, look_at, weigh
from kmseg.pixel_loops import color_at
from kmseg.ranks import BLOCK, BLOCKS, EXACT, HOLDS, KNOWN, NEAR, NEVER, NONE, SOFT

FLAT, SOME = 7, 3
"""Of the eight neighbours, so many have the pixel's class: flat ground, some evidence."""

PIECE = 2048
"""Pixels looked up at a time: their colours stay in the nearest cache."""


@compiled
def look_up(line: Any, cells: Any, codes: Any, rank: Any, near: Any, flags: Any) -> Any:
    """Write the rank, the rank if near or else NONE, and the flags of each pixel; return flags of all, and of any.

    `line` holds red, green and blue of pixel after pixel, `codes` the palette's colours by rank. What a pixel takes
    from a cell that HOLDS colours is for `look_up_held` to put right.
    """
    every, some = np.uint8(0xFF), np.uint8(0)
    colors, at = np.empty((2, PIECE), np.uint32)
    entries = np.empty(PIECE, np.uint16)
    for first in range(0, len(rank), PIECE):
        length = min(PIECE, len(rank) - first)
        part = line[3 * first :]
        own, flag, close = rank[first : first + length], flags[first : first + length], near[first : first + length]
        for x in range(length):
            colors[x] = color_at(part, x)
        for x in range(length):
            at[x] = cell_of(colors[x])
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
            of_class, none = own[x], np.uint8(NONE)
            close[x] = of_class if np.uint8(flag[x] & np.uint8(NEAR)) else none
    return every, some


@compiled
def look_up_held(line: Any, codes: Any, rank: Any, near: Any, flags: Any) -> None:
    """Mark the pixels of a colour of the palette in a cell that HOLDS colours."""
    held_code, held_row = -1, -1
    for i in range(len(rank)):
        if not flags[i] & HOLDS:
            continue
        code = int(color_at(line, i))
        if code != held_code:
            held_code, held_row = code, -1
            for row in range(len(codes)):
                if codes[row] == code:
                    held_row = row
        if held_row >= 0:
            rank[i], near[i], flags[i] = held_row, held_row, SOFT | NEAR | EXACT | KNOWN
        else:
            flags[i] &= ~EXACT


@compiled
def mend(
    line: Any,
    width: int,
    reach: int,
    price: int,
    gain: int,
    quarters: Any,
    structures: Any,
    near: Any,
    flags: Any,
    some: int,
    rank: Any,
) -> None:
    """Give the unsure pixels of the plane `rank` their class, in place; `some` are the flags of any pixel."""
    size, height = len(rank), len(rank) // width
    flat, evidence, low, high, exact, plane = np.empty((6, size), np.uint8)
    padded = np.empty((height + 2) * (width + 2), np.uint8)
    pad(near, width, padded)
    settle(padded, width, flat, evidence)
    extremes(flat, width, reach, plane, low, high)
    exact[:] = 0
    if some & EXACT:
        for i in range(size):
            plane[i] = flags[i] & np.uint8(EXACT)
        lowest(plane, width, 1, exact)
    at = np.empty(size + 1, np.int32)
    at = at[: unsure(rank, low, high, flags, flat, exact, at)]
    if not len(at):
        return
    thin, clear, first, second = np.empty((4, len(at)), np.int32)
    seen, ranks = np.empty((3, len(at)), np.int32), np.empty((4, len(at)), np.int32)
    places = np.empty((2, len(at)), np.int32)
    look_at(at, line, width, low, high, near, rank, seen, ranks, places)
    find_structures(seen, ranks, places[0], quarters, structures, thin, clear)
    for i in range(size):
        plane[i] = near[i]
    for n in range(len(at)):
        plane[at[n]] = clear[n] if thin[n] < NEVER and clear[n] != NONE else plane[at[n]]
    pad(plane, width, padded)
    add_lines(at, clear, padded, width, evidence)
    rows, columns, count = -(-height // BLOCK), -(-width // BLOCK), (quarters.shape[1] + 31) // 32
    words = np.zeros((count, rows, columns), np.uint32)
    gather(evidence, width, words)
    weigh(seen, ranks, places[1], words.reshape((count, rows * columns)), quarters, price, thin, first, second)
    for n in range(len(at)):
        rank[at[n]] = first[n] & 0xFF if first[n] < NEVER else ranks[NEAREST, n]
    pad(rank, width, padded)
    agree(at, first, second, gain, padded, width, rank)


@compiled
def pad(plane: Any, width: int, padded: Any) -> None:
    """Write a plane with its outermost pixels repeated on each side."""
    around, height = width + 2, len(plane) // width
    for y in range(height + 2):
        row, out = plane[min(max(y - 1, 0), height - 1) * width :], padded[y * around :]
        out[0], out[width + 1] = row[0], row[width - 1]
        for x in range(width):
            out[x + 1] = row[x]


@compiled
def settle(padded: Any, width: int, flat: Any, evidence: Any) -> None:
    """Write the class of the pixels that lie on flat ground, and of those with some evidence around; else NONE.

    (Only sums that are cut to a byte at each step, and choices between what was read before, become vectors of bytes.)
    """
    around = width + 2
    for y in range(len(flat) // width):
        above, row, below = padded[y * around :], padded[(y + 1) * around :], padded[(y + 2) * around :]
        ground, some = flat[y * width : (y + 1) * width], evidence[y * width : (y + 1) * width]
        for x in range(width):
            own = row[x + 1]
            same = np.uint8(np.uint8(above[x] == own) + np.uint8(above[x + 1] == own))
            same = np.uint8(same + np.uint8(above[x + 2] == own))
            same = np.uint8(same + np.uint8(row[x] == own))
            same = np.uint8(same + np.uint8(row[x + 2] == own))
            same = np.uint8(same + np.uint8(below[x] == own))
            same = np.uint8(same + np.uint8(below[x + 1] == own))
            ground[x] = np.uint8(same + np.uint8(below[x + 2] == own))
        for x in range(width):
            own, same = row[x + 1], ground[x]
            some[x] = own if same >= SOME else np.uint8(NONE)
        for x in range(width):
            own, same = row[x + 1], ground[x]
            ground[x] = own if same >= FLAT else np.uint8(NONE)


@compiled
def extremes(flat: Any, width: int, reach: int, plane: Any, low: Any, high: Any) -> None:
    """Write the lowest and the highest class with flat ground in reach, or NONE twice; `plane` is overwritten.

    A third in between is overlooked: 0.1 % of the unsure pixels of real labels have one.
    """
    top = np.uint8(NONE - 1)
    lowest(flat, width, reach, low)
    for i in range(len(flat)):
        plane[i] = np.uint8(top - flat[i])  # NONE comes out above the top, and so it stays
    lowest(plane, width, reach, high)
    for i in range(len(flat)):
        high[i] = np.uint8(top - high[i])


@compiled
def lowest(plane: Any, width: int, reach: int, out: Any) -> None:
    """Write the lowest of the (2 reach + 1) x (2 reach + 1) pixels around each, as far as they lie in the image.

    The lowest of 2, 4, 8, ... pixels come one from the other, along the rows and then along the columns.
    """
    height, window, around = len(plane) // width, 2 * reach + 1, width + 2 * reach
    source, target = np.empty((2, around * (height + 2 * reach)), np.uint8)
    source[:] = 0xFF
    for y in range(height):
        row, inner = plane[y * width :], source[(y + reach) * around + reach :]
        for x in range(width):
            inner[x] = row[x]
    for step in (1, around):
        span = 1
        while span < window:
            shift = min(span, window - span)
            _lower(source, source[shift * step :], target)
            source, target = target, source
            span += shift
    for y in range(height):
        row, result = source[y * around :], out[y * width :]
        for x in range(width):
            result[x] = row[x]


@compiled
def _lower(ones: Any, others: Any, out: Any) -> None:
    """Write the lower of two planes' pixels, as far as the second goes."""
    for i in range(len(others)):
        one, two = ones[i], others[i]
        out[i] = one if one < two else two


@compiled
def unsure(rank: Any, low: Any, high: Any, flags: Any, flat: Any, exact: Any, at: Any) -> int:
    """Write which pixels are to be weighed; return how many. `exact` tells those exact with all their neighbours."""
    doubts = np.empty(len(rank), np.uint8)
    for i in range(len(rank)):
        free = np.uint8(rank[i] == low[i]) | np.uint8(rank[i] == high[i])
        sure = free & np.uint8(flags[i] & np.uint8(SOFT) != 0) | np.uint8(flat[i] != NONE) | np.uint8(exact[i] != 0)
        doubts[i] = sure ^ np.uint8(1)
    count, eights = 0, doubts[: len(rank) // 8 * 8].view(np.uint64)
    for eight in range(len(eights)):
        if eights[eight]:
            for i in range(8 * eight, 8 * eight + 8):
                at[count] = i
                count += int(doubts[i])
    for i in range(8 * len(eights), len(rank)):
        at[count] = i
        count += int(doubts[i])
    return count


@compiled
def gather(evidence: Any, width: int, words: Any) -> None:
    """Set the bits of the classes with evidence in each block and the blocks around it, `(words, rows, columns)`."""
    count, rows, columns = words.shape
    bits, across = np.zeros(columns * BLOCK, np.uint32), np.zeros((rows, columns), np.uint32)
    for word in range(count):
        across[:] = 0
        for row in range(rows):
            bits[:] = 0
            for y in range(row * BLOCK, min((row + 1) * BLOCK, len(evidence) // width)):
                line = evidence[y * width : (y + 1) * width]
                for x in range(width):
                    here = np.uint32(np.uint32(line[x]) >> np.uint32(5) == np.uint32(word))
                    bits[x] |= here << (np.uint32(line[x]) & np.uint32(31))
            for column in range(columns):
                own = np.uint32(0)
                for x in range(column * BLOCK, (column + 1) * BLOCK):
                    own |= bits[x]
                for other in range(max(column - BLOCKS, 0), min(column + BLOCKS + 1, columns)):
                    across[row, other] |= own
        for row in range(rows):
            for other in range(max(row - BLOCKS, 0), min(row + BLOCKS + 1, rows)):
                for column in range(columns):
                    words[word, row, column] |= across[other, column]
