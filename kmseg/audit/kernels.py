"""Classify how each pixel's color relates to its class, in one compiled pass."""

from __future__ import annotations

import numpy as np

from kmseg.pixels.arrays import (
    F32Plane,
    F32Vector,
    I32Plane,
    I32Vector,
    I64Plane,
    I64Vector,
    Integer,
    IntegerPlane,
    U8Plane,
    U8Vector,
    U16Vector,
    U32Vector,
)
from kmseg.pixels.hash_table import KEY, color_key, find_slot, is_free
from kmseg.pixels.jit import compiled
from kmseg.pixels.local_range_kernels import channel_ranges3
from kmseg.pixels.packed_color import color_at, squared_distance, unpack_rgb

NEAR = 20
"""RGB units within which a pixel has its class's color up to damage; JPEG of quality 50 moves flat pixels less."""

FLAT = 12
"""Maximum range, in levels, of a flat pixel's 3x3 neighborhood; a flat pixel's color is no mixture."""

EXACT, WITHIN_10, WITHIN_20, BORDER_40, BORDER, FLAT_40, FLAT_FAR, CLASSLESS, UNMIXED = range(9)
"""Kinds of pixels: exactly the class's color; up to 10, or 20, RGB units from it; not flat and up to 40, or more, from
it; flat and up to 40, or more, from it; of a class that has no color; not flat and no mixture of colors around it."""

SUPPORT_RADIUS = 8
"""Pixels around a mixed pixel within which the two classes that it mixes have a pixel of their own color: half a block
of chroma in JPEG 4:2:0."""

RING_PIXELS = (2 * SUPPORT_RADIUS + 1) ** 2 - 1
"""Pixels within that radius."""

MAX_SUPPORTED = 6
"""Classes around a mixed pixel that are looked at, the first ones found: the nearest."""


@compiled
def classify_pixels(
    lines: U8Plane,
    mask: IntegerPlane,
    packed: I32Vector,
    colors: I32Vector,
    starts: I64Vector,
    kinds: U8Plane,
    counts: I64Vector,
) -> None:
    """Write the kind of each pixel, and count the kinds of each class.

    Parameters
    ----------
    lines : ndarray of shape (H, 3 W), uint8
        Red, green and blue of pixel after pixel.
    mask : ndarray of shape (H, W), uint8 or uint16
        The class of each pixel; k and above is no class.
    packed : ndarray of shape (k + 1,), int32
        The first color 0xRRGGBB of each class, the last of no class, -1 where there is none.
    colors : ndarray of shape (m,), int32
        The further colors, those of class c from `starts[c]` to `starts[c + 1]`.
    starts : ndarray of shape (k + 2,), int64
        Where they begin.
    kinds : ndarray of shape (H, W), uint8
        Written.
    counts : ndarray of shape ((k + 1) * 8,), int64
        Added to: pixels of each class and kind, kind after kind of the first class, then of the next.
    """
    none, width = np.uint32(len(packed) - 1), mask.shape[1]
    own, packed_kinds = np.empty(width, np.uint32), np.empty(width, np.uint32)
    expected, apart = np.empty(width, np.int32), np.empty(width, np.int32)
    low, high = np.empty(3 * width + 6, np.uint8), np.empty(3 * width + 6, np.uint8)
    range3 = np.empty(3 * width, np.uint8)
    tables = np.zeros((4, len(counts)), np.uint32)  # consecutive additions to one counter are slow
    for y in range(len(mask)):
        line, row, kind = lines[y], mask[y], kinds[y]
        for x in range(width):
            own[x] = min(np.uint32(row[x]), none)
        for x in range(width):
            expected[x] = packed[own[x]]
        for x in range(width):
            apart[x] = squared_distance(line[3 * x], line[3 * x + 1], line[3 * x + 2], expected[x])
        if len(colors):
            for x in range(width):
                for other in range(starts[own[x]], starts[own[x] + 1]):
                    apart[x] = min(
                        apart[x], squared_distance(line[3 * x], line[3 * x + 1], line[3 * x + 2], colors[other])
                    )
        far = np.uint8(0)
        for x in range(width):
            off = apart[x]
            steps = np.uint8(np.uint8(off > 0) + np.uint8(off > 10**2))
            kind[x] = np.uint8(np.uint8(steps + np.uint8(off > NEAR**2)) + np.uint8(off > 40**2))
        for x in range(width):
            far |= np.uint8(kind[x] >= BORDER_40)
        if far:
            channel_ranges3(lines, y, low, high, range3)
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
def count_inexact(line: U8Vector, kinds: U8Vector, few: int, table: I32Plane) -> bool:
    """Count the colors that are not exactly their class's, unless they are over `few`; tell whether they are not.

    The first hundreds of pixels of a damaged image answer.

    Parameters
    ----------
    line : ndarray of shape (3 n,), uint8
        Red, green and blue of pixel after pixel.
    kinds : ndarray of shape (n,), uint8
        Kinds of the pixels.
    few : int
        Colors at most.
    table : ndarray of shape (2^m, 2), int32
        A table of `kmseg.pixels.hash_table` with room for the colors; added to.
    """
    size = 0
    for i in range(len(kinds)):
        if kinds[i] != EXACT:
            code = color_at(line, i)
            row = find_slot(table, np.uint32(code))
            if is_free(table, row):
                size += 1
                if size > few:
                    return False
                table[row, KEY] = color_key(code)
            table[row, 1] += np.int32(1)
    return True


