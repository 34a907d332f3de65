"""What each pixel of a label image says about its color, in compiled loops over blocks of rows.

The planes `(3, h + 2 MARGIN, w + 2 MARGIN)` uint8 are red, green and blue of some rows of an image with what lies
around them; at the image's own edges its outermost pixels are repeated. A block is laid out in one line, so that a
neighbor is a fixed step away and the processor's vectors take whole rows: that is faster than asking only the pixels
in doubt. What is worked out in the margins means nothing and is not counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.discovery.region_kernels import add_row, end_regions
from kmseg.pixels.hash_table import find_slot, reserve
from kmseg.pixels.jit import compiled
from kmseg.pixels.local_range_kernels import block_ranges
from kmseg.pixels.packed_color import pack_rgb
from kmseg.pixels.run_lengths import find_runs

FLAT = 12
"""Levels: a 3x3 neighborhood that range3 by no more holds no edge; JPEG noise stays below it down to quality 50."""

REACH = 4
"""Pixels to either side where a mixture's parents are looked for: clears a ramp that is flat in 3x3."""

NEAR_REACH = 2
"""The same in images of few colors, where a resized rim is one or two pixels wide."""

LINE_TOLERANCE = 6
"""Levels by which a mixture in an image that was only resized may lie off the line between its parents: rounding, and
the overshoot of a bicubic filter in one of them."""

FRAME = 1
"""Outermost rows and columns of a damaged image that are not counted: their 3x3 neighborhood is repeated there, so that
all of them look flat."""

RING_RADIUS = 8
"""Pixels to each side of a core where its surroundings are looked at: clears objects of up to 15 pixels."""

MIN_CONTRAST = 40
"""Levels by which, in some channel, a core exceeds all its surroundings or stays below: above JPEG's ringing."""

MAX_LOCAL_RANGE = 40
"""Levels: a 3x3 neighborhood of a core range3 by no more. The inside of a small object does by 20 to 30 (4:2:0)."""

MARGIN = RING_RADIUS + 1
"""Pixels around the planes; one more than the reach, since a step down and left begins in the row above."""

BLOCK = 3072
"""Pixels of a block, about: what is worked out for it stays in the nearest cache."""

PIECE = 128
"""Pixels that are passed over at once where they have no edge nearby."""

LAST_IMAGE, IMAGES, KINDS, CORES, CORE_IMAGES = 1, 2, 3, 6, 7
"""Columns of a table of damaged images: the one that was counted last; how many; pixels of three kinds; cores of small
objects of this color, and their images. A table of lossless images has five kinds and no cores.

The kinds are: interior (flat in 5x5); flat in 3x3 only; the same between two other colors; not flat; the same between
two other colors."""

COLUMNS = 8

KIND = 25
"""First bit of a word that tells a pixel's kind; below it are its color and a bit that none has."""

UNCOUNTED = np.uint32(1 << 24)
"""The word of pixels that are not counted; as a color it comes after all others."""


SUPPORTED, RIM, FLAT_RIM, INNER_RIM = 1, 2, 3, 4
"""Columns of a table of one image's colors: centers of uniform 3x3 patches; all other pixels; of these, ones whose 3x3
neighborhood is flat, and ones whose 5x5 neighborhood is."""


@compiled
def find_support(planes: Any, table: Any, size: int) -> Any:
    """Count for each color of some rows the centers of uniform 3x3 patches, and its other pixels; return table, size.

    Parameters
    ----------
    planes : uint8 array of shape (3, h + 2 MARGIN, w + 2 MARGIN)
    table : int32 array of shape (2^m, 5)
        Of the image's rows so far.
    size : int
        Colors in it.
    """
    line, width = _line(planes), planes.shape[2]
    range3, range5 = np.empty(width, np.uint8), np.empty(width, np.uint8)
    colors, work = np.empty(width, np.uint32), np.empty((3, width + 4), np.uint8)
    for y in range(MARGIN, planes.shape[1] - MARGIN):
        block_ranges(line, y * width, width, range3, range5, work)
        _pack(line, y * width, colors)
        table = reserve(table, size, width)
        size = _add_support(colors, range3, range5, table, size)
    return table, size


