"""The colors of thin objects, in compiled loops: small windows that hold two classes, and what color each has.

JPEG keeps luma at full resolution and filters chroma, so a line or a letter shows its luma, but nowhere its chroma.
Where a window holds two classes, luma tells which pixel is of which. Then chroma is known up to two numbers: it is that
of the larger class plus, times the share that the smaller one has of a sample, a difference. They are fitted by least
squares; what the fit leaves over tells whether there are two classes at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.jit import compiled_sums as compiled

WINDOW, STEP = 16, 8
"""Pixels a side of a window, one minimum coded unit of JPEG 4:2:0; pixels from one to the next."""

SAMPLES, PIXELS = WINDOW // 2, WINDOW * WINDOW
"""Samples of chroma a side of a window, at half the resolution; pixels in it."""

LUMA_UNIT = 1000
"""What a level of luma is divided in, so that its weights, 0.299, 0.587 and 0.114, are whole numbers."""

LEAST_PIXELS, MOST_PIXELS = 8, 100
"""Pixels of the smaller class in a window: of more, others are flat."""

MIN_CONTRAST = 20
"""Levels of luma between the two classes: ringing reaches 15 at quality 75."""

MAX_LUMA_ERROR = 0.15
"""Root mean square of what two levels of luma leave over, as a share of their difference: mixtures leave more."""

BETWEEN, MOST_BETWEEN = 0.2, 6
"""Part of their difference, to both sides of the middle, in which a pixel is of neither; such pixels, at most: soft
edges have dozens, and there the split tells no shares."""

LEAST_CHANGE = 0.8
"""Sum of squares of the shares around their mean, from which on chroma's difference can be told."""

ALIKE, AROUND = 12.0, 30.0
"""RGB units within which fitted colors are one, and within which half of them and more must be, or the windows are
mixtures of any degree."""

LEAST_CONCENTRATION = 0.5
"""Share of the colors within `AROUND` that must be within `ALIKE`: of thin classes 0.6 to 1."""

LEAST_WINDOWS = 3
"""Windows that show a color in one image, at least."""

MOST_STARTS = 100
"""Colors of an image from which groups are looked for."""

HASH = np.uint64(0x9E3779B97F4A7C15)
"""Factor of a hash of 64 bits: 2^64 by the golden ratio (Knuth)."""