@compiled
def unknown_colors(line: U8Vector, kinds: U8Vector, codes: U32Vector) -> int:
    """List the colors of the pixels that are flat and of none of their class's; return how many.

    Parameters
    ----------
    line : ndarray of shape (3 n,), uint8
        Red, green and blue of pixel after pixel.
    kinds : ndarray of shape (n,), uint8
        Kinds of the pixels.
    codes : ndarray of shape (m,), uint32
        Written: one color 0xRRGGBB a pixel; m is at least the number of such pixels.
    """
    count = 0
    for i in range(len(kinds)):
        if kinds[i] >= FLAT_40 and kinds[i] != UNMIXED:  # a color is told by flat pixels only
            codes[count] = color_at(line, i)
            count += 1
    return count


@compiled
def top_colors(
    codes: U32Vector, pixels: I64Vector, known: U32Vector, least: float, alike: float, leading: I64Plane
) -> int:
    """Find the colors with most pixels, in descending order; return how many there are.

    Parameters
    ----------
    codes : ndarray of shape (n,), uint32
        Distinct colors, 0xRRGGBB.
    pixels : ndarray of shape (n,), int64
        Pixels of each; overwritten.
    known : ndarray of shape (m,), uint32
        Colors that are not looked for.
    least : float
        Squared RGB distance to all that are known, below which a color is left out.
    alike : float
        Squared RGB distance within which a color counts for one with more pixels.
    leading : ndarray of shape (2, most), int64
        Written: the colors, and their pixels.
    """
    for n in range(len(codes)):
        for other in known:
            if squared_distance(*unpack_rgb(codes[n]), other) < least:
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
            if pixels[n] and squared_distance(*unpack_rgb(codes[n]), codes[first]) <= alike:
                leading[1, found] += pixels[n]
                pixels[n] = 0
    return leading.shape[1]


