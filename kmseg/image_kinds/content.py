"""Photo or label: the colors of an image, whether flat areas have few and all else is mixed of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.image_kinds.blends import is_overlay
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
from kmseg.image_kinds.mixtures import MAX_CORE_UNEXPLAINED, explain
from kmseg.image_kinds.peaks import find_peaks, look_up, measure_tightness, table_of_nearest
from kmseg.image_kinds.ramps import measure_ramps
from kmseg.image_kinds.reduced_photo import is_reduced_photo
from kmseg.pixels.local_range import FLAT_RANGE, largest_channel, local_range

SAMPLE_PIXELS = 1 << 18
"""Pixels looked at for colors; of larger images, full-resolution tiles spread over the image."""

TILE = 128
"""Side of such a tile, in pixels."""

COMMON_SHARE = 0.01
"""Share of the flat pixels at peaks from which on a peak is compared with others: rims of enlarged labels have many
rare ones."""

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

MIN_RAMP_COLORS = 64
"""Distinct colors of an image below which it need not be looked at for ramps."""

MIN_BACKGROUND = 0.5
"""Least share of the pixels near the largest peak that makes it a background."""

SMALL_SIDE = 128
"""Pixels of the shorter side below which rims take so much of an image that labels in JPEG look like photos."""

INSTANCE_COLORS = 100
"""Distinct colors of exactly flat areas from which on colors number objects and not classes: published
legends have up to 183 classes, but one image shows rarely more than 50."""


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


def classify_content(image: NDArray[np.uint8]) -> ImageKind:
    """Classify an image or panel as photo, overlay or one of the kinds of labels, by its colors.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    """
    gray = is_gray(image)
    values = _exact_values(image) if gray else ()
    tiles = _sample(image)
    ranges = [local_range(tile) for tile in tiles]
    total = sum(r.size for r in ranges)
    flat = np.concatenate([tile[r <= FLAT_RANGE] for tile, r in zip(tiles, ranges, strict=True)])
    exact = sum(int((r == 0).sum()) for r in ranges) / total
    packed = np.concatenate([tile.reshape(-1, 3) for tile in tiles]).astype(np.uint32) @ np.array(
        [65536, 256, 1], np.uint32
    )
    distinct = len(np.unique(packed))
    peaks, sizes = find_peaks(flat)
    nearest = table_of_nearest(peaks)
    shares = explain(tiles, peaks, nearest)
    tight, outside = measure_tightness(flat, peaks, nearest)
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
        "ramps": measure_ramps(tiles, gray) if distinct >= MIN_RAMP_COLORS else 0.0,
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
        codes = [np.where(r <= FLAT_RANGE, look_up(nearest, tile), -1) for tile, r in zip(tiles, ranges, strict=True)]
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
    return ImageKind(OVERLAY if is_overlay(tiles) else PHOTO, sure, measures, reason=reason)


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


def _small_steps(tiles: Sequence[NDArray[np.uint8]]) -> float:
    """Return the share of small steps, of at most 8 levels, among horizontal neighbors that differ: many after JPEG."""
    small = steps = 0
    for tile in tiles:
        if tile.shape[1] < 2:
            continue
        step = largest_channel(cv2.absdiff(tile[:, 1:].copy(), tile[:, :-1].copy()))
        steps += int((step > 0).sum())
        small += int(((step > 0) & (step <= 8)).sum())
    return small / max(steps, 1)
