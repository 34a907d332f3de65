"""The boundary masker's loops over pixels, compiled: what each costs beside the decoding of the image decides its form.

Images are in one line, pixel `i` of width `w` is in row `i // w`. A plane that is `padded` has one pixel more on each
side, a copy of the outermost. Ranks, keys, cells and flags are those of `kmseg.ranks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.compiled import compiled
from kmseg.maskers.rank_loops import cell_of, cost_of, features_of, level, luma_of, structure
from kmseg.pixel_loops import color_at
from kmseg.ranks import BLOCK, BLOCKS, EXACT, HOLDS, KNOWN, NEAR, NEVER, NONE, SOFT, UNIT

FLAT, SOME = 7, 3
"""Of the eight neighbours, so many have the pixel's class: flat ground, some evidence."""

LINE = 2
"""A pixel within a one-pixel line has two neighbours of its class."""

FULL = 4
"""More agreeing neighbours than these four count no more."""

PIECE = 2048
"""Pixels looked up at a time: their colours stay in the nearest cache."""

CONTRAST = 20
"""Levels of luma between a thin structure and its ground; ripples of JPEG are mostly below."""


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
    held_code, held_row = np.int64(-1), np.int64(-1)
    for i in range(len(rank)):
        if not flags[i] & HOLDS:
            continue
        code = np.int64(color_at(line, i))
        if code != held_code:
            held_code, held_row = code, np.int64(-1)
            for row in range(len(codes)):
                if codes[row] == code:
                    held_row = row
        if held_row >= 0:
            rank[i], near[i], flags[i] = held_row, held_row, SOFT | NEAR | EXACT | KNOWN
        else:
            flags[i] &= ~EXACT


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
def unsure(rank: Any, low: Any, high: Any, flags: Any, flat: Any, exact: Any, at: Any) -> int:
    """Write which pixels are to be weighed; return how many. `exact` tells those exact with all their neighbours."""
    doubts = np.empty(len(rank), np.uint8)
    for i in range(len(rank)):
        free = np.uint8(rank[i] == low[i]) | np.uint8(rank[i] == high[i])
        sure = free & np.uint8(flags[i] & np.uint8(SOFT) != 0) | np.uint8(flat[i] != NONE) | np.uint8(exact[i] != 0)
        doubts[i] = sure ^ np.uint8(1)
    count = 0
    for i in range(len(rank)):
        at[count] = i
        count += np.int64(doubts[i])
    return count


@compiled
def find_structures(
    at: Any,
    line: Any,
    low: Any,
    high: Any,
    quarters: Any,
    structures: Any,
    near: Any,
    marked: Any,
    thin: Any,
    clear: Any,
) -> None:
    """Write the unsure pixels' keys as thin structures on the only free ground, or NEVER, and their class if clear.

    A pixel near a class's colour is clear, and has no key. Clear classes are written into the plane `marked`, too.
    What the table `structures` lacks is worked out on the way.
    """
    for n in range(len(at)):
        i = at[n]
        thin[n], clear[n] = NEVER, NONE
        ground = np.int64(low[i])
        if ground != high[i] or ground == NONE:
            continue
        if near[i] != NONE:
            clear[n] = near[i]
            continue
        red, green, blue = np.int64(line[3 * i]), np.int64(line[3 * i + 1]), np.int64(line[3 * i + 2])
        if abs(luma_of(red, green, blue) - quarters[0, ground]) <= 4 * CONTRAST:
            continue
        cell = np.int64(cell_of(np.uint32(red << 16 | green << 8 | blue)))
        entry = np.int64(structures[ground << 18 | cell])
        if entry == 0:
            entry = structure(ground, cell, quarters)
            structures[ground << 18 | cell] = entry
        thin[n] = entry & 0x3FFFFFFF
        if entry >> 31:
            marked[i] = clear[n] = entry & 0xFF


@compiled
def add_lines(at: Any, clear: Any, padded: Any, width: int, evidence: Any) -> None:
    """Write the thin structures that have neighbours of their class into the plane `evidence`.

    `padded` is the plane of near classes with the clear structures.
    """
    for n in range(len(at)):
        if clear[n] != NONE and _votes(padded, width, at[n], clear[n]) >= LINE:
            evidence[at[n]] = clear[n]


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