@compiled
def find_unmixed(
    lines: U8Plane, mask: IntegerPlane, packed: I32Vector, noise: float, every: int, kinds: U8Plane
) -> int:
    """Mark the pixels that are not flat and lie on no line between two colors around them; return how many.

    The colors around a pixel are those of the nearest pixels of up to six classes that have their class's color,
    within `SUPPORT_RADIUS`; the color of the pixel's own class, a thin object perhaps, counts beside one of them.

    Parameters
    ----------
    lines : ndarray of shape (H, 3 W), uint8
        Red, green and blue of pixel after pixel.
    mask : ndarray of shape (H, W), uint8 or uint16
        The class of each pixel.
    packed : ndarray of shape (k + 1,), int32
        The first color 0xRRGGBB of each class.
    noise : float
        RGB distance from such a line within which a pixel is a mixture.
    every : int
        Of the pixels that are neither flat nor near, so many are counted for each that is looked at.
    kinds : ndarray of shape (H, W), uint8
        Those of `classify_pixels`; the pixels found become `UNMIXED`.
    """
    height, width = mask.shape
    none, limit, nearby = len(packed) - 1, noise * noise, width + 2 * SUPPORT_RADIUS
    support = _supported_classes(mask, kinds, none)
    starts, down, right = _rings()
    steps = down * nearby + right
    nothing = np.uint16(min(none + 1, 0xFFFF))
    seen_by = np.full(none + 2, -1, np.int32)
    around, color = np.empty((MAX_SUPPORTED + 1, 3), np.float32), np.empty(3, np.float32)
    count, skip = 0, 0
    for y in range(height):
        for x in range(width):
            if kinds[y, x] != BORDER_40 and kinds[y, x] != BORDER:
                continue
            if skip:
                skip -= 1
                continue
            skip = every - 1
            here = np.int64((y + SUPPORT_RADIUS) * nearby + x + SUPPORT_RADIUS)
            color[0], color[1], color[2] = lines[y, 3 * x], lines[y, 3 * x + 1], lines[y, 3 * x + 2]
            seen_by[nothing] = y * width + x
            found, explained = 0, False
            for radius in range(1, SUPPORT_RADIUS + 1):
                before = found
                for place in range(starts[radius - 1], starts[radius]):
                    at = np.uint32(here + steps[place])
                    if seen_by[support[at]] == y * width + x:
                        continue
                    seen_by[support[at]] = y * width + x
                    row = min(max(y + down[place], 0), height - 1)
                    column = min(max(x + right[place], 0), width - 1)
                    for channel in range(3):
                        around[found, channel] = lines[row, 3 * column + channel]
                    found += 1
                    if found == MAX_SUPPORTED:
                        break
                if found > before:
                    own = unpack_rgb(packed[min(mask[y, x], none)])
                    around[found, 0], around[found, 1], around[found, 2] = own
                    explained = _is_mixture(color, around[: found + 1], np.int64(before), limit)
                    if explained or found == MAX_SUPPORTED:
                        break
            if not explained:
                kinds[y, x] = UNMIXED
                count += 1
    return count


@compiled
def _supported_classes(mask: IntegerPlane, kinds: U8Plane, none: int) -> U16Vector:
    """Return the class of each pixel that has its class's color, else the number after that of no class.

    It is in one line, with `SUPPORT_RADIUS` pixels on each side, copies of the outermost: what is found there has been
    found before, nearer.
    """
    height, width = mask.shape
    nearby = width + 2 * SUPPORT_RADIUS
    nothing = np.uint16(min(none + 1, 0xFFFF))
    support = np.empty((height + 2 * SUPPORT_RADIUS) * nearby, np.uint16)
    for y in range(height + 2 * SUPPORT_RADIUS):
        row = min(max(y - SUPPORT_RADIUS, 0), height - 1)
        out, classes, kind = support[y * nearby : (y + 1) * nearby], mask[row], kinds[row]
        for x in range(width):
            own = min(np.uint16(classes[x]), np.uint16(none))
            out[x + SUPPORT_RADIUS] = own if kind[x] <= WITHIN_20 else nothing
        for x in range(SUPPORT_RADIUS):
            out[x], out[x + SUPPORT_RADIUS + width] = out[SUPPORT_RADIUS], out[SUPPORT_RADIUS + width - 1]
    return support


@compiled
def _rings() -> tuple[I64Vector, I64Vector, I64Vector]:
    """Return where each of the square rings around a pixel starts, and how far down and right its pixels are."""
    starts, (down, right) = np.zeros(SUPPORT_RADIUS + 1, np.int64), np.empty((2, RING_PIXELS), np.int64)
    for radius in range(1, SUPPORT_RADIUS + 1):
        count = starts[radius - 1]
        for row in range(-radius, radius + 1):
            for column in range(-radius, radius + 1, 1 if abs(row) == radius else 2 * radius):
                down[count], right[count] = row, column
                count += 1
        starts[radius] = count
    return starts, down, right


@compiled
def _is_mixture(color: F32Vector, around: F32Plane, new: Integer, limit: float) -> bool:
    """Tell whether a color lies within a squared distance of a line between two of the colors `(n, 3)` around it.

    The last of them has been compared with the first `new` before, and these with each other.
    """
    for i in range(new, len(around)):
        for j in range(new if i == len(around) - 1 else 0, i):
            length = along = squared = np.float32(0)
            for channel in range(3):
                line = around[j, channel] - around[i, channel]
                off = color[channel] - around[i, channel]
                length += line * line
                along += line * off
                squared += off * off
            share = min(max(along / max(length, np.float32(1)), np.float32(0)), np.float32(1))
            if squared - 2 * share * along + share * share * length <= limit:
                return True
    return False