@compiled
def _add_support(colors: Any, range3: Any, range5: Any, table: Any, size: int) -> int:
    last, row = np.uint32(0xFFFFFFFF), np.uint64(0)
    for x in range(MARGIN, len(colors) - MARGIN):
        if colors[x] != last:
            last = colors[x]
            row = find_slot(table, last)
            size += table[row, 0] == 0
            table[row, 0] = np.int32(last + 1)
        table[row, SUPPORTED] += np.int32(range3[x] == 0)
        table[row, RIM] += np.int32(range3[x] > 0)
        table[row, FLAT_RIM] += np.int32(range3[x] > 0) & np.int32(range3[x] <= FLAT)
        table[row, INNER_RIM] += np.int32(range3[x] > 0) & np.int32(range5[x] <= FLAT)
    return size


@compiled
def count_pixels(
    planes: Any,
    exact: bool,
    noise: Any,
    image: int,
    rows: Any,
    table: Any,
    size: int,
    regions: Any,
    known: int,
    state: Any,
) -> Any:
    """Add the pixels of some rows of an image to the table of its damage, and its flat regions to another.

    The regions that the last of the rows reaches are added with the rows below, or with the image's last row.

    Parameters
    ----------
    planes : uint8 array of shape (3, h + 2 MARGIN, w + 2 MARGIN)
    exact : bool
        Whether the image is lossless: then every pixel is counted, else only those that are flat.
    noise : uint8
        Levels that a region of one color may vary by in 3x3; 0 where the colors inside of regions are exact.
    image : int
        Number of the image, from 1.
    rows : (int, int)
        The first of the rows, and how many the image has.
    table, size, regions, known
        Table of colors with its size, table of mean colors of regions with its size.
    state : tuple of arrays
        The regions that the row above reaches; see `region_kernels`.

    Returns
    -------
    table, size, regions, known, state
    cores : int64 array of shape (n, 3)
        y, x and code of the pixels that stand out from all around; lossless images have none.
    """
    line, width = _line(planes), planes.shape[2]
    height, (top, total) = planes.shape[1] - 2 * MARGIN, rows
    block = max(1, min(height, BLOCK // width))
    range3, range5 = np.empty(block * width, np.uint8), np.empty(block * width, np.uint8)
    is_mixed, contrast = np.empty(block * width, np.uint8), np.empty(block * width, np.uint8)
    colors, words = np.empty(block * width, np.uint32), np.empty(block * width, np.uint32)
    work, starts = np.empty((3, block * width + 2 * MARGIN), np.uint8), np.empty(width + 1, np.int32)
    cores, found = np.empty((64, 3), np.int64), 0
    flat = np.uint8(0) if exact else np.uint8(FLAT)
    for first in range(0, height, block):
        start, length = (MARGIN + first) * width, min(block, height - first) * width
        _pack(line, start, colors[:length])
        block_ranges(line, start, width, range3[:length], range5[:length], work)
        is_mixed[:] = 0
        begin, end = _next_with_edges(range5[:length], flat, np.int64(0))
        while begin < length:  # elsewhere a pixel is interior, whatever lies further off
            _find_mixed(line, start + begin, width, np.int64(REACH), is_mixed[begin:end], work)
            if exact:
                _find_mixed(line, start + begin, width, np.int64(NEAR_REACH), is_mixed[begin:end], work)
            else:
                _ring_contrast(line, start + begin, width, contrast[begin:end], work)
            begin, end = _next_with_edges(range5[:length], flat, end)
        if noise == 0:
            _keep_on_line(line, start, width, flat, range3, range5, is_mixed[:length])
        _classify_pixels(range3, range5, is_mixed, 5 if exact else 3, flat, colors, words)
        for n in range(length // width):
            y = top + first + n
            inside = slice(n * width + MARGIN, (n + 1) * width - MARGIN)
            outer = not exact and (y < FRAME or y >= total - FRAME)
            if outer:
                range3[inside] = 255
            elif not exact:
                words[n * width + MARGIN] = words[(n + 1) * width - MARGIN - 1] = UNCOUNTED
                range3[n * width + MARGIN] = range3[(n + 1) * width - MARGIN - 1] = 255
            if not outer:
                table = reserve(table, size, width)
                size = _count_row(words[inside], starts, image, table, size)
            regions = reserve(regions, known, width)
            state, known = add_row(range3[inside], colors[inside], noise, image, state, regions, known)
            if not exact and not outer and _any_core(range3[inside], range5[inside], contrast[inside]):
                if found + width > len(cores):
                    cores = _doubled(cores, width)
                found = _add_cores(y, range3[inside], range5[inside], contrast[inside], colors[inside], cores, found)
    if top + height == total:
        known = end_regions(noise, image, state, regions, known)
    return table, size, regions, known, state, cores[:found]


@compiled
def _classify_pixels(range3: Any, range5: Any, is_mixed: Any, kinds: int, noise: Any, colors: Any, words: Any) -> None:
    """Write for each pixel its color with its kind above it, or UNCOUNTED if it is of none of the first `kinds`."""
    for x in range(len(words)):
        flat = np.uint8(np.uint8(1) + np.uint8(2) * np.uint8(range3[x] > noise))
        kind = np.uint32(np.uint8(flat + is_mixed[x]) * np.uint8(range5[x] > noise))
        word = kind << np.uint32(KIND) | colors[x]
        words[x] = word if kind < np.uint32(kinds) else UNCOUNTED


@compiled
def _next_with_edges(range5: Any, flat: Any, begin: Any) -> Any:
    """Return the first and the last plus one of the next pixels that have edges nearby, in whole pieces."""
    length = len(range5)
    while begin < length and not _any_above(range5[begin : begin + PIECE], flat):
        begin += PIECE
    end = begin
    while end < length and _any_above(range5[end : end + PIECE], flat):
        end += PIECE
    return min(begin, length), min(end, length)


@compiled
def _any_above(values: Any, limit: Any) -> bool:
    """Tell whether a value is above a limit."""
    highest = np.uint8(0)
    for x in range(len(values)):
        highest = max(highest, values[x])
    return highest > limit


@compiled
def _line(planes: Any) -> Any:
    """Return the planes `(3, n)` with their rows in one line."""
    return planes.reshape(3, planes.shape[1] * planes.shape[2])


@compiled
def _count_row(words: Any, starts: Any, image: int, table: Any, size: int) -> int:
    """Add the runs of equal words of a row to a table that has room for them; return its size.

    What is not counted has a row, too, since a branch on it would cost more. (Where a loop assigns arrays, each turn of
    it counts references, which costs more than its work: so tables grow outside.)
    """
    runs = find_runs(words, starts)
    for run in range(runs):
        word = words[starts[run]]
        color = word & np.uint32((1 << KIND) - 1)
        row = find_slot(table, color)
        if table[row, LAST_IMAGE] != image:
            size += table[row, 0] == 0
            table[row, 0] = np.int32(color + 1)
            table[row, LAST_IMAGE] = image
            table[row, IMAGES] += 1
        table[row, KINDS + (word >> np.uint32(KIND))] += np.int32(starts[run + 1] - starts[run])
    return size


@compiled
def _pack(line: Any, start: int, colors: Any) -> None:
    """Write the colors 0xRRGGBB of a block."""
    red, green, blue = line[:, start : start + len(colors)]
    for x in range(len(colors)):
        colors[x] = pack_rgb(red[x], green[x], blue[x])


@compiled
def _find_mixed(line: Any, start: int, width: int, reach: Any, is_mixed: Any, work: Any) -> None:
    """Mark the pixels whose color lies is_mixed two others that stand `reach` away at opposite sides.

    Both must differ from it by more than FLAT, in one of the four directions.
    """
    length = len(is_mixed)
    before, after, outside = work[0, :length], work[1, :length], work[2, :length]
    for step in (reach, reach * width, reach * (width + 1), reach * (width - 1)):
        for x in range(length):
            before[x], after[x], outside[x] = 0, 0, 0
        for channel in range(3):
            one, other = line[channel, start - step :], line[channel, start + step :]
            own = line[channel, start:]
            for x in range(length):  # three loops: with more arrays in one, it is not turned into vectors
                before[x] = max(before[x], np.uint8(max(one[x], own[x]) - min(one[x], own[x])))
            for x in range(length):
                after[x] = max(after[x], np.uint8(max(other[x], own[x]) - min(other[x], own[x])))
            for x in range(length):
                low, high = min(one[x], other[x]), max(one[x], other[x])
                above, below = np.uint8(max(own[x], high) - high), np.uint8(low - min(low, own[x]))
                outside[x] = max(outside[x], above, below)
        for x in range(length):
            is_mixed[x] |= np.uint8(before[x] > FLAT) & np.uint8(after[x] > FLAT) & np.uint8(outside[x] <= FLAT // 2)


@compiled
def _keep_on_line(line: Any, start: int, width: int, noise: Any, range3: Any, range5: Any, is_mixed: Any) -> None:
    """Unmark pixels that lie in the box of two others but off the line between them."""
    for x in range(len(is_mixed)):
        if is_mixed[x] and range5[x] > noise:
            is_mixed[x] = np.uint8(
                _on_line(line, start + x, width, np.int64(NEAR_REACH))
                or _on_line(line, start + x, width, np.int64(REACH))
            )


@compiled
def _on_line(line: Any, at: int, width: int, reach: Any) -> bool:
    """Tell whether a pixel's color is within LINE_TOLERANCE of the line between two others at opposite sides."""
    for step in (reach, reach * width, reach * (width + 1), reach * (width - 1)):
        along, length, own = np.int64(0), np.int64(0), np.int64(0)
        before, after = np.int64(0), np.int64(0)
        for channel in range(3):
            one, other = np.int64(line[channel, at - step]), np.int64(line[channel, at + step])
            way, apart = other - one, np.int64(line[channel, at]) - one
            along += way * apart
            length += way * way
            own += apart * apart
            before = np.maximum(before, abs(apart))
            after = np.maximum(after, abs(apart - way))
        off = own * length - along * along  # squared distance from the line, times the line's squared length
        if before > FLAT and after > FLAT and 0 < along < length and off <= LINE_TOLERANCE**2 * length:
            return True
    return False


@compiled
def _ring_contrast(line: Any, start: int, width: int, contrast: Any, work: Any) -> None:
    """Tell by how much each pixel exceeds, or stays below, 16 pixels around it, in the channel where most."""
    length, half = len(contrast), RING_RADIUS // 2
    low, high, pair = work[0, :length], work[1, :length], work[2, : length + 2 * RING_RADIUS]
    contrast[:] = 0
    for channel in range(3):
        middle = line[channel, start - RING_RADIUS :]
        far, near = RING_RADIUS * width, half * width
        above, below = line[channel, start - far - RING_RADIUS :], line[channel, start + far - RING_RADIUS :]
        upper, lower = line[channel, start - near - RING_RADIUS :], line[channel, start + near - RING_RADIUS :]
        for x in range(len(pair)):
            pair[x] = min(above[x], below[x])
        for x in range(length):
            low[x] = min(pair[x], pair[x + half], pair[x + 2 * half], pair[x + 3 * half], pair[x + 4 * half])
        for x in range(len(pair)):
            pair[x] = min(upper[x], lower[x])
        for x in range(length):
            low[x] = min(low[x], pair[x], pair[x + 4 * half], middle[x], middle[x + 4 * half])
        for x in range(len(pair)):
            pair[x] = max(above[x], below[x])
        for x in range(length):
            high[x] = max(pair[x], pair[x + half], pair[x + 2 * half], pair[x + 3 * half], pair[x + 4 * half])
        for x in range(len(pair)):
            pair[x] = max(upper[x], lower[x])
        for x in range(length):
            high[x] = max(high[x], pair[x], pair[x + 4 * half], middle[x], middle[x + 4 * half])
        for x in range(length):
            own = middle[x + RING_RADIUS]
            over, under = np.uint8(max(own, high[x]) - high[x]), np.uint8(low[x] - min(low[x], own))
            contrast[x] = max(contrast[x], over, under)


@compiled
def _any_core(range3: Any, range5: Any, contrast: Any) -> bool:
    """Tell whether a row has a core."""
    found = np.uint8(0)
    for x in range(len(contrast)):
        found |= (
            np.uint8(contrast[x] >= MIN_CONTRAST) & np.uint8(range5[x] > FLAT) & np.uint8(range3[x] <= MAX_LOCAL_RANGE)
        )
    return found != 0


@compiled
def _add_cores(y: int, range3: Any, range5: Any, contrast: Any, colors: Any, cores: Any, found: int) -> int:
    """Add the calm pixels of a row, not solid, that stand out from all around; return how many cores there are."""
    for x in range(len(contrast)):
        if contrast[x] >= MIN_CONTRAST and range5[x] > FLAT and range3[x] <= MAX_LOCAL_RANGE:
            cores[found, 0], cores[found, 1], cores[found, 2] = y, x, colors[x]
            found += 1
    return found


@compiled
def _doubled(rows: Any, more: int) -> Any:
    """Return an array of rows with room for as many again and some more."""
    longer = np.empty((2 * len(rows) + more, rows.shape[1]), rows.dtype)
    for row in range(len(rows)):
        for column in range(rows.shape[1]):
            longer[row, column] = rows[row, column]
    return longer
