"""Photo or label: the colors of an image, whether flat areas have few and all else is mixed of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.image_kinds.kinds import (
    BINARY_MASK,
    COLOR_LABEL,
    INDEX_MASK,
    INSTANCE_IDS,
    OVERLAY,
    PHOTO,
    PLAIN_BACKGROUND,
    REDUCED,
    SMALL,
    SOFT,
    ImageKind,
)
from kmseg.image_kinds.reduced_photo import is_reduced_photo

FLAT_RANGE = 12
"""Levels that a 3x3 neighborhood of one class may span: JPEG at quality 50 leaves about this much inside an area."""

SAMPLE_PIXELS = 1 << 18
"""Pixels looked at for colors; of larger images, full-resolution tiles spread over the image."""

TILE = 128
"""Side of such a tile, in pixels."""

CELL = 4
"""Side of a cell of the color histogram, in levels."""

PEAK_SHARPNESS = 0.5
"""Least share of the pixels within 14 levels of a peak that lie within 6: one along a line of evenly spread colors is
0.43, in a plane 0.18, at a class color in JPEG 75 about 0.9."""

MAX_PEAKS = 256
"""Peaks that are looked for at most."""

MIN_PEAK_PIXELS = 16
"""Least flat pixels of a peak in the sample."""

COMMON_SHARE = 0.01
"""Share of the flat pixels at peaks from which on a peak is compared with others: rims of enlarged labels have many
rare ones."""

MODE_RADIUS = 12.0
"""RGB distance within which a pixel has the color of a peak."""

MIXTURE_RADIUS = 4
"""Pixels around a mixed pixel within which its two classes lie: half an 8x8 block of JPEG."""

MOST_AROUND = 5
"""Classes around a pixel that are tried as its two: within nine pixels there are hardly more."""

MIXTURE_DISTANCE = 24.0
"""RGB distance from the line between two classes within which a pixel is a mixture of them; JPEG 4:2:0 bends it."""

MAX_UNEXPLAINED = 0.2, 0.35
"""Largest share of pixels of a label that are neither near a peak nor a mixture, for peaks of the least tightness and
for those tighter by 0.2. Measured: labels of 15 public sets up to 0.12 (thin objects in JPEG), photos 0.3 and more."""

MIN_FOREGROUND = 0.02
"""Share of unexplained pixels from which on the foreground alone can make a photo: small objects with soft rims on a
background of one color are labels."""

MAX_FOREGROUND_UNEXPLAINED = 0.4
"""The same share, of the pixels outside the largest peak: photos on a white or black background."""

MIN_INDEX_STEP = 9
"""Smallest nonzero gray value from which on values are gray colors and not class numbers."""

MAX_BETWEEN_VALUES = 0.2
"""Largest share of the pixels on borders of an exact mask that lie between the values around them: where three areas
meet. Antialiased borders have about a half."""

MIN_TIGHT = 0.5
"""Least share of the flat pixels at peaks that are within 2 levels of the peak's most frequent color. Measured: labels
of 15 public sets 0.64 and more, photos 0.1 to 0.7."""

MAX_OUTSIDE_PEAKS = 0.06, 0.14
"""Largest share of a label's flat pixels that are near no peak, for peaks of the least tightness and for those tighter
by 0.2. Measured: labels of 15 public sets up to 0.05, photos 0.13 and more."""

MAX_SHADED, MIN_SHADED_PIXELS = 0.12, 0.003
"""Largest share, of the pixels outside the largest peak, that is flat and near no peak: the shading of an object on
white or black; it counts from this share of all pixels on. Measured: labels up to 0.10 (dots in JPEG), objects that
were cut out of photos and drawings 0.2 and more."""

MIN_GRAY_AT_PEAKS = 0.5
"""Least share of a gray image's pixels that is near a peak: between black and white every gray is a mixture."""

