"""The boundary masker's loops over the list of uncertain pixels, compiled.

Pixel `n` of the list is pixel `at[n]` of the image. Each loop does one small thing to the whole list, so that eight
pixels are worked on at once: a loop that does everything to one pixel after the other spends its time on branches that
no processor foresees. Hence also the many casts: only what stays in 32 bits is done eightfold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.boundary.label_table import BLOCK, INFINITE_COST, NO_LABEL, UNIT
from kmseg.maskers.boundary.table_kernels import color_cell, feature, level, structure
from kmseg.pixels.arrays import I32Plane, I32Vector, Integer, U8Vector, U32Plane, U32Vector
from kmseg.pixels.jit import compiled
from kmseg.pixels.luma_chroma import BLUE, LUMA, RED

LOW, HIGH, NEAR, NEAREST = 0, 1, 2, 3
"""Rows of the labels of uncertain pixels: the local classes, the class that the pixel is near, the nearest of all."""

CONTRAST = 20
"""Levels of luma between a thin structure and its background; ripples of JPEG are mostly below."""

LINE = 2
"""A pixel within a one-pixel line has two neighbors of its class."""

RARE = 4
"""Times the penalty of a class that is common nearby that one with little evidence pays: the color must speak for it.
With 2, 4 and 8 the mean IoU of 11 damaged sets differs by less than 0.001."""

FULL = 4
"""More agreeing neighbors than these four count no more."""


@compiled
def gather_features(
    at: I32Vector,
    line: U8Vector,
    width: int,
    low: U8Vector,
    high: U8Vector,
    near: U8Vector,
    label: U8Vector,
    seen: I32Plane,
    labels: I32Plane,
    places: I32Plane,
) -> None:
    """Gather what the next steps need of the uncertain pixels into contiguous vectors.

    Parameters
    ----------
    at : ndarray of shape (n,), int32
        Places of the uncertain pixels, ascending.
    line : ndarray of shape (3 H W,), uint8
        Red, green and blue of pixel after pixel.
    width : int
        Pixels of a row.
    low, high, near, label : ndarray of shape (H W,), uint8
        The local classes, the class that a pixel is near, and the nearest.
    seen : ndarray of shape (3, n), int32
        Written: luma and chroma, in quarters of a level.
    labels : ndarray of shape (4, n), int32
        Written: the classes, rows LOW, HIGH, NEAR, NEAREST.
    places : ndarray of shape (2, n), int32
        Written: the cell of the color, and the number of the block, row after row of blocks.
    """
    cells, blocks = places[0], places[1]
    count, columns = len(at), (width + BLOCK - 1) // BLOCK
    rgb = np.empty((3, count), np.int32)
    reds, greens, blues = rgb[0], rgb[1], rgb[2]
    lows, highs, nears, nearest = labels[LOW], labels[HIGH], labels[NEAR], labels[NEAREST]
    for n in range(count):
        pixel = np.uint32(at[n])
        lows[n], highs[n], nears[n], nearest[n] = low[pixel], high[pixel], near[pixel], label[pixel]
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
        seen[0, n] = feature(reds[n], greens[n], blues[n], LUMA)
        seen[1, n] = feature(reds[n], greens[n], blues[n], BLUE)
        seen[2, n] = feature(reds[n], greens[n], blues[n], RED)
    for n in range(count):
        cells[n] = color_cell(np.uint32(reds[n] << 16 | greens[n] << 8 | blues[n]))


@compiled
def fit_thin_structures(
    seen: I32Plane,
    labels: I32Plane,
    cells: I32Vector,
    quarters: I32Plane,
    structures: U32Vector,
    thin: I32Vector,
    clear: I32Vector,
) -> None:
    """Fit pixels as thin structures on their one local class.

    A pixel that is near a class's color is clear and has no packed cost.

    Parameters
    ----------
    seen : ndarray of shape (3, n), int32
        Luma and chroma, in quarters of a level.
    labels : ndarray of shape (4, n), int32
        The classes, rows LOW, HIGH, NEAR, NEAREST.
    cells : ndarray of shape (n,), int32
        The cells of the colors.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    structures : ndarray of shape (k << 18,), uint32
        `LabelTable.structures`; entries that are missing are filled in.
    thin : ndarray of shape (n,), int32
        Written: packed cost of the best fit, INFINITE_COST where there is none.
    clear : ndarray of shape (n,), int32
        Written: the class where it is clear, else NO_LABEL.
    """
    count, last = len(cells), np.int32(quarters.shape[1] - 1)
    doubtful = np.empty(count, np.uint8)
    for n in range(count):
        background, near = labels[LOW, n], labels[NEAR, n]
        single_local = np.int32(background == labels[HIGH, n]) & np.int32(background != np.int32(NO_LABEL))
        apart = np.int32(seen[0, n] - quarters[0, min(background, last)])
        contrast = np.int32(apart > np.int32(4 * CONTRAST)) | np.int32(apart < np.int32(-4 * CONTRAST))
        doubtful[n] = np.uint8(single_local & np.int32(near == np.int32(NO_LABEL)) & contrast)
        clear[n] = near if single_local else np.int32(NO_LABEL)
        thin[n] = np.int32(INFINITE_COST)
    for n in indices_where(doubtful):
        background, cell = int(labels[LOW, n]), int(cells[n])
        entry = int(structures[background << 18 | cell])
        if entry == 0:
            entry = structure(background, cell, quarters)
            structures[background << 18 | cell] = entry
        thin[n] = entry & 0x3FFFFFFF
        clear[n] = entry & 0xFF if entry >> 31 else NO_LABEL


@compiled
def add_line_support(at: I32Vector, clear: I32Vector, padded: U8Vector, width: int, evidence: U8Vector) -> None:
    """Add the thin structures that have LINE neighbors of their class to the evidence.

    Parameters
    ----------
    at : ndarray of shape (n,), int32
        Places of the uncertain pixels.
    clear : ndarray of shape (n,), int32
        Their class where it is clear, else NO_LABEL.
    padded : ndarray of shape ((H + 2) (W + 2),), uint8
        Near classes with the clear structures, padded.
    width : int
        Pixels of a row, without the padding.
    evidence : ndarray of shape (H W,), uint8
        Changed in place.
    """
    held = np.empty(len(at), np.uint8)
    for n in range(len(at)):
        held[n] = np.uint8(clear[n] != np.int32(NO_LABEL))
    for n in indices_where(held):
        if votes(padded, width, at[n], np.uint8(clear[n])) >= LINE:
            evidence[at[n]] = clear[n]


@compiled
def unary_costs(
    seen: I32Plane,
    labels: I32Plane,
    blocks: I32Vector,
    words: U32Plane,
    common: U32Plane,
    quarters: I32Plane,
    penalty: int,
    thin: I32Vector,
    first: I32Vector,
    second: I32Vector,
) -> None:
    """Write the lowest two packed costs of the uncertain pixels, or INFINITE_COST.

    The candidates are the local classes, the lowest and the highest; the nearest of the classes that are common nearby,
    at a penalty; and the thin structure, if its class is common nearby, at the same. The nearest of all classes is most
    often common nearby, and then no other is looked at. Nearest and thin structure that have only little evidence
    nearby pay RARE times the penalty.

    Parameters
    ----------
    seen : ndarray of shape (3, n), int32
        Luma and chroma, in quarters of a level.
    labels : ndarray of shape (4, n), int32
        The classes, rows LOW, HIGH, NEAR, NEAREST.
    blocks : ndarray of shape (n,), int32
        The block of each pixel.
    words : ndarray of shape (words, blocks), uint32
        Bits of the classes with evidence in and around each block, from `find_classes_around`.
    common : ndarray of shape (words, blocks), uint32
        Bits of those with more than a little.
    quarters : ndarray of shape (3, k), int32
        Luma and chroma of the palette's colors, in quarters of a level.
    penalty : int
        Packed cost that a class pays which is not local.
    thin : ndarray of shape (n,), int32
        Packed costs as thin structures, from `fit_thin_structures`.
    first, second : ndarray of shape (n,), int32
        Written.
    """
    count, never, cost, rare = len(blocks), np.int32(INFINITE_COST), np.int32(penalty), np.int32(RARE * penalty)
    costs, seen_around = np.empty((4, count), np.int32), np.zeros((4, count), np.uint32)
    nearest_common, nearest, low, high = costs[0], costs[1], costs[2], costs[3]
    nearest_is_around, nearest_is_common = seen_around[0], seen_around[1]
    thin_is_around, thin_is_common = seen_around[2], seen_around[3]
    asked = np.empty(count, np.uint8)
    _packed_costs(seen, quarters, labels[NEAREST], nearest)
    _packed_costs(seen, quarters, labels[LOW], low)
    _packed_costs(seen, quarters, labels[HIGH], high)
    for word in range(len(words)):
        of_word, common_of_word = words[word], common[word]
        for n in range(count):
            nearby, often = of_word[np.uint32(blocks[n])], common_of_word[np.uint32(blocks[n])]
            _note_whether_around(nearby, word, labels[NEAREST, n], nearest_is_around, n)
            _note_whether_around(often, word, labels[NEAREST, n], nearest_is_common, n)
            _note_whether_around(nearby, word, thin[n] & np.int32(0xFF), thin_is_around, n)
            _note_whether_around(often, word, thin[n] & np.int32(0xFF), thin_is_common, n)
    for n in range(count):
        local = min(low[n], high[n])
        is_cheap, is_common = (
            np.int32(np.int32(nearest[n] + cost) < local),
            np.int32(nearest_is_common[n] & np.uint32(1)),
        )
        asked[n] = np.uint8(is_cheap & np.int32(is_common ^ np.int32(1)))
        nearest_common[n] = never
    _nearest_around(indices_where(asked), seen, quarters, blocks, common, nearest_common)
    for n in range(count):
        local, worse = min(low[n], high[n]), max(low[n], high[n])
        worse = never if labels[LOW, n] == labels[HIGH, n] else worse
        own, other = np.int32(nearest[n] + rare), np.int32(nearest_common[n] + cost)
        own = own if nearest_is_around[n] & np.uint32(1) else never
        other = min(other if asked[n] else never, own)
        own = np.int32(nearest[n] + cost)
        other = own if nearest_is_common[n] & np.uint32(1) else other
        as_thin, as_rare = np.int32(thin[n] + cost), np.int32(thin[n] + rare)
        as_rare = as_rare if thin_is_around[n] & np.uint32(1) else never
        as_thin = as_thin if thin_is_common[n] & np.uint32(1) else as_rare
        as_thin = as_thin if thin[n] < never else never
        first[n], second[n], nearest[n] = local, worse, min(other, as_thin)
    _mixtures(seen, quarters, labels, nearest, first)
    for n in range(count):
        local, other, worse = first[n], nearest[n], second[n]
        first[n] = min(local, other)
        other = max(local, other)
        second[n] = min(other, worse)


@compiled
def _note_whether_around(nearby: Integer, word: int, label: Integer, is_around: U32Vector, n: int) -> None:
    """Set the lowest bit of `is_around[n]` if the label's class is among those `nearby`, the bits of one word."""
    there = nearby >> (np.uint32(label) & np.uint32(31))
    is_around[n] |= there & np.uint32(np.uint32(label) >> np.uint32(5) == np.uint32(word))


