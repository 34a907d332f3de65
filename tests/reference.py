"""What the compiled loops compute, in NumPy that is obvious rather than fast: tests compare the two.

A function here has the name of the loop it stands for. It returns what the loop writes.
"""

from __future__ import annotations

import cv2
import numpy as np

from kmseg.audit.kernels import BORDER, BORDER_40, CLASSLESS, EXACT, FLAT, FLAT_40, SUPPORT_RADIUS, WITHIN_20
from kmseg.maskers.boundary.label_table import (
    BLOCK,
    BLOCKS,
    COMPUTED,
    HAS_EXACT_COLORS,
    INFINITE_COST,
    LUMA_ONLY_TOLERANCE,
    MIN_RATIO_TO_SECOND,
    NEAR,
    NO_LABEL,
    PLAUSIBLE,
    TIGHT,
    TIGHT_TOLERANCE,
    UNIT,
)
from kmseg.maskers.boundary.plane_kernels import COMMON
from kmseg.pixels.luma_chroma import luma_chroma_quarters

# kmseg.pixels


def pack_rgb(colors):
    """Return the numbers 0xRRGGBB of colors (..., 3)."""
    return colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def unpack_rgb(codes):
    """Return the colors (..., 3) of numbers 0xRRGGBB."""
    return np.stack([codes >> 16 & 0xFF, codes >> 8 & 0xFF, codes & 0xFF], axis=-1).astype(np.uint8)


def find_runs(values):
    """Return where runs of equal values start, and the number of values."""
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    return [0, *changes.tolist(), len(values)]


def count_colors(codes):
    """Return the distinct colors and the pixels of each."""
    return np.unique(codes, return_counts=True)


def count_pairs(rows, columns, shape):
    """Return the pixels with each pair of values; rows below 0 are left out, the last column takes what is beyond."""
    counts = np.zeros(shape, np.int64)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if row >= 0:
            counts[row, min(column, shape[1] - 1)] += 1
    return counts


