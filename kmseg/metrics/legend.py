"""Scores of a palette against the true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmseg.histogram import Histogram
from kmseg.palette import Palette
from kmseg.pixels.distance import between
from kmseg.pixels.local_range import local_range

FOUND_WITHIN = 6.0
"""RGB units from a true color within which a palette color counts as found."""

SPURIOUS_BEYOND = 10.0
"""RGB units from every true color beyond which a palette color counts as spurious."""

PRESENT_WITHIN = 8.0
"""RGB units from a true color within which a flat pixel counts for its class."""

PRESENT_FLAT_RANGE = 12
"""Maximum range, in levels, of the 3x3 neighborhood of a flat pixel."""

PRESENT_PIXELS = 30
"""Flat pixels from which on a class counts as present."""


def count_flat_pixels(label: NDArray[np.uint8], palette: Palette) -> NDArray[np.int64]:
    """Count, per class `(k,)`, the flat pixels of a label image near the class's true color."""
    counted = Histogram.of(label[local_range(label) <= PRESENT_FLAT_RANGE])
    if not len(counted.codes):
        return np.zeros(len(palette), np.int64)
    apart = between(counted.colors, palette.colors)
    near = apart.min(axis=1) < PRESENT_WITHIN
    return np.bincount(apart.argmin(axis=1)[near], counted.counts[near], len(palette)).astype(np.int64)


def legend_scores(found: Palette, true: Palette, flat_pixels: NDArray[np.int64]) -> dict[str, float]:
    """Score a found palette against the true one; `flat_pixels` `(k,)` tell which true classes are present."""
    present = flat_pixels >= PRESENT_PIXELS
    apart = between(found.colors, true.colors)
    best = apart.min(axis=0)
    hits, spurious = (
        int((best[present] <= FOUND_WITHIN).sum()),
        int((apart.min(axis=1) > SPURIOUS_BEYOND).sum()),
    )
    recall, precision = hits / max(int(present.sum()), 1), 1 - spurious / len(found)
    return {
        "legend/recall": recall,
        "legend/precision": precision,
        "legend/f1": 2 * recall * precision / (recall + precision) if recall + precision else 0.0,
        "legend/found": hits,
        "legend/present": int(present.sum()),
        "legend/spurious": spurious,
        "legend/exact": int((best[present] == 0).sum()),
    }
