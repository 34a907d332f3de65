"""The most frequent colors of one image that the palette lacks, with their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette

NewColors: TypeAlias = Mapping[str, int]
"""Pixels of a color, by hex."""

UNKNOWN_BEYOND = 10
"""RGB units from which on an exact color is not in the palette; the metrics call a color spurious beyond it."""

SAME_COLOR_DISTANCE = 12
"""RGB units within which damaged pixels count as one color, as in discovery."""

MAX_LOSSLESS_COLORS = 256
"""An image with no more inexact colors may be lossless."""

MAX_COLORS_PER_IMAGE = 16
"""Unknown colors recorded per image at most."""

ROUNDING = 1e-6
"""Squared distances that differ by less are equal up to rounding."""


def min_unknown_pixels(palette: Palette) -> float:
    """Return the RGB distance from which on an exact color is unknown, at most that of the closest classes."""
    return min(UNKNOWN_BEYOND, palette.closest)


def new_colors(
    label: NDArray[np.uint8], kinds: NDArray[np.uint8], unmatched: int, known: NDArray[np.uint32], least: float
) -> NewColors:
    """Return the most frequent colors of a label image that are far from all `known` ones (0xRRGGBB), with pixels.

    If few colors differ from their class's, as in lossless images, every such pixel counts: thin objects have no flat
    pixels, and an exact color is unknown from `least` RGB units on. Otherwise only the `unmatched` flat pixels count.
    `kinds` `(H, W)` are those of `classify_pixels`.
    """
    from kmseg.audit.kernels import NEAR, count_inexact, top_colors, unknown_colors
    from kmseg.pixels.hash_table import empty_table, table_rows

    table, line, kinds = empty_table(2), label.reshape(-1), kinds.reshape(-1)
    if count_inexact(line, kinds, MAX_LOSSLESS_COLORS, table):
        codes, counted = table_rows(table)
        pixels, limit, same = counted[:, 1], least, 0
    else:
        unmatched_codes = np.empty(unmatched, np.uint32)
        codes, pixels = np.unique(unmatched_codes[: unknown_colors(line, kinds, unmatched_codes)], return_counts=True)
        limit, same = NEAR, SAME_COLOR_DISTANCE
    if not len(codes):
        return {}
    pixels = pixels.astype(np.int64)
    top = np.empty((2, MAX_COLORS_PER_IMAGE), np.int64)
    found = top_colors(codes, pixels, known, limit**2 - ROUNDING, same**2, top)
    return {f"#{code:06x}": count for code, count in top[:, :found].T.tolist()}