MAX_REDUCED_FLAT = 0.9
"""Largest share of flat neighborhoods of a photo that was reduced to few colors; most labels have more, and need not
be looked at for it."""

REDUCED_DOUBT = 2.0
"""The doubt about such a photo: clearly no label, as a panel among labels."""

MAX_RAMPS = 0.02
"""Largest share of a label's pixels on ramps. Measured: labels in JPEG up to 0.006, other ones less; heat maps,
probability maps and masks blurred over 8 pixels and more mostly 0.02 to 0.5."""

RAMP_STEP, RAMP_PIXELS = 12, 17
"""Levels from pixel to pixel up to which a color rises evenly, and pixels in a row from which on that is a ramp:
resizing makes short or steep ones, and JPEG hardly any longer than two blocks."""

MIN_RAMP_COLORS = 64
"""Distinct colors of an image below which it need not be looked at for ramps."""

RAMP_LINES = 4
"""Every such row and column is looked at for ramps."""

MIN_BACKGROUND = 0.5
"""Least share of the pixels near the largest peak that makes it a background."""

CORE_DISTANCE, MIN_CORE_PIXELS, MAX_CORE_UNEXPLAINED = 5.0, 64, 0.5
"""Pixels from the background beyond which an object is no rim; least number of such pixels that tell; largest share of
them that is unexplained in a label. Measured: labels up to 0.1, parts of photos 0.1 to 1."""

SMALL_SIDE = 128
"""Pixels of the shorter side below which rims take so much of an image that labels in JPEG look like photos."""

INSTANCE_COLORS = 100
"""Distinct colors of exactly flat areas from which on colors number objects and not classes: published
legends have up to 183 classes, but one image shows rarely more than 50."""


PACKING = np.array([65536, 256, 1], np.uint32)
"""Makes words 0xRRGGBB of colors."""


def is_gray(image: NDArray[np.uint8]) -> bool:
    """Tell whether the three channels are equal."""
    for part in (image[::16, ::16], image):  # nearly all color images are told by the first
        if not ((part[..., 0] == part[..., 1]).all() and (part[..., 1] == part[..., 2]).all()):
            return False
    return True


def _exact_values(image: NDArray[np.uint8]) -> tuple[int, ...]:
    """Return the gray values of an exact mask; nothing where these are the shades of a picture.

    In a mask nearly every pixel equals a neighbor, and along the border of two areas no value lies between theirs.
    """
    plane = np.ascontiguousarray(image[..., 0])
    counts = np.bincount(plane.ravel(), minlength=256)
    values = np.flatnonzero(counts)
    if len(values) > 200:
        return ()
    kernel = np.ones((3, 3), np.uint8)
    high, low = cv2.dilate(plane, kernel), cv2.erode(plane, kernel)
    border = high > low
    between = (plane > low) & (plane < high)
    if between.sum() > MAX_BETWEEN_VALUES * max(int(border.sum()), 1) or (len(values) > 2 and border.mean() > 0.8):
        return ()
    return tuple(int(v) for v in values)


def _looks_like_indices(values: Sequence[int]) -> bool:
    """Tell whether gray values are class numbers: small ones, or a few large ones without a common step."""
    low = [v for v in values if v not in (0, 255)]
    if not low:
        return values == (0,)
    return min(low) < MIN_INDEX_STEP


def classify_deep(image: NDArray[Any]) -> ImageKind:
    """Classify an image of more than 8 bits a channel: object numbers, or a depth image or photo."""
    plane = image[..., 0]
    values = np.unique(plane)
    flat = float((plane[:, 1:] == plane[:, :-1]).mean()) if plane.shape[1] > 1 else 1.0
    measures = {"colors": float(len(values)), "exact_flat": flat}
    if flat >= 0.8 and len(values) <= 4096:
        if values.max() <= 255:
            return ImageKind(INDEX_MASK, 0.8, measures, tuple(int(v) for v in values))
        return ImageKind(INSTANCE_IDS, 0.8, measures, tuple(int(v) for v in values))
    return ImageKind(PHOTO, 0.6, measures)


