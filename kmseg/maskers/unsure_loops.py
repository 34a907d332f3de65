"""The boundary masker's loops over the list of unsure pixels, compiled.

Pixel `n` of the list is pixel `at[n]` of the image. Each loop does one small thing to the whole list, so that eight
pixels are worked on at once: a loop that does everything to one pixel after the other spends its time on branches that
no processor foresees. Hence also the many casts: only what stays in 32 bits is done eightfold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.compiled import compiled
from kmseg.maskers.rank_loops import cell_of, feature_of, level, structure
from kmseg.ranks import BLOCK, BLUE, LUMA, NEVER, NONE, RED, UNIT

LOW, HIGH, NEAR, NEAREST = 0, 1, 2, 3
"""Rows of the ranks of unsure pixels: the free classes, the class that the pixel is near, the nearest of all."""

CONTRAST = 20
"""Levels of luma between a thin structure and its ground; ripples of JPEG are mostly below."""

LINE = 2
"""A pixel within a one-pixel line has two neighbours of its class."""

FULL = 4
"""More agreeing neighbours than these four count no more."""


@compiled
def look_at(
    at: Any,
    line: Any,
    width: int,
    low: Any,
    high: Any,
    near: Any,
    rank: Any,
    seen: Any,
    ranks: Any,
    places: Any,
) -> None:
    """Write luma and chroma `(3, n)` in quarters, four ranks `(4, n)`, and colours' cells and blocks `(2, n)`.

    A block is known by its number, row after row.
    """
    cells, blocks = places
    count, columns = len(at), (width + BLOCK - 1) // BLOCK
    reds, greens, blues = np.empty((3, count), np.int32)
    lows, highs, nears, nearest = ranks[LOW], ranks[HIGH], ranks[NEAR], ranks[NEAREST]
    for n in range(count):
        pixel = np.uint32(at[n])
        lows[n], highs[n], nears[n], nearest[n] = low[pixel], high[pixel], near[pixel], rank[pixel]
    for n in range(count):
        byte = np.uint32(np.uint32(at[n]) * np.uint32(3))
        reds[n], greens[n], blues[n] = line[byte], line[byte + np.uint32(1)], line[byte + np.uint32(2)]
    start, end, first = 0, 0, 0
    for n in range(count):
        i = int(at[n])
        if i >= end:
            y = i // width
            start, end, first = y * width, (y + 1) * width, y // BLOCK * columns
        blocks[n] = first + (i - start) // BLOCK
    for n in range(count):
        seen[0, n] = feature_of(reds[n], greens[n], blues[n], LUMA)
        seen[1, n] = feature_of(reds[n], greens[n], blues[n], BLUE)
        seen[2, n] = feature_of(reds[n], greens[n], blues[n], RED)
    for n in range(count):
        cells[n] = cell_of(np.uint32(reds[n] << 16 | greens[n] << 8 | blues[n]))


@compiled
def find_structures(seen: Any, ranks: Any, cells: Any, quarters: Any, structures: Any, thin: Any, clear: Any) -> None:
    """Write the keys of pixels with one free class as thin structures on it, or NEVER, and their class if clear.

    A pixel near a class's colour is clear, and has no key. What the table `structures` lacks is worked out on the way.
    """
    count, last = len(cells), np.int32(quarters.shape[1] - 1)
    doubtful = np.empty(count, np.uint8)
    for n in range(count):
        ground, near = ranks[LOW, n], ranks[NEAR, n]
        lonely = np.int32(ground == ranks[HIGH, n]) & np.int32(ground != np.int32(NONE))
        apart = np.int32(seen[0, n] - quarters[0, min(ground, last)])
        contrast = np.int32(apart > np.int32(4 * CONTRAST)) | np.int32(apart < np.int32(-4 * CONTRAST))
        doubtful[n] = np.uint8(lonely & np.int32(near == np.int32(NONE)) & contrast)
        clear[n] = near if lonely else np.int32(NONE)
        thin[n] = np.int32(NEVER)
    for n in _numbers_of(doubtful):
        ground, cell = int(ranks[LOW, n]), int(cells[n])
        entry = int(structures[ground << 18 | cell])
        if entry == 0:
            entry = structure(ground, cell, quarters)
            structures[ground << 18 | cell] = entry
        thin[n] = entry & 0x3FFFFFFF
        clear[n] = entry & 0xFF if entry >> 31 else NONE


@compiled
def add_lines(at: Any, clear: Any, padded: Any, width: int, evidence: Any) -> None:
    """Write the thin structures that have neighbours of their class into the plane `evidence`.

    `padded` is the plane of near classes with the clear structures.
    """
    held = np.empty(len(at), np.uint8)
    for n in range(len(at)):
        held[n] = np.uint8(clear[n] != np.int32(NONE))
    for n in _numbers_of(held):
        if _votes(padded, width, at[n], np.uint8(clear[n])) >= LINE:
            evidence[at[n]] = clear[n]


@compiled
def weigh(
    seen: Any, ranks: Any, blocks: Any, words: Any, quarters: Any, price: int, thin: Any, first: Any, second: Any
) -> None:
    """Write the lowest two keys of the unsure pixels, or NEVER.

    The candidates are the free classes, the lowest and the highest; the nearest of the classes with evidence around, at
    a price; and the thin structure, if its class is around, at the same. The nearest of all classes is most often
    around, and then no other is looked at. `words` `(words, blocks)` are those of `gather`.
    """
    count, k, never, cost = len(blocks), quarters.shape[1], np.int32(NEVER), np.int32(price)
    nearest_around, nearest, low, high = np.empty((4, count), np.int32)
    nearest_is_around, thin_is_around = np.empty((2, count), np.uint32)
    around = np.empty(count, np.uint32)
    nearest_around[:], nearest_is_around[:], thin_is_around[:] = never, 0, 0
    for word in range(len(words)):
        present, of_word = np.uint32(0), words[word]
        for n in range(count):
            around[n] = of_word[np.uint32(blocks[n])]
        for n in range(count):
            present |= around[n]
            _note_whether_around(around[n], word, ranks[NEAREST, n], nearest_is_around, n)
            _note_whether_around(around[n], word, thin[n] & np.int32(0xFF), thin_is_around, n)
        for rank in range(32 * word, min(32 * word + 32, k)):
            if present >> np.uint32(rank & 31) & np.uint32(1):
                _take_the_lower(seen, quarters, rank, around, nearest_around)
    _keys(seen, quarters, ranks[NEAREST], nearest)
    _keys(seen, quarters, ranks[LOW], low)
    _keys(seen, quarters, ranks[HIGH], high)
    for n in range(count):
        free, worse = min(low[n], high[n]), max(low[n], high[n])
        worse = never if ranks[LOW, n] == ranks[HIGH, n] else worse
        own, other = np.int32(nearest[n] + cost), np.int32(nearest_around[n] + cost)
        other = other if own < free else never
        other = own if nearest_is_around[n] else other
        as_thin = np.int32(thin[n] + cost)
        as_thin = as_thin if thin_is_around[n] else never
        as_thin = as_thin if thin[n] < never else never
        first[n], second[n], nearest[n] = free, worse, min(other, as_thin)
    _mixtures(seen, quarters, ranks, nearest, first)
    for n in range(count):
        free, other, worse = first[n], nearest[n], second[n]
        first[n] = min(free, other)
        other = max(free, other)
        second[n] = min(other, worse)


@compiled
def _note_whether_around(around: Any, word: int, rank: Any, is_around: Any, n: int) -> None:
    """Set entry `n` to 1 if the rank's class is among those `around`, which are those of one word."""
    there = around >> (np.uint32(rank) & np.uint32(31))
    is_around[n] |= there & np.uint32(np.uint32(rank) >> np.uint32(5) == np.uint32(word))