@compiled
def weigh(
    at: Any,
    line: Any,
    width: int,
    low: Any,
    high: Any,
    words: Any,
    quarters: Any,
    price: int,
    thin: Any,
    rank: Any,
    keys: Any,
) -> None:
    """Write the lowest two keys `(2, n)` of the unsure pixels, and the rank of the lowest into the plane `rank`.

    The candidates are the free classes, the lowest and the highest; the nearest of the classes with evidence around, at
    a price; and the thin structure, if its class is around, at the same. `rank` holds the nearest of all classes: most
    often it is around, and no other need be looked at.
    """
    for n in range(len(at)):
        i = at[n]
        red, green, blue = np.int64(line[3 * i]), np.int64(line[3 * i + 1]), np.int64(line[3 * i + 2])
        seen = features_of(red, green, blue)
        nearest, one, two = np.int64(rank[i]), np.int64(low[i]), np.int64(high[i])
        y = i // np.int32(width)
        row, column = y // BLOCK, (i - y * width) // BLOCK
        free, worse = np.int64(NEVER), np.int64(NEVER)
        if one != NONE:
            free = cost_of(seen, quarters, one) << 8 | one
        if one != two:
            worse = cost_of(seen, quarters, two) << 8 | two
            free, worse = min(free, worse), max(free, worse)

        other = (cost_of(seen, quarters, nearest) << 8 | nearest) + price
        if not _is_around(words, row, column, nearest):
            other = _nearest_around(seen, quarters, words, row, column) + price if other < free else np.int64(NEVER)
        structure = np.int64(thin[n])
        if structure < NEVER and _is_around(words, row, column, structure & 0xFF):
            other = min(other, structure + price)

        if one != two and other < free:
            mixture = _mixture(seen, quarters, one, two) << 8 | free & 0xFF
            if mixture < other:
                free = mixture
        first, other = min(free, other), max(free, other)
        keys[0, n] = first if first < NEVER else nearest
        keys[1, n] = min(other, worse)
        rank[i] = keys[0, n] & 0xFF


@compiled
def agree(at: Any, keys: Any, gain: int, padded: Any, width: int, rank: Any) -> None:
    """Where the lowest two keys are close, give the pixel the answer that more neighbours join; `padded` is `rank`."""
    for n in range(len(at)):
        first, second = np.int64(keys[0, n]), np.int64(keys[1, n])
        if second >= NEVER or second - first >= (FULL * gain) << 8:
            continue
        for_first = min(_votes(padded, width, at[n], np.uint8(first & 0xFF)), FULL)
        for_second = min(_votes(padded, width, at[n], np.uint8(second & 0xFF)), FULL)
        if (for_second - for_first) * gain > (second >> 8) - (first >> 8):
            rank[at[n]] = second & 0xFF


@compiled
def _votes(padded: Any, width: int, i: int, answer: Any) -> int:
    """Count how many of a pixel's eight neighbours in a padded plane have an answer."""
    around = width + 2
    at = i + 2 * (i // np.int32(width)) + around + 1
    votes = 0
    for step in (-around, 0, around):
        for x in range(at + step - 1, at + step + 2):
            votes += np.int64(padded[x] == answer)
    return votes - np.int64(padded[at] == answer)


@compiled
def _is_around(words: Any, row: int, column: int, rank: int) -> bool:
    """Tell whether a class has evidence in the blocks around."""
    return words[rank >> 5, row, column] >> np.uint32(rank & 31) & np.uint32(1) != 0


@compiled
def _nearest_around(seen: Any, quarters: Any, words: Any, row: int, column: int) -> int:
    """Return the key of the nearest of the classes around, or NEVER."""
    best = np.int64(NEVER)
    for rank in range(quarters.shape[1]):
        if _is_around(words, row, column, rank):
            best = min(best, cost_of(seen, quarters, rank) << 8 | rank)
    return best


@compiled
def _mixture(seen: Any, quarters: Any, low: int, high: int) -> int:
    """Return the cost of the best mixture of two classes, in single precision."""
    way = (
        level(quarters[0, high] - quarters[0, low]),
        level(quarters[1, high] - quarters[1, low]),
        level(quarters[2, high] - quarters[2, low]),
    )
    off = level(seen[0] - quarters[0, low]), level(seen[1] - quarters[1, low]), level(seen[2] - quarters[2, low])
    length = way[0] * way[0] + way[1] * way[1] + way[2] * way[2]
    share = np.float32(0)
    if length > 0:
        share = np.float32((off[0] * way[0] + off[1] * way[1] + off[2] * way[2]) / length)
        share = min(max(share, np.float32(0)), np.float32(1))
    luma, blue, red = off[0] - share * way[0], off[1] - share * way[1], off[2] - share * way[2]
    return np.int64(np.float32(UNIT) * (luma * luma + blue * blue + red * red))
