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

SAMPLES = WINDOW // 2
"""Samples of chroma a side, at half the resolution."""

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
    luma, smaller = np.empty(planes.shape[1:], np.float32), np.empty((WINDOW, WINDOW), np.float32)
    chroma, share = np.empty((2, SAMPLES, SAMPLES), np.float32), np.empty((SAMPLES, SAMPLES), np.float32)
    for y in range(len(luma)):
        for x in range(luma.shape[1]):
            red, green, blue = planes[0, y, x], planes[1, y, x], planes[2, y, x]
            luma[y, x] = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    count = 0
    for y in range(margin, min(planes.shape[1] - margin, height - top + margin - WINDOW + 1), STEP):
        for x in range(margin, planes.shape[2] - margin - WINDOW + 1, STEP):
            level, shape, error = _split_luma(luma[y : y + WINDOW, x : x + WINDOW], lost, smaller)
            if error > most_errors[0] or count == len(found):
                continue
            _half_chroma(planes[:, y : y + WINDOW, x : x + WINDOW], smaller, chroma, share)
            _filter(share, filters)
            blue, red, error, weight = _fit_chroma(chroma, share, lost)
            if error <= most_errors[1]:
                found[count, 0], found[count, 1], found[count, 2], found[count, 3] = level, blue, red, weight
                shapes[count] = shape
                count += 1
    return count


@compiled
def _split_luma(luma: Any, lost: Any, smaller: Any) -> Any:
    """Split a window in two by luma, and write 1 for the pixels of the smaller class; return its luma, shape and error.

    The error is infinite where the window does not hold two classes of enough pixels.
    """
    low, high = np.float32(255), np.float32(0)
    for y in range(WINDOW):
        for x in range(WINDOW):
            low, high = min(low, luma[y, x]), max(high, luma[y, x])
    if high - low < MIN_CONTRAST:
        return low, np.uint64(0), np.float32(np.inf)
    above, limit, squares = np.float32(0), (low + high) / 2, np.float32(0)
    for _ in range(3):  # two-means; it hardly moves after that
        above, sums, total, squares = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for y in range(WINDOW):
            for x in range(WINDOW):
                over = np.float32(luma[y, x] > limit)
                above += over
                sums += over * luma[y, x]
                total += luma[y, x]
                squares += luma[y, x] * luma[y, x]
        high, low = sums / above, (total - sums) / (WINDOW * WINDOW - above)
        squares -= above * high * high + (WINDOW * WINDOW - above) * low * low
        limit = (low + high) / 2
    pixels, error = min(above, WINDOW * WINDOW - above), np.sqrt(np.maximum(squares, 0) / (WINDOW * WINDOW))
    if (
        pixels < LEAST_PIXELS
        or pixels > MOST_PIXELS
        or error > MAX_LUMA_ERROR * (high - low)
        or high - low < MIN_CONTRAST
    ):
        return low, np.uint64(0), np.float32(np.inf)
    is_above, shape, between = 2 * above <= WINDOW * WINDOW, np.uint64(0), 0
    for y in range(WINDOW):
        for x in range(WINDOW):
            is_smaller = (luma[y, x] > limit) == is_above
            smaller[y, x] = is_smaller
            shape = (shape ^ np.uint64(is_smaller)) * HASH
            between += abs(luma[y, x] - limit) < BETWEEN * (high - low)
    if between > MOST_BETWEEN:
        error = np.float32(np.inf)
    more = lost * (high - low)
    return (high + more if is_above else low - more), shape, np.float32(error)


@compiled
def _half_chroma(window: Any, smaller: Any, chroma: Any, share: Any) -> None:
    """Write blue and red of 2x2 pixels each, and the share that the smaller class has of them."""
    for y in range(SAMPLES):
        for x in range(SAMPLES):
            red, green, blue, part = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for n in range(4):
                row, column = 2 * y + n // 2, 2 * x + n % 2
                red += window[0, row, column]
                green += window[1, row, column]
                blue += window[2, row, column]
                part += smaller[row, column]
            luma = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
            chroma[0, y, x] = (blue - luma) / np.float32(4 * 1.772)
            chroma[1, y, x] = (red - luma) / np.float32(4 * 1.402)
            share[y, x] = part / 4


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