@compiled
def _take_the_lower(seen: Any, quarters: Any, rank: int, around: Any, keys: Any) -> None:
    """Take the key of a class for that of each pixel that it is around of, where it is the lower."""
    luma, blue, red = quarters[0, rank], quarters[1, rank], quarters[2, rank]
    bit, name, never = np.uint32(rank & 31), np.int32(rank), np.int32(NEVER)
    for n in range(len(keys)):
        key = _key(seen[0, n] - luma, seen[1, n] - blue, seen[2, n] - red, name)
        key = key if np.uint32(around[n] >> bit) & np.uint32(1) else never
        held = keys[n]
        keys[n] = key if key < held else held


@compiled
def _keys(seen: Any, quarters: Any, ranks: Any, keys: Any) -> None:
    """Write the key of each pixel's class, or NEVER where its rank is NONE."""
    last, none, never = np.int32(quarters.shape[1] - 1), np.int32(NONE), np.int32(NEVER)
    lumas, blues, reds = quarters[0], quarters[1], quarters[2]
    for n in range(len(keys)):
        rank = ranks[n]
        at = np.uint32(rank if rank < last else last)
        key = _key(seen[0, n] - lumas[at], seen[1, n] - blues[at], seen[2, n] - reds[at], rank)
        keys[n] = never if rank == none else key


