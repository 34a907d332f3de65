"""How each pixel of an image came to its class, in one compiled pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.gather import color_at
from kmseg.pixels.hash_table import find_slot
from kmseg.pixels.jit import compiled

NEAR = 20
"""RGB units: a pixel this near its class's color is that color, damaged; JPEG of quality 50 moves flat ones less."""

FLAT = 12
"""Levels: a pixel whose 3x3 neighborhood varies by no more lies in no border, so its color is no mixture."""

EXACT, WITHIN_10, WITHIN_20, BORDER_40, BORDER, FLAT_40, FLAT_FAR, CLASSLESS = range(8)
"""The kinds: exactly of the class's color; up to 10, or 20, RGB units from it; in a border, of a color in between, up
to 40 from it, or more; flat and yet of another color, up to 40 from it, or more; of a class that has no color."""


@compiled
def classify_pixels(lines: Any, mask: Any, packed: Any, colors: Any, starts: Any, kinds: Any, counts: Any) -> None:
    """Write the kind of each pixel, `(H, W)` uint8, and count the kinds of each class, `((k + 1) * 8,)` int64.

    `lines` `(H, 3 W)` uint8 hold red, green and blue of pixel after pixel. `packed` `(k + 1,)` int32 are the classes'
    first colors, the last of no class, 0xRRGGBB or -1; `colors` `(m,)` the further ones, those of class c from
    `starts[c]` to `starts[c + 1]`.
    """
    none, width = np.uint32(len(packed) - 1), mask.shape[1]
    own, keys = np.empty((2, width), np.uint32)
    wanted, apart = np.empty((2, width), np.int32)
    low, high = np.empty((2, 3 * width + 6), np.uint8)
    varies = np.empty(3 * width, np.uint8)
    tables = np.zeros((4, len(counts)), np.uint32)  # to add to the same number twice running is slow
    for y in range(len(mask)):
        line, row, kind = lines[y], mask[y], kinds[y]
        for x in range(width):
            own[x] = min(np.uint32(row[x]), none)
        for x in range(width):
            wanted[x] = packed[own[x]]
        for x in range(width):
            apart[x] = _apart(line[3 * x], line[3 * x + 1], line[3 * x + 2], wanted[x])
        if len(colors):
            for x in range(width):
                for other in range(starts[own[x]], starts[own[x] + 1]):
                    apart[x] = min(apart[x], _apart(line[3 * x], line[3 * x + 1], line[3 * x + 2], colors[other]))
        far = np.uint8(0)
        for x in range(width):
            off = apart[x]
            steps = np.uint8(np.uint8(off > 0) + np.uint8(off > 10**2))
            kind[x] = np.uint8(np.uint8(steps + np.uint8(off > NEAR**2)) + np.uint8(off > 40**2))
        for x in range(width):
            far |= np.uint8(kind[x] >= BORDER_40)
        if far:
            _ranges(lines, y, low, high, varies)
            for x in range(width):
                flat = np.uint8(max(varies[3 * x], varies[3 * x + 1], varies[3 * x + 2]) <= FLAT)
                kind[x] = np.uint8(kind[x] + np.uint8(2) * np.uint8(flat & np.uint8(kind[x] >= BORDER_40)))
        for x in range(width):
            was, lost = kind[x], np.uint8(CLASSLESS)
            kind[x] = lost if wanted[x] < 0 else was
        for x in range(width):
            keys[x] = np.uint32(own[x] * np.uint32(8) + np.uint32(kind[x]))
        for x in range(0, width - 3, 4):
            for n in range(4):
                tables[n, keys[x + n]] += np.uint32(1)
        for x in range(width // 4 * 4, width):
            tables[0, keys[x]] += np.uint32(1)
    for n in range(4):
        for key in range(len(counts)):
            counts[key] += tables[n, key]


@compiled
def count_inexact(line: Any, kinds: Any, few: int, table: Any) -> bool:
    """Add the colors that are not exactly their class's to a table with room for them, unless they are over `few`.

    Tell whether they are not. The first hundreds of pixels of a damaged image answer.
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
def lead(codes: Any, pixels: Any, known: Any, least: float, alike: float, leading: Any) -> int:
    """Write the colors with most pixels and their pixels, `(2, n)`; return how many. `pixels` are used up.

    Only colors whose squared distance to all that are `known` is at least `least` count, and those within `alike` of
    one with more pixels count for it.
    """
    for n in range(len(codes)):
        for other in known:
            if _distance_to(codes[n], other) < least:
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
            if pixels[n] and _distance_to(codes[n], codes[first]) <= alike:
                leading[1, found] += pixels[n]
                pixels[n] = 0
    return leading.shape[1]


@compiled
def _distance_to(one: Any, other: Any) -> Any:
    """Return the squared distance of two colors 0xRRGGBB."""
    return _apart(one >> np.uint32(16), one >> np.uint32(8) & np.uint32(0xFF), one & np.uint32(0xFF), np.int32(other))


@compiled
def _apart(red: Any, green: Any, blue: Any, color: Any) -> Any:
    """Return the squared distance of a color to another, 0xRRGGBB."""
    off_red = np.int32(red) - np.int32(color >> np.int32(16) & np.int32(0xFF))
    off_green = np.int32(green) - np.int32(color >> np.int32(8) & np.int32(0xFF))
    off_blue = np.int32(blue) - np.int32(color & np.int32(0xFF))
    return np.int32(np.int32(off_red * off_red) + np.int32(off_green * off_green) + np.int32(off_blue * off_blue))


@compiled
def _ranges(lines: Any, y: int, low: Any, high: Any, varies: Any) -> None:
    """Write by how much each channel varies in the 3x3 neighborhood, as far as it lies in the image."""
    above, own, below = lines[max(y - 1, 0)], lines[y], lines[min(y + 1, len(lines) - 1)]
    length = len(varies)
    for x in range(length):
        low[x + 3] = min(above[x], own[x], below[x])
    for x in range(length):
        high[x + 3] = max(above[x], own[x], below[x])
    for x in range(3):
        low[x], high[x] = low[x + 3], high[x + 3]
        low[length + 3 + x], high[length + 3 + x] = low[length + x], high[length + x]
    for x in range(length):
        varies[x] = np.uint8(max(high[x], high[x + 3], high[x + 6]) - min(low[x], low[x + 3], low[x + 6]))
