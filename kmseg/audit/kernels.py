"""Classify how each pixel's color relates to its class, in one compiled pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.gather import color_at
from kmseg.pixels.hash_table import find_slot
from kmseg.pixels.jit import compiled

NEAR = 20
"""RGB units within which a pixel has its class's color up to damage; JPEG of quality 50 moves flat pixels less."""

FLAT = 12
"""Maximum range, in levels, of a flat pixel's 3x3 neighborhood; a flat pixel's color is no mixture."""

EXACT, WITHIN_10, WITHIN_20, BORDER_40, BORDER, FLAT_40, FLAT_FAR, CLASSLESS = range(8)
"""Kinds of pixels: exactly the class's color; up to 10, or 20, RGB units from it; not flat and up to 40, or more, from
it; flat and up to 40, or more, from it; of a class that has no color."""


@compiled
def classify_pixels(lines: Any, mask: Any, packed: Any, colors: Any, starts: Any, kinds: Any, counts: Any) -> None:
    """Write the kind of each pixel, `(H, W)` uint8, and count the kinds of each class, `((k + 1) * 8,)` int64.

    `lines` `(H, 3 W)` uint8 hold red, green and blue of pixel after pixel. `packed` `(k + 1,)` int32 are the classes'
    first colors, the last of no class, 0xRRGGBB or -1; `colors` `(m,)` the further ones, those of class c from
    `starts[c]` to `starts[c + 1]`.
    """
    none, width = np.uint32(len(packed) - 1), mask.shape[1]
    own, packed_kinds = np.empty((2, width), np.uint32)
    expected, apart = np.empty((2, width), np.int32)
    low, high = np.empty((2, 3 * width + 6), np.uint8)
    range3 = np.empty(3 * width, np.uint8)
    tables = np.zeros((4, len(counts)), np.uint32)  # consecutive additions to one counter are slow
    for y in range(len(mask)):
        line, row, kind = lines[y], mask[y], kinds[y]
        for x in range(width):
            own[x] = min(np.uint32(row[x]), none)
        for x in range(width):
            expected[x] = packed[own[x]]
        for x in range(width):
            apart[x] = _squared_distance(line[3 * x], line[3 * x + 1], line[3 * x + 2], expected[x])
        if len(colors):
            for x in range(width):
                for other in range(starts[own[x]], starts[own[x] + 1]):
                    apart[x] = min(
                        apart[x], _squared_distance(line[3 * x], line[3 * x + 1], line[3 * x + 2], colors[other])
                    )
        far = np.uint8(0)
        for x in range(width):
            off = apart[x]
            steps = np.uint8(np.uint8(off > 0) + np.uint8(off > 10**2))
            kind[x] = np.uint8(np.uint8(steps + np.uint8(off > NEAR**2)) + np.uint8(off > 40**2))
        for x in range(width):
            far |= np.uint8(kind[x] >= BORDER_40)
        if far:
            _local_range(lines, y, low, high, range3)
            for x in range(width):
                flat = np.uint8(max(range3[3 * x], range3[3 * x + 1], range3[3 * x + 2]) <= FLAT)
                kind[x] = np.uint8(kind[x] + np.uint8(2) * np.uint8(flat & np.uint8(kind[x] >= BORDER_40)))
        for x in range(width):
            present_kind, classless = kind[x], np.uint8(CLASSLESS)
            kind[x] = classless if expected[x] < 0 else present_kind
        for x in range(width):
            packed_kinds[x] = np.uint32(own[x] * np.uint32(8) + np.uint32(kind[x]))
        for x in range(0, width - 3, 4):
            for n in range(4):
                tables[n, packed_kinds[x + n]] += np.uint32(1)
        for x in range(width // 4 * 4, width):
            tables[0, packed_kinds[x]] += np.uint32(1)
    for n in range(4):
        for key in range(len(counts)):
            counts[key] += tables[n, key]


@compiled
def count_inexact(line: Any, kinds: Any, few: int, table: Any) -> bool:
    """Add the colors that are not exactly their class's to a table with room for them, unless they are over `few`.

    Return whether they are not; on a damaged image after a few hundred pixels.
    """
    size = 0
    for i in range(len(kinds)):
        if kinds[i] != EXACT:
            code = color_at(line, i)
            row = find_slot(table, code)
            if table[row, 0] == 0:
                size += 1
                if size > few:
                    return False
                table[row, 0] = np.int32(code + 1)
            table[row, 1] += np.int32(1)
    return True


@compiled
def unknown_colors(line: Any, kinds: Any, codes: Any) -> int:
    """Write the colors of the pixels that are flat and of none of their class's; return how many."""
    count = 0
    for i in range(len(kinds)):
        if kinds[i] >= FLAT_40:
            codes[count] = color_at(line, i)
            count += 1
    return count


@compiled
def top_colors(codes: Any, pixels: Any, known: Any, least: float, alike: float, leading: Any) -> int:
    """Write the most frequent colors and their pixels, `(2, n)`; return how many. Overwrites `pixels`.

    Only colors whose squared distance to all `known` ones is at least `least` count; colors within the squared distance
    `alike` of a more frequent one are added to it.
    """
    for n in range(len(codes)):
        for other in known:
            if _squared_code_distance(codes[n], other) < least:
                pixels[n] = 0
                break
    for found in range(leading.shape[1]):
        first = 0
        for n in range(len(pixels)):
            if pixels[n] > pixels[first]:
                first = n
        if pixels[first] == 0:
            return found
        leading[0, found], leading[1, found] = codes[first], 0
        for n in range(len(codes)):
            if pixels[n] and _squared_code_distance(codes[n], codes[first]) <= alike:
                leading[1, found] += pixels[n]
                pixels[n] = 0
    return leading.shape[1]


@compiled
def _squared_code_distance(one: Any, other: Any) -> Any:
    """Return the squared distance of two colors 0xRRGGBB."""
    return _squared_distance(
        one >> np.uint32(16), one >> np.uint32(8) & np.uint32(0xFF), one & np.uint32(0xFF), np.int32(other)
    )


@compiled
def _squared_distance(red: Any, green: Any, blue: Any, color: Any) -> Any:
    """Return the squared distance of a color to another, 0xRRGGBB."""
    off_red = np.int32(red) - np.int32(color >> np.int32(16) & np.int32(0xFF))
    off_green = np.int32(green) - np.int32(color >> np.int32(8) & np.int32(0xFF))
    off_blue = np.int32(blue) - np.int32(color & np.int32(0xFF))
    return np.int32(np.int32(off_red * off_red) + np.int32(off_green * off_green) + np.int32(off_blue * off_blue))


@compiled
def _local_range(lines: Any, y: int, low: Any, high: Any, range3: Any) -> None:
    """Write the range (maximum - minimum) of each channel in the 3x3 neighborhood, clipped at the image's border."""
    above, own, below = lines[max(y - 1, 0)], lines[y], lines[min(y + 1, len(lines) - 1)]
    length = len(range3)
    for x in range(length):
        low[x + 3] = min(above[x], own[x], below[x])
    for x in range(length):
        high[x + 3] = max(above[x], own[x], below[x])
    for x in range(3):
        low[x], high[x] = low[x + 3], high[x + 3]
        low[length + 3 + x], high[length + 3 + x] = low[length + x], high[length + x]
    for x in range(length):
        range3[x] = np.uint8(max(high[x], high[x + 3], high[x + 6]) - min(low[x], low[x + 3], low[x + 6]))