@compiled
def _nearest_around(
    chosen: I32Vector,
    seen: I32Plane,
    quarters: I32Plane,
    blocks: I32Vector,
    words: U32Plane,
    packed_costs: I32Vector,
) -> None:
    """Write the packed cost of the nearest class with support nearby, for some of the uncertain pixels.

    Parameters
    ----------
    chosen : ndarray of shape (m,), int32
        Which of them.
    seen, quarters, blocks, words : ndarray
        As in `unary_costs`.
    packed_costs : ndarray of shape (n,), int32
        Written for those chosen.
    """
    count, k = len(chosen), quarters.shape[1]
    colors, lowest, nearby = gathered(seen, chosen), np.full(count, INFINITE_COST, np.int32), np.empty(count, np.uint32)
    for word in range(len(words)):
        present, of_word = np.uint32(0), words[word]
        for m in range(count):
            nearby[m] = of_word[np.uint32(blocks[np.uint32(chosen[m])])]
            present |= nearby[m]
        for label in range(32 * word, min(32 * word + 32, k)):
            if present >> np.uint32(label & 31) & np.uint32(1):
                _take_the_lower(colors, quarters, label, nearby, lowest)
    for m in range(count):
        packed_costs[chosen[m]] = lowest[m]


@compiled
def gathered(rows: I32Plane, chosen: I32Vector) -> I32Plane:
    """Return some columns of an array of three rows, `(3, m)`."""
    out = np.empty((3, len(chosen)), np.int32)
    for m in range(len(chosen)):
        n = np.uint32(chosen[m])
        out[0, m], out[1, m], out[2, m] = rows[0, n], rows[1, n], rows[2, n]
    return out