@compiled
def _key(luma: Any, blue: Any, red: Any, rank: Any) -> Any:
    """Return the key of a class that is so far off in each feature; in 32 bits."""
    luma, blue, red = np.int32(luma), np.int32(blue), np.int32(red)
    cost = np.int32(np.int32(np.int32(luma * luma) + np.int32(blue * blue)) + np.int32(red * red))
    return np.int32(np.int32(cost << np.int32(8)) | np.int32(rank))


@compiled
def _mixtures(seen: Any, quarters: Any, ranks: Any, others: Any, keys: Any) -> None:
    """Lower the keys of pixels whose two free classes' mixture costs less than the other answer; in single precision.

    The mixture goes to the class of the key, which is the nearer.
    """
    count, unit = len(keys), np.float32(UNIT)
    doubtful = np.empty(count, np.uint8)
    for n in range(count):
        doubtful[n] = np.uint8(np.int32(ranks[LOW, n] != ranks[HIGH, n]) & np.int32(others[n] < keys[n]))
    for n in _numbers_of(doubtful):
        low, high = ranks[LOW, n], ranks[HIGH, n]
        luma, off_luma = level(quarters[0, high] - quarters[0, low]), level(seen[0, n] - quarters[0, low])
        blue, off_blue = level(quarters[1, high] - quarters[1, low]), level(seen[1, n] - quarters[1, low])
        red, off_red = level(quarters[2, high] - quarters[2, low]), level(seen[2, n] - quarters[2, low])
        length = luma * luma + blue * blue + red * red
        share = np.float32(0)
        if length > 0:
            share = (off_luma * luma + off_blue * blue + off_red * red) / length
            share = min(max(share, np.float32(0)), np.float32(1))
        luma, blue, red = off_luma - share * luma, off_blue - share * blue, off_red - share * red
        mixture = np.int64(unit * (luma * luma + blue * blue + red * red)) << 8 | np.int64(keys[n]) & 0xFF
        if mixture < others[n]:
            keys[n] = mixture


@compiled
def _numbers_of(chosen: Any) -> Any:
    """Return which entries of a list of 0 and 1 are 1."""
    found, many = np.empty(len(chosen) + 1, np.int32), 0
    for n in range(len(chosen)):
        found[many] = n
        many += int(chosen[n])
    return found[:many]


@compiled
def agree(at: Any, first: Any, second: Any, gain: int, padded: Any, width: int, rank: Any) -> None:
    """Where the lowest two keys are close, give the pixel the answer that more neighbours join; `padded` is `rank`."""
    count, most, never = len(at), np.int32((FULL * gain) << 8), np.int32(NEVER)
    close = np.empty(count, np.uint8)
    for n in range(count):
        close[n] = np.uint8(np.int32(second[n] < never) & np.int32(np.int32(second[n] - first[n]) < most))
    for n in _numbers_of(close):
        one, two = np.int64(first[n]), np.int64(second[n])
        for_one = min(_votes(padded, width, at[n], np.uint8(one & 0xFF)), FULL)
        for_two = min(_votes(padded, width, at[n], np.uint8(two & 0xFF)), FULL)
        if (for_two - for_one) * gain > (two >> 8) - (one >> 8):
            rank[at[n]] = two & 0xFF


@compiled
def _votes(padded: Any, width: int, i: int, answer: Any) -> Any:
    """Count how many of a pixel's eight neighbours in a padded plane have an answer."""
    one, two, around = np.uint64(1), np.uint64(2), np.uint64(width + 2)
    above = np.uint64(i + 2 * (i // np.int32(width)))  # the neighbour above to the left
    row = above + around
    below = row + around
    votes = np.uint8(padded[above] == answer) + np.uint8(padded[above + one] == answer)
    votes += np.uint8(padded[above + two] == answer) + np.uint8(padded[row] == answer)
    votes += np.uint8(padded[row + two] == answer) + np.uint8(padded[below] == answer)
    return np.int64(votes + np.uint8(padded[below + one] == answer) + np.uint8(padded[below + two] == answer))