@compiled
def find_thin(planes: Any, rows: Any, filters: Any, lost: Any, most_errors: Any, found: Any, shapes: Any) -> int:
    """Write the colors of the smaller classes of the windows that begin in some rows of an image; return how many.

    Parameters
    ----------
    planes : uint8 array of shape (3, h + 2 margin, w + 2 margin)
        Red, green and blue of some rows with what lies around them.
    rows : (int, int, int)
        Of the margin; the first of the rows, a multiple of `STEP`; of the image.
    filters : tuple of two float32
        What the neighbors of a chroma sample have in it, of the rows and of the columns.
    lost : float32
        Share of the difference between two classes that quantization takes from a thin one.
    most_errors : tuple of two float32
        Root mean squares, in levels, of what the fits of luma and of chroma may leave over.
    found : float32 array of shape (n, 4)
        Written: luma, blue and red, less 128 the last two, and their weight; no more than there is room for.
    shapes : uint64 array of shape (n,)
        Written: a hash of which pixels are of the smaller class.
    """
    margin, top, height = rows
    tall, blocks = min(planes.shape[1] - 2 * margin, height - top), (planes.shape[2] - 2 * margin) // STEP
    luma, line = np.empty(blocks * PIXELS // 2, np.int32), np.empty(blocks * STEP, np.int32)
    low, high = np.empty((2, blocks), np.int32), np.empty((2, blocks), np.int32)
    smaller, share = np.empty((WINDOW, WINDOW), np.float32), np.empty((SAMPLES, SAMPLES), np.float32)
    chroma, count = np.empty((2, SAMPLES, SAMPLES), np.float32), 0
    for y in range(0, tall - STEP + 1, STEP):
        half = y // STEP % 2
        for row in range(STEP):
            _add_luma(planes, margin + y + row, margin, line)
            _cut(line, luma[(half * STEP + row) * STEP :])
        for block in range(blocks):
            start = block * PIXELS // 2 + half * STEP * STEP
            low[half, block], high[half, block] = _extremes(luma[start : start + STEP * STEP])
        for block in range(blocks - 1 if y else 0):
            lowest = min(low[0, block], low[0, block + 1], low[1, block], low[1, block + 1])
            highest = max(high[0, block], high[0, block + 1], high[1, block], high[1, block + 1])
            if highest - lowest < MIN_CONTRAST * LUMA_UNIT or count == len(found):
                continue
            window = luma[block * PIXELS // 2 : block * PIXELS // 2 + PIXELS]
            level, shape, error = _split_luma(window, 1 - half, lowest, highest, lost, smaller)
            if error > most_errors[0]:
                continue
            _half_chroma(planes, margin + y - STEP, margin + block * STEP, smaller, chroma, share)
            _filter(share, filters)
            blue, red, error, weight = _fit_chroma(chroma, share, lost)
            if error <= most_errors[1]:
                found[count, 0], found[count, 1], found[count, 2], found[count, 3] = level, blue, red, weight
                shapes[count] = shape
                count += 1
    return count


@compiled
def _add_luma(planes: Any, row: int, margin: int, line: Any) -> None:
    """Write luma of a row without its margins."""
    reds, greens, blues = planes[0, row, margin:], planes[1, row, margin:], planes[2, row, margin:]
    for x in range(len(line)):
        part = np.int32(np.int32(np.int32(299) * reds[x]) + np.int32(np.int32(587) * greens[x]))
        line[x] = np.int32(part + np.int32(np.int32(114) * blues[x]))


@compiled
def _cut(line: Any, luma: Any) -> None:
    """Write a row's luma, `STEP` pixels of a block, and then those of the next."""
    for x in range(0, len(line), STEP):
        at = np.uint64(x // STEP * (PIXELS // 2))
        for n in range(STEP):
            luma[at + np.uint64(n)] = line[np.uint64(x) + np.uint64(n)]


@compiled
def _extremes(luma: Any) -> Any:
    """Return the lowest and the highest luma of a block."""
    low, high = luma[0], luma[0]
    for n in range(STEP * STEP):
        low, high = min(low, luma[n]), max(high, luma[n])
    return low, high


@compiled
def _split_luma(window: Any, upper: int, lowest: int, highest: int, lost: Any, smaller: Any) -> Any:
    """Split a window in two by luma, and write 1 for the pixels of the smaller class; return its luma, shape and error.

    The error is infinite where the window does not hold two classes of enough pixels. Sums are whole numbers, which add
    up to the same in any order. `window` holds the left blocks and then the right ones; of both, `upper` comes first.
    """
    limit, total = np.int32((lowest + highest) // 2), np.int32(0)
    above, sums, none = np.int32(0), np.int32(0), np.int32(0)
    for n in range(PIXELS):
        total = np.int32(total + window[n])
    for _ in range(3):  # two-means; it hardly moves after that
        above, sums = np.int32(0), np.int32(0)
        for n in range(PIXELS):
            value = window[n]
            above = np.int32(above + np.int32(value > limit))
            sums = np.int32(sums + (value if value > limit else none))
        high, low = np.float32(sums / above), np.float32((total - sums) / (PIXELS - above))
        limit = np.int32((low + high) / 2)
    pixels, apart = min(above, PIXELS - above), high - low
    nothing = np.float32(0), np.uint64(0), np.float32(np.inf)
    if pixels < LEAST_PIXELS or pixels > MOST_PIXELS or apart < MIN_CONTRAST * LUMA_UNIT:
        return nothing
    squares, between = np.float32(0), np.int32(0)
    middle, near = (low + high) / 2, np.float32(BETWEEN) * apart
    for n in range(PIXELS):
        value = np.float32(window[n])
        off = value - (high if window[n] > limit else low)
        squares += off * off
        between = np.int32(between + np.int32(abs(value - middle) < near))
    error = np.sqrt(squares / PIXELS)
    if error > MAX_LUMA_ERROR * apart or between > MOST_BETWEEN:
        return nothing
    is_above, shape = 2 * above <= PIXELS, np.uint64(0)
    for row in range(WINDOW):
        at, bits = (row + upper * STEP) % WINDOW * STEP, np.uint64(0)
        for column in range(WINDOW):
            is_smaller = (window[at + column % STEP + column // STEP * (PIXELS // 2)] > limit) == is_above
            smaller[row, column] = is_smaller
            bits = bits << np.uint64(1) | np.uint64(is_smaller)
        shape = (shape ^ bits) * HASH
    level = high + lost * apart if is_above else low - lost * apart
    return np.float32(level / LUMA_UNIT), shape, np.float32(error / LUMA_UNIT)


@compiled
def _half_chroma(planes: Any, top: int, left: int, smaller: Any, chroma: Any, share: Any) -> None:
    """Write blue and red of 2x2 pixels each, and the share that the smaller class has of them."""
    sums = np.empty((3, SAMPLES), np.float32)
    for y in range(SAMPLES):
        for channel in range(3):
            above, below = planes[channel, top + 2 * y, left:], planes[channel, top + 2 * y + 1, left:]
            total = sums[channel]
            for x in range(SAMPLES):
                total[x] = np.int32(above[2 * x]) + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]
        for x in range(SAMPLES):
            red, green, blue = sums[0, x], sums[1, x], sums[2, x]
            luma = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
            chroma[0, y, x] = (blue - luma) / np.float32(4 * 1.772)
            chroma[1, y, x] = (red - luma) / np.float32(4 * 1.402)
            one, other = smaller[2 * y], smaller[2 * y + 1]
            share[y, x] = (one[2 * x] + one[2 * x + 1] + other[2 * x] + other[2 * x + 1]) / 4


@compiled
def _filter(share: Any, filters: Any) -> None:
    """Filter the shares as decoding filters chroma; the outermost mean nothing afterwards."""
    for axis in range(2):
        side = filters[axis]
        if side == 0:
            continue
        for line in range(SAMPLES):
            values = share[:, line] if axis == 0 else share[line]
            before = values[0]
            for n in range(1, SAMPLES - 1):
                own = values[n]
                values[n] = own * (1 - 2 * side) + (before + values[n + 1]) * side
                before = own


@compiled
def _fit_chroma(chroma: Any, share: Any, lost: Any) -> Any:
    """Return blue and red of the smaller class by least squares, what the fit leaves over, and its weight."""
    count = np.float32((SAMPLES - 2) * (SAMPLES - 2))
    mean, squares = np.float32(0), np.float32(0)
    for y in range(1, SAMPLES - 1):
        for x in range(1, SAMPLES - 1):
            mean += share[y, x] / count
    for y in range(1, SAMPLES - 1):
        for x in range(1, SAMPLES - 1):
            squares += (share[y, x] - mean) ** 2
    if squares < LEAST_CHANGE:
        return mean, mean, np.float32(np.inf), squares
    fitted, error = np.empty(2, np.float32), np.float32(0)
    for channel in range(2):
        total, along = np.float32(0), np.float32(0)
        for y in range(1, SAMPLES - 1):
            for x in range(1, SAMPLES - 1):
                total += chroma[channel, y, x] / count
                along += chroma[channel, y, x] * (share[y, x] - mean)
        slope = along / squares
        for y in range(1, SAMPLES - 1):
            for x in range(1, SAMPLES - 1):
                error += (chroma[channel, y, x] - total - slope * (share[y, x] - mean)) ** 2
        fitted[channel] = total + slope * (1 - mean + lost)
    return fitted[0], fitted[1], np.sqrt(error / count), squares


@compiled
def group_colors(colors: Any, weight: Any, shapes: Any, center: Any, seen: Any, groups: Any) -> int:
    """Write the colors around which others gather, those with most first, and how many shapes they have.

    Along a straight border window after window looks the same, and may mislead the same way: they count once.

    Parameters
    ----------
    colors : float64 array of shape (n, 3)
        Red, green and blue of fitted colors; overwritten, as the next two are.
    weight : float64 array of shape (n,)
    shapes : uint64 array of shape (n,)
    center, seen : float64 array of shape (3,), uint64 array of shape (n,)
        Overwritten.
    groups : int64 array of shape (n // LEAST_WINDOWS, 2)
        Written: a color 0xRRGGBB and the number of its shapes.

    Returns
    -------
    int
        The number of groups.
    """
    count, left = 0, len(colors)
    while left >= LEAST_WINDOWS:
        most = 0
        for start in range(0, left, max(1, left // MOST_STARTS)):
            near = 0
            for n in range(left):
                near += _apart(colors[n], colors[start]) <= ALIKE
            if near > most:
                most = near
                center[0], center[1], center[2] = colors[start, 0], colors[start, 1], colors[start, 2]
        for _ in range(3):
            _move_to_mean(colors[:left], weight, center)
        alike, around, distinct, kept = 0, 0, 0, 0
        for n in range(left):
            apart = _apart(colors[n], center)
            if apart <= ALIKE:
                alike += 1
                seen[distinct] = shapes[n]
                is_new = True
                for other in range(distinct):
                    is_new &= seen[other] != shapes[n]
                distinct += is_new
            if apart <= AROUND:
                around += 1
            else:
                colors[kept, 0], colors[kept, 1], colors[kept, 2] = colors[n, 0], colors[n, 1], colors[n, 2]
                weight[kept], shapes[kept] = weight[n], shapes[n]
                kept += 1
        if alike < LEAST_WINDOWS:
            break
        if alike >= LEAST_CONCENTRATION * around:
            groups[count, 0], groups[count, 1] = 0, distinct
            for channel in range(3):
                groups[count, 0] = groups[count, 0] << 8 | int(center[channel] + 0.5)
            count += 1
        left = kept
    return count


@compiled
def _move_to_mean(colors: Any, weight: Any, center: Any) -> None:
    """Move a color to the weighted mean of those within ALIKE of it."""
    total, red, green, blue = 0.0, 0.0, 0.0, 0.0
    for n in range(len(colors)):
        part = weight[n] if _apart(colors[n], center) <= ALIKE else 0.0
        total += part
        red += part * colors[n, 0]
        green += part * colors[n, 1]
        blue += part * colors[n, 2]
    if total > 0:
        center[0], center[1], center[2] = red / total, green / total, blue / total


@compiled
def _apart(one: Any, other: Any) -> float:
    """Return the RGB distance of two colors."""
    red, green, blue = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    return np.sqrt(red * red + green * green + blue * blue)