@compiled
def _take_the_lower(seen: I32Plane, quarters: I32Plane, label: int, nearby: U32Vector, packed_costs: I32Vector) -> None:
    """Lower the packed cost `(n,)` of each pixel to that of a class, where the class is nearby and costs less."""
    luma, blue, red = quarters[0, label], quarters[1, label], quarters[2, label]
    bit, name, never = np.uint32(label & 31), np.int32(label), np.int32(INFINITE_COST)
    for n in range(len(packed_costs)):
        packed_cost = _packed_cost(seen[0, n] - luma, seen[1, n] - blue, seen[2, n] - red, name)
        packed_cost = packed_cost if np.uint32(nearby[n] >> bit) & np.uint32(1) else never
        held = packed_costs[n]
        packed_costs[n] = packed_cost if packed_cost < held else held


@compiled
def _packed_costs(seen: I32Plane, quarters: I32Plane, labels: I32Vector, packed_costs: I32Vector) -> None:
    """Write the packed cost `(n,)` of each pixel's class, or INFINITE_COST where its label is NO_LABEL."""
    last, none, never = np.int32(quarters.shape[1] - 1), np.int32(NO_LABEL), np.int32(INFINITE_COST)
    lumas, blues, reds = quarters[0], quarters[1], quarters[2]
    for n in range(len(packed_costs)):
        label = labels[n]
        at = np.uint32(label if label < last else last)
        packed_cost = _packed_cost(seen[0, n] - lumas[at], seen[1, n] - blues[at], seen[2, n] - reds[at], label)
        packed_costs[n] = never if label == none else packed_cost