def local_range(plane, size=3):
    """Return the largest minus the smallest value of the neighborhood of each pixel (H, W), as far as it is inside."""
    reach = size // 2
    ranges = np.zeros(plane.shape, np.uint8)
    for y, x in np.ndindex(*plane.shape):
        window = plane[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        ranges[y, x] = window.max() - window.min()
    return ranges


def color_range(image, size=3):
    """Return the local range of the channel in which it is largest, (H, W)."""
    return np.max([local_range(image[..., channel], size) for channel in range(3)], axis=0)


# kmseg.audit


def classify_pixels(image, mask, colors):
    """Return the kind of each pixel; `colors` holds a list of colors for each class, and others have none."""
    kinds = np.empty(mask.shape, np.uint8)
    flat = color_range(image) <= FLAT
    for y, x in np.ndindex(*mask.shape):
        own = colors[mask[y, x]] if mask[y, x] < len(colors) else []
        if not own:
            kinds[y, x] = CLASSLESS
            continue
        distance = min(np.linalg.norm(image[y, x].astype(float) - color) for color in own)
        if distance <= 20:
            kinds[y, x] = np.searchsorted([0, 10, 20], distance)  # EXACT, WITHIN_10, WITHIN_20
        else:  # BORDER_40 and BORDER, or FLAT_40 and FLAT_FAR
            kinds[y, x] = 3 + (distance > 40) + 2 * flat[y, x]
    return kinds


def find_unmixed(image, mask, colors, noise, kinds):
    """Return which border pixels lie on no line between two colors around them, of the nearest near pixels."""
    found = np.zeros(mask.shape, bool)
    levels = image.astype(float)
    for y, x in np.argwhere((kinds == BORDER_40) | (kinds == BORDER)):
        places = [
            (max(abs(row - y), abs(column - x)), row, column)
            for row, column in np.ndindex(*mask.shape)
            if kinds[row, column] <= WITHIN_20 and max(abs(row - y), abs(column - x)) <= SUPPORT_RADIUS
        ]
        nearest = {}
        for place in sorted(places):
            nearest.setdefault(mask[place[1:]], levels[place[1:]])
        around = [*nearest.values(), np.array(colors[mask[y, x]][0], float)]
        found[y, x] = not nearest or all(
            distance_to_line(levels[y, x], one, other) > noise for n, one in enumerate(around) for other in around[:n]
        )
    return found


def distance_to_line(color, one, other):
    """Return the distance of a color to the straight line from one color to another."""
    line = other - one
    share = np.clip((color - one) @ line / max(line @ line, 1), 0, 1)
    return np.linalg.norm(color - one - share * line)


def count_inexact(codes, kinds, few):
    """Return the colors that are not exactly their class's with their pixels, or None if there are more than few."""
    distinct, pixels = np.unique(codes[kinds != EXACT], return_counts=True)
    return None if len(distinct) > few else (distinct, pixels)


def unknown_colors(codes, kinds):
    """Return the colors of the pixels that are flat and of none of their class's colors."""
    return codes[kinds >= FLAT_40]


def top_colors(codes, pixels, known, least, alike, most):
    """Return up to `most` pairs of color and pixels; squared distances `least` from those known, `alike` together."""
    colors = unpack_rgb(codes).astype(int)
    apart = ((colors[:, None] - unpack_rgb(known).astype(int)) ** 2).sum(axis=-1)
    left = np.where((apart < least).any(axis=1), 0, pixels)
    found = []
    while len(found) < most and left.any():
        first = left.argmax()
        same = ((colors - colors[first]) ** 2).sum(axis=1) <= alike
        found.append((int(codes[first]), int(left[same].sum())))
        left = np.where(same, 0, left)
    return found


# kmseg.maskers.boundary


def color_cell(colors):
    """Return the cell of 4x4x4 colors of colors (..., 3)."""
    red, green, blue = np.moveaxis(colors.astype(np.int64) // 4, -1, 0)
    return (red * 64 + green) * 64 + blue


def cell_entry(cell, palette, tolerance, soft):
    """Return label and flags of a cell; `palette` (k, 3) are the colors by label."""
    middle = np.array([cell // 4096 * 4 + 2, cell // 64 % 64 * 4 + 2, cell % 64 * 4 + 2], np.uint8)
    offset = luma_chroma_quarters(middle[None]) - luma_chroma_quarters(palette)
    costs = (offset.astype(np.int64) ** 2).sum(axis=0)
    label = int(costs.argmin())
    best, second = costs[label], np.delete(costs, label).min(initial=INFINITE_COST)
    near = bool(np.linalg.norm(middle.astype(float) - palette[label]) <= tolerance)
    near |= bool(best <= UNIT * LUMA_ONLY_TOLERANCE**2 and MIN_RATIO_TO_SECOND**2 * best <= second)
    held = color_cell(palette) == cell
    flags = COMPUTED | NEAR * near | PLAUSIBLE * bool(near or best <= UNIT * soft)
    flags |= TIGHT * bool(best <= UNIT * TIGHT_TOLERANCE**2)
    return label, flags | HAS_EXACT_COLORS * bool(held.sum() > 1 or (held.any() and not (near and held[label])))


def find_support(near, enough):
    """Return the class (H, W) of pixels with `enough` of the eight neighbors of their class, else NO_LABEL."""
    around = np.pad(near, 1, mode="edge")
    height, width = near.shape
    shifts = [(y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    same = np.sum([around[y : y + height, x : x + width] == near for y, x in shifts], axis=0)
    return np.where(same >= enough, near, NO_LABEL)


def find_light_damage(near, flat, flags, block, blocks, share, pixels):
    """Return for each block (rows, columns) whether `share` of the near pixels around that are not flat are tight."""
    rows, columns = -(-near.shape[0] // block), -(-near.shape[1] // block)
    beside = (near != NO_LABEL) & (flat == NO_LABEL)
    light = np.zeros((rows, columns), bool)
    for y, x in np.ndindex(rows, columns):
        top, left = max(y - blocks, 0) * block, max(x - blocks, 0) * block
        around = np.s_[top : (y + blocks + 1) * block, left : (x + blocks + 1) * block]
        count, tight = beside[around].sum(), (beside & (flags & TIGHT > 0))[around].sum()
        light[y, x] = count >= pixels and tight >= share * count
    return light


def lowest(plane, radius):
    """Return the lowest value of each pixel's square window, as far as it is inside."""
    result = np.empty_like(plane)
    for y, x in np.ndindex(*plane.shape):
        result[y, x] = plane[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1].min()
    return result


def local_label_range(flat, radius):
    """Return the lowest and the highest class with flat background within radius, or NO_LABEL twice."""
    low, high = np.full((2, *flat.shape), NO_LABEL, np.uint8)
    for y, x in np.ndindex(*flat.shape):
        window = flat[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
        classes = window[window != NO_LABEL]
        if len(classes):
            low[y, x], high[y, x] = classes.min(), classes.max()
    return low, high


def find_uncertain(label, low, high, flags, flat, exact):
    """Return the places of the uncertain pixels of planes in one line."""
    local = (label == low) | (label == high)
    return np.flatnonzero(~(local & (flags & PLAUSIBLE > 0) | (flat != NO_LABEL) | (exact > 0)))


def find_classes_around(evidence, flags, words):
    """Return the bits (words, rows, columns) of the classes with evidence in each block and up to BLOCKS away.

    And those with COMMON such pixels or one that is TIGHT.
    """
    height, width = evidence.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    bits, common = np.zeros((2, words, rows, columns), np.uint32)
    for row, column in np.ndindex(rows, columns):
        window = np.s_[
            max(row - BLOCKS, 0) * BLOCK : (row + BLOCKS + 1) * BLOCK,
            max(column - BLOCKS, 0) * BLOCK : (column + BLOCKS + 1) * BLOCK,
        ]
        for label in np.unique(evidence[window][evidence[window] < 32 * words]).tolist():
            own = evidence[window] == label
            bits[label // 32, row, column] |= np.uint32(1 << label % 32)
            if own.sum() >= COMMON or (flags[window][own] & TIGHT).any():
                common[label // 32, row, column] |= np.uint32(1 << label % 32)
    return bits, common


# kmseg.discovery


def flat_regions(image, noise, least, spread):
    """The 4-connected regions of pixels with a 3x3 range of at most `noise`: rounded mean color and area, sorted.

    Regions of fewer than `least` pixels and those whose standard deviation in a channel is above `spread` are left out.
    """
    kernel = np.ones((3, 3), np.uint8)
    flat = (cv2.dilate(image, kernel) - cv2.erode(image, kernel)).max(axis=2) <= noise
    count, label = cv2.connectedComponents(flat.astype(np.uint8), connectivity=4)
    found = []
    for region in range(1, count):
        pixels = image[label == region].astype(float)
        if len(pixels) >= least and pixels.std(axis=0).max() <= spread:
            found.append((*np.floor(pixels.mean(axis=0) + 0.5).astype(int).tolist(), len(pixels)))
    return sorted(found)


def fit_window(window, side):
    """Return luma, blue and red of the smaller of two classes in 16x16 pixels of filtered chroma, and its mask."""
    red, green, blue = np.moveaxis(window.astype(float), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    limit = (luma.min() + luma.max()) / 2
    for _ in range(3):
        over = luma > limit
        limit = (luma[over].mean() + luma[~over].mean()) / 2
    smaller = luma > limit if over.sum() <= over.size / 2 else luma <= limit
    level = luma[over].mean() if over.sum() <= over.size / 2 else luma[~over].mean()
    share, *chroma = (
        plane.reshape(8, 2, 8, 2).mean(axis=(1, 3))
        for plane in (smaller.astype(float), (blue - luma) / 1.772, (red - luma) / 1.402)
    )
    kernel = np.array([side, 1 - 2 * side, side])
    share = cv2.sepFilter2D(share, cv2.CV_64F, kernel, kernel)[1:-1, 1:-1].ravel()
    fits = [np.polyfit(share, plane[1:-1, 1:-1].ravel(), 1).sum() for plane in chroma]
    return level, *fits, smaller


def group_colors(colors, weight, shapes, alike, around, least):
    """Return the colors around which others gather, those with most first, and how many shapes each has."""
    groups = []
    while len(colors) >= least:
        apart = np.linalg.norm(colors[:, None] - colors, axis=2)
        center = colors[(apart <= alike).sum(axis=1).argmax()]
        for _ in range(3):
            near = np.linalg.norm(colors - center, axis=1) <= alike
            center = np.average(colors[near], axis=0, weights=weight[near])
        apart = np.linalg.norm(colors - center, axis=1)
        if (apart <= alike).sum() < least:
            break
        if (apart <= alike).sum() >= 0.5 * (apart <= around).sum():
            groups.append((tuple(np.rint(center).astype(int).tolist()), len(np.unique(shapes[apart <= alike]))))
        colors, weight, shapes = (part[apart > around] for part in (colors, weight, shapes))
    return groups