def _sample(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the image, or full-resolution tiles on a regular grid where it is large."""
    height, width = image.shape[:2]
    if height * width <= SAMPLE_PIXELS:
        return [image]
    wanted = SAMPLE_PIXELS // (TILE * TILE)
    across = max(1, min(round((wanted * width / height) ** 0.5), width // TILE or 1))
    down = max(1, min(wanted // across, height // TILE or 1))
    tops = np.linspace(0, max(height - TILE, 0), down).astype(int)
    lefts = np.linspace(0, max(width - TILE, 0), across).astype(int)
    return [image[y : y + TILE, x : x + TILE] for y in tops for x in lefts]


def local_range(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest range of a channel in each 3x3 neighborhood, `(H, W)`."""
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.subtract(cv2.dilate(image, kernel), cv2.erode(image, kernel))
    return np.asarray(reduce(cv2.max, cv2.split(spread)))


def _peaks(colors: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sharp peaks of a set of colors `(n, 3)` and the pixels of each, the largest first."""
    side = 256 // CELL
    cells = (colors // CELL).astype(np.int64)
    counts = np.bincount((cells[:, 0] * side + cells[:, 1]) * side + cells[:, 2], minlength=side**3)
    density: NDArray[np.float32] = counts.reshape(side, side, side).astype(np.float32)
    near, wide = _box(density, 1), _box(density, 3)
    found, sizes = [], []
    rest = density.copy()
    able = np.flatnonzero(near >= MIN_PEAK_PIXELS)
    able = able[near.ravel()[able] >= PEAK_SHARPNESS * wide.ravel()[able]]
    able = able[np.argsort(-near.ravel()[able], kind="stable")]
    taken = np.zeros(density.shape, bool)
    for flat in able:
        r, g, b = np.unravel_index(flat, density.shape)
        if taken[r, g, b]:
            continue
        at = tuple(slice(max(i - 1, 0), i + 2) for i in (r, g, b))
        block = rest[at]
        if block.sum() < 0.5 * near[r, g, b]:
            continue
        taken[tuple(slice(max(i - 2, 0), i + 3) for i in (r, g, b))] = True
        corner = np.array([slice_.start for slice_ in at])
        grid = np.indices(block.shape).transpose(1, 2, 3, 0) + corner
        center = (block[..., None] * (grid * CELL + (CELL - 1) / 2)).sum((0, 1, 2)) / block.sum()
        found.append(center)
        sizes.append(int(block.sum()))
        rest[at] = 0
        if len(found) == MAX_PEAKS:
            break
    if not found:
        return np.zeros((0, 3)), np.zeros(0, np.int64)
    index = np.argsort(-np.array(sizes), kind="stable")
    return np.array(found)[index], np.array(sizes, np.int64)[index]


def _box(density: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return the sums of a 3-D array over cubes of side 2 radius + 1."""
    size, edge = 2 * radius + 1, cv2.BORDER_CONSTANT
    planes = cv2.boxFilter(density, -1, (size, size), normalize=False, borderType=edge)
    rows = cv2.boxFilter(planes.reshape(-1, density.shape[2]), -1, (size, 1), normalize=False, borderType=edge)
    return np.asarray(rows).reshape(density.shape)


def classify_content(image: NDArray[np.uint8]) -> ImageKind:
    """Classify an image or panel as photo, overlay or one of the kinds of labels, by its colors.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    """
    gray = is_gray(image)
    values = _exact_values(image) if gray else ()
    tiles = _sample(image)
    ranges = [local_range(np.ascontiguousarray(tile)) for tile in tiles]
    total = sum(r.size for r in ranges)
    flat = np.concatenate([tile[r <= FLAT_RANGE] for tile, r in zip(tiles, ranges, strict=True)])
    exact = sum(int((r == 0).sum()) for r in ranges) / total
    packed = np.concatenate([tile.reshape(-1, 3) for tile in tiles]).astype(np.uint32) @ np.array(
        [65536, 256, 1], np.uint32
    )
    distinct = len(np.unique(packed))
    peaks, sizes = _peaks(flat)
    nearest = _nearest_table(peaks)
    shares = _explain(tiles, peaks, nearest)
    tight, outside = _tightness(flat, peaks, nearest)
    shading = outside * len(flat) / total
    shaded = shading / max(1 - shares.background, 1e-6)
    measures = {
        "flat": len(flat) / total,
        "exact_flat": exact,
        "peaks": float(len(peaks)),
        "tight": tight,
        "outside_peaks": outside,
        "unexplained": shares.unexplained,
        "foreground_unexplained": shares.foreground_unexplained,
        "shaded": shaded,
        "ramps": _ramps(tiles, gray) if distinct >= MIN_RAMP_COLORS else 0.0,
        "core_unexplained": shares.core_unexplained,
        "at_peaks": shares.at_peaks,
        "small_steps": _small_steps(tiles),
        "colors": float(distinct),
        "gray": float(gray),
        "doubt": 0.0,
    }
    if values:
        if (len(values) == 2 and max(values) >= 128) or values == (255,):
            return ImageKind(BINARY_MASK, 0.9, measures, values)
        if _looks_like_indices(values):
            return ImageKind(INDEX_MASK, 0.6 if values == (0,) else 0.9, measures, values)
        return ImageKind(COLOR_LABEL, 0.9, measures, values)
    if measures["small_steps"] <= 0.3 and exact >= 0.3 and _areas_of_one_color(tiles, ranges) >= INSTANCE_COLORS:
        return ImageKind(INSTANCE_IDS, 0.7, measures)
    if not gray and len(flat) <= MAX_REDUCED_FLAT * total:
        common = _common(peaks, sizes)
        codes = [np.where(r <= FLAT_RANGE, _lookup(nearest, tile), -1) for tile, r in zip(tiles, ranges, strict=True)]
        codes = [np.where(part < len(common), part, -1) for part in codes]
        if is_reduced_photo(codes, peaks[: len(common)]):
            return ImageKind(PHOTO, 0.7, measures | {"doubt": REDUCED_DOUBT}, colors=common, reason=REDUCED)
    if distinct <= 32 and exact >= 0.2:
        return ImageKind(COLOR_LABEL, 1.0, measures, colors=_common(peaks, sizes))
    trust = float(np.clip((tight - MIN_TIGHT) / 0.2, 0, 1))
    whole = [
        MIN_TIGHT / max(tight, 0.01),
        outside / (MAX_OUTSIDE_PEAKS[0] + trust * (MAX_OUTSIDE_PEAKS[1] - MAX_OUTSIDE_PEAKS[0])),
        shares.unexplained / (MAX_UNEXPLAINED[0] + trust * (MAX_UNEXPLAINED[1] - MAX_UNEXPLAINED[0])),
    ]
    if gray:
        whole.append(MIN_GRAY_AT_PEAKS / max(shares.at_peaks, 0.01))
    objects = [shares.core_unexplained / MAX_CORE_UNEXPLAINED] if shares.background >= MIN_BACKGROUND else []
    if shares.unexplained >= MIN_FOREGROUND:
        objects.append(shares.foreground_unexplained / MAX_FOREGROUND_UNEXPLAINED)
    if shading >= MIN_SHADED_PIXELS:
        objects.append(shaded / MAX_SHADED)
    soft = measures["ramps"] / MAX_RAMPS
    doubt = max(*whole, *objects, soft) if len(peaks) else 9.0
    measures["doubt"] = doubt
    if doubt <= 1:
        binary = gray and len(peaks) == 2 and abs(peaks - [[0], [255]][:: 1 if peaks[0, 0] < 128 else -1]).max() < 12
        sure = float(np.clip(1.25 - doubt / 2, 0.5, 1))
        return ImageKind(BINARY_MASK if binary else COLOR_LABEL, sure, measures, colors=_common(peaks, sizes))
    sure = float(np.clip(doubt / 3, 0.3, 1))
    reason = ""
    if min(image.shape[:2]) < SMALL_SIDE:
        reason = SMALL
    elif soft > 1:
        reason = SOFT
    elif len(peaks) and max(whole) <= 1:
        reason = PLAIN_BACKGROUND
    return ImageKind(OVERLAY if _is_overlay(tiles) else PHOTO, sure, measures, reason=reason)


def _common(peaks: NDArray[np.float64], sizes: NDArray[np.int64]) -> tuple[tuple[float, float, float, int], ...]:
    """Return the peaks that have `COMMON_SHARE` of the pixels of all, with their pixels; they are the first ones."""
    keep = sizes >= COMMON_SHARE * sizes.sum()
    return tuple((r, g, b, n) for (r, g, b), n in zip(peaks[keep].tolist(), sizes[keep].tolist(), strict=True))


def _areas_of_one_color(tiles: Sequence[NDArray[np.uint8]], ranges: Sequence[NDArray[np.uint8]]) -> int:
    """Return the number of colors that areas of 4 pixels and more, with equal neighbors all around, have."""
    inner = np.concatenate([tile[spread == 0] for tile, spread in zip(tiles, ranges, strict=True)])
    return int(
        (np.unique(inner.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32), return_counts=True)[1] >= 4).sum()
    )


def _tightness(flat: NDArray[np.uint8], peaks: NDArray[np.float64], nearest: NDArray[np.int16]) -> tuple[float, float]:
    """Return the share of the flat pixels near peaks that are within 2 levels of the peak's most frequent color, and
    the share of the flat pixels that are near no peak."""
    if not len(peaks):
        return 0.0, 1.0
    pick = flat[:: max(1, len(flat) // 65536)]
    codes = _lookup(nearest, pick)
    near = codes >= 0
    words = (codes[near].astype(np.uint32) << 24) | (pick[near].astype(np.uint32) @ PACKING)  # of 256 peaks at most
    colors, counts = np.unique(words, return_counts=True)  # by peak, then by color
    levels = np.stack([(colors >> shift & 255).astype(np.int16) for shift in (16, 8, 0)], axis=1)
    tight = 0
    for rows in np.split(np.arange(len(colors)), np.flatnonzero(np.diff(colors >> 24)) + 1):
        if len(rows):
            top = levels[rows[counts[rows].argmax()]]
            tight += int(counts[rows][np.abs(levels[rows] - top).max(axis=1) <= 2].sum())
    return tight / max(len(words), 1), float((~near).mean())


def _small_steps(tiles: Sequence[NDArray[np.uint8]]) -> float:
    """Return the share of small steps, of at most 8 levels, among horizontal neighbors that differ: many after JPEG."""
    small = steps = 0
    for tile in tiles:
        if tile.shape[1] < 2:
            continue
        step = reduce(cv2.max, cv2.split(cv2.absdiff(tile[:, 1:].copy(), tile[:, :-1].copy())))
        steps += int((step > 0).sum())
        small += int(((step > 0) & (step <= 8)).sum())
    return small / max(steps, 1)


class Shares(NamedTuple):
    """Shares of an image's pixels: `unexplained` is neither near a peak nor a mixture of two nearby, `background` near
    the largest peak; `foreground_unexplained` is of the pixels that are not, `core_unexplained` of those far from
    it."""

    unexplained: float
    foreground_unexplained: float
    core_unexplained: float
    at_peaks: float
    background: float


def _explain(tiles: Sequence[NDArray[np.uint8]], peaks: NDArray[np.float64], nearest: NDArray[np.int16]) -> Shares:
    """Explain the pixels of an image by peaks `(k, 3)`, the largest first; `nearest` is their table."""
    if not len(peaks):
        return Shares(1.0, 1.0, 1.0, 0.0, 0.0)
    asked = bad = total = background = rest = 0
    core = core_rest = core_asked = core_bad = 0
    budget = max(256, 8192 // len(tiles))
    for tile in tiles:
        codes = _lookup(nearest, tile)
        total += codes.size
        background += int((codes == 0).sum())
        deep = _far_from(codes == 0)
        core += int(deep.sum())
        ys, xs = np.nonzero(codes < 0)
        rest += len(ys)
        if not len(ys):
            continue
        core_rest += int(deep[ys, xs].sum())
        pick = np.arange(0, len(ys), max(1, len(ys) // budget))
        ys, xs = ys[pick], xs[pick]
        padded = np.pad(codes, MIXTURE_RADIUS, mode="edge")
        window = np.arange(0, 2 * MIXTURE_RADIUS + 1, 2)
        corner = ys * padded.shape[1] + xs
        around = padded.ravel()[corner[:, None] + (window[:, None] * padded.shape[1] + window).ravel()]
        off = _distance_to_mixtures(tile[ys, xs].astype(np.float32), around, peaks.astype(np.float32))
        asked += len(ys)
        strange, inside = off > MIXTURE_DISTANCE, deep[ys, xs]
        bad += int(strange.sum())
        core_asked += int(inside.sum())
        core_bad += int((strange & inside).sum())
    share = bad / asked if asked else 0.0
    lost = share * rest
    core_lost = core_rest * core_bad / max(core_asked, 1) if core >= MIN_CORE_PIXELS else 0.0
    return Shares(
        lost / total,
        lost / max(total - background, 1),
        core_lost / max(core, 1),
        1 - rest / total,
        background / total,
    )


def _far_from(background: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels farther than `CORE_DISTANCE` from any of the background; none where there is no background."""
    if not background.any():
        return np.zeros(background.shape, bool)
    return np.asarray(cv2.distanceTransform((~background).astype(np.uint8), cv2.DIST_L2, 3) > CORE_DISTANCE)


def _ramps(tiles: Sequence[NDArray[np.uint8]], gray: bool) -> float:
    """Return the share of pixels where a channel rises or falls in small steps over many pixels in a row."""
    ramps = np.zeros(1 if gray else 3)
    for tile in tiles:
        for channel in range(len(ramps)):
            plane = tile[..., channel]
            ramps[channel] += sum(_on_ramps(lines[::RAMP_LINES]) for lines in (plane, plane.T)) * tile.size / 2
    return float(ramps.max() / sum(tile.size for tile in tiles))


def _on_ramps(lines: NDArray[np.uint8]) -> float:
    """Return the share of the steps along lines `(n, length)` that are part of a ramp."""
    step = np.diff(lines.astype(np.int16), axis=1, append=np.int16(-1000))  # a line ends in no small step
    way = np.where(np.abs(step) <= RAMP_STEP, np.sign(step), 0).ravel()
    starts = np.flatnonzero(np.diff(way, prepend=np.int16(2)))
    lengths = np.diff(np.append(starts, way.size))
    return float(lengths[(way[starts] != 0) & (lengths >= RAMP_PIXELS)].sum() / way.size)


def _nearest_table(peaks: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return, per cell of 4 levels, the nearest peak, or -1 where none is near."""
    side = np.arange(2, 256, 4, dtype=np.float32)
    best = np.full((64, 64, 64), np.inf, np.float32)
    table = np.full((64, 64, 64), -1, np.int16)
    for k, peak in enumerate(peaks):
        lo = np.clip(((peak - MODE_RADIUS) // 4).astype(int) - 1, 0, 63)
        hi = np.clip(((peak + MODE_RADIUS) // 4).astype(int) + 2, 1, 64)
        axes = [(side[a:b] - p) ** 2 for a, b, p in zip(lo, hi, peak, strict=False)]
        apart = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :]
        at = tuple(slice(a, b) for a, b in zip(lo, hi, strict=False))
        better = (apart < best[at]) & (apart <= MODE_RADIUS**2)
        best[at][better] = apart[better]
        table[at][better] = k
    return table


def _lookup(table: NDArray[np.int16], colors: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the entry of each color `(..., 3)` in a table of cells of 4 levels."""
    cells = (colors >> 2).astype(np.int32)
    return np.asarray(table.ravel()[(cells[..., 0] << 12) | (cells[..., 1] << 6) | cells[..., 2]])


def _distance_to_mixtures(
    colors: NDArray[np.float32], around: NDArray[np.int16], peaks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the RGB distance of each color to the nearest line between two peaks around it.

    Parameters
    ----------
    colors : ndarray of shape (n, 3), float32
    around : ndarray of shape (n, m), int16
        Peaks of the pixels around each, -1 for none.
    peaks : ndarray of shape (k, 3), float32
    """
    ordered = np.sort(around, axis=1)
    first = ordered >= 0
    first[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    rows, columns = np.nonzero(first)
    places = np.arange(len(rows)) - np.searchsorted(rows, np.arange(len(around)))[rows]  # of a peak in its row
    kept = places < MOST_AROUND
    distinct = np.full((len(around), MOST_AROUND), 32000, np.int16)
    distinct[rows[kept], places[kept]] = ordered[rows[kept], columns[kept]]
    best = np.full(len(colors), np.inf, np.float32)
    valid = distinct < 32000
    for i in range(distinct.shape[1]):
        for j in range(i, distinct.shape[1]):
            rows = np.flatnonzero(valid[:, i] & valid[:, j])  # few have more than two classes around them
            if not len(rows):
                break
            a = peaks[distinct[rows, i]]
            line, beside = peaks[distinct[rows, j]] - a, colors[rows] - a
            t = np.einsum("nc,nc->n", beside, line) / np.maximum(np.einsum("nc,nc->n", line, line), 1e-6)
            beside -= np.clip(t, 0, 1)[:, None] * line
            best[rows] = np.minimum(best[rows], np.sqrt(np.einsum("nc,nc->n", beside, beside)))
    return best


def _is_overlay(tiles: Sequence[NDArray[np.uint8]]) -> bool:
    """Tell whether an image that is no label has the chroma of one: a few sharp, saturated chroma values cover it."""
    chroma = [cv2.cvtColor(np.ascontiguousarray(t), cv2.COLOR_RGB2YCrCb)[..., 1:] for t in tiles]
    flat = np.concatenate([c[local_range(np.ascontiguousarray(c)) <= 8] for c in chroma])
    if len(flat) < 256:
        return False
    side = 64
    density = (
        np.bincount((flat[:, 0] >> 2).astype(int) * side + (flat[:, 1] >> 2), minlength=side**2)
        .reshape(side, side)
        .astype(np.float32)
    )
    near, wide = (
        cv2.boxFilter(density, -1, (3, 3), normalize=False),
        cv2.boxFilter(density, -1, (9, 9), normalize=False),
    )
    rest, peaks, share = density.copy(), 0, 0.0
    for at in np.argsort(-near, axis=None)[:400]:
        y, x = divmod(int(at), side)
        if near[y, x] < 0.02 * len(flat):
            break
        block = rest[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        saturated = max(abs(y * 4 + 2 - 128), abs(x * 4 + 2 - 128)) >= 20
        if block.sum() >= 0.7 * near[y, x] and near[y, x] / wide[y, x] >= 0.6 and saturated:
            peaks += 1
            share += float(block.sum()) / len(flat)
            block[...] = 0
    return peaks >= 2 and share >= 0.2