@compiled
def _packed_cost(luma: Integer, blue: Integer, red: Integer, label: Integer) -> Any:
    """Return the packed cost, int32, of a class that is so far off in each feature, in quarters of a level."""
    luma, blue, red = np.int32(luma), np.int32(blue), np.int32(red)
    cost = np.int32(np.int32(np.int32(luma * luma) + np.int32(blue * blue)) + np.int32(red * red))
    return np.int32(np.int32(cost << np.int32(8)) | np.int32(label))


@compiled
def _mixtures(seen: I32Plane, quarters: I32Plane, labels: I32Plane, others: I32Vector, packed_costs: I32Vector) -> None:
    """Lower the packed costs of pixels that fit a mixture of their two local classes better; in single precision.

    The mixture goes to the class of the packed cost, which is the nearer.

    Parameters
    ----------
    seen, quarters, labels : ndarray
        As in `unary_costs`.
    others : ndarray of shape (n,), int32
        Packed costs of the best class that is not local: only where these are lower is a mixture tried.
    packed_costs : ndarray of shape (n,), int32
        Packed costs of the best local class; changed in place.
    """
    count, unit = len(packed_costs), np.float32(UNIT)
    doubtful = np.empty(count, np.uint8)
    for n in range(count):
        doubtful[n] = np.uint8(np.int32(labels[LOW, n] != labels[HIGH, n]) & np.int32(others[n] < packed_costs[n]))
    for n in indices_where(doubtful):
        low, high = labels[LOW, n], labels[HIGH, n]
        luma, off_luma = level(quarters[0, high] - quarters[0, low]), level(seen[0, n] - quarters[0, low])
        blue, off_blue = level(quarters[1, high] - quarters[1, low]), level(seen[1, n] - quarters[1, low])
        red, off_red = level(quarters[2, high] - quarters[2, low]), level(seen[2, n] - quarters[2, low])
        length = luma * luma + blue * blue + red * red
        share = np.float32(0)
        if length > 0:
            share = (off_luma * luma + off_blue * blue + off_red * red) / length
            share = min(max(share, np.float32(0)), np.float32(1))
        luma, blue, red = off_luma - share * luma, off_blue - share * blue, off_red - share * red
        mixture = np.int64(unit * (luma * luma + blue * blue + red * red)) << 8 | np.int64(packed_costs[n]) & 0xFF
        if mixture < others[n]:
            packed_costs[n] = mixture


@compiled
def indices_where(chosen: U8Vector) -> I32Vector:
    """Return which entries of a vector of 0 and 1 are 1."""
    found, many = np.empty(len(chosen) + 1, np.int32), 0
    for n in range(len(chosen)):
        found[many] = n
        many += int(chosen[n])
    return found[:many]


@compiled
def icm_step(
    at: I32Vector,
    first: I32Vector,
    second: I32Vector,
    smoothness: int,
    padded: U8Vector,
    width: int,
    label: U8Vector,
) -> None:
    """Take the second label where it has the lower energy: one step of iterated conditional modes.

    Parameters
    ----------
    at : ndarray of shape (n,), int32
        Places of the uncertain pixels.
    first, second : ndarray of shape (n,), int32
        Their lowest two packed costs.
    smoothness : int
        Gain for a neighbor of the same class, in the unit of costs.
    padded : ndarray of shape ((H + 2) (W + 2),), uint8
        The labels before the step, padded.
    width : int
        Pixels of a row, without the padding.
    label : ndarray of shape (H W,), uint8
        Changed in place.
    """
    count, most, never = len(at), np.int32((FULL * smoothness) << 8), np.int32(INFINITE_COST)
    close = np.empty(count, np.uint8)
    for n in range(count):
        close[n] = np.uint8(np.int32(second[n] < never) & np.int32(np.int32(second[n] - first[n]) < most))
    for n in indices_where(close):
        one, two = np.int64(first[n]), np.int64(second[n])
        for_one = min(votes(padded, width, at[n], np.uint8(one & 0xFF)), FULL)
        for_two = min(votes(padded, width, at[n], np.uint8(two & 0xFF)), FULL)
        if (for_two - for_one) * smoothness > (two >> 8) - (one >> 8):
            label[at[n]] = two & 0xFF


@compiled
def votes(padded: U8Vector, width: int, i: Integer, answer: Integer) -> Any:
    """Count how many of the eight neighbors of pixel `i` of a padded plane have the label `answer`."""
    one, two, nearby = np.uint64(1), np.uint64(2), np.uint64(width + 2)
    above = np.uint64(first_neighbor(i, width))
    row = above + nearby
    below = row + nearby
    count = np.uint8(padded[above] == answer) + np.uint8(padded[above + one] == answer)
    count += np.uint8(padded[above + two] == answer) + np.uint8(padded[row] == answer)
    count += np.uint8(padded[row + two] == answer) + np.uint8(padded[below] == answer)
    return np.int64(count + np.uint8(padded[below + one] == answer) + np.uint8(padded[below + two] == answer))


@compiled
def first_neighbor(i: Integer, width: int) -> Any:
    """Return where in a padded plane the neighbor above to the left of pixel `i` is, uint32."""
    place = np.uint32(i)  # division without a sign is the faster
    return np.uint32(place + np.uint32(np.uint32(2) * np.uint32(place // np.uint32(width))))
