"""What one image shows of colors that the palette lacks: its leading ones with their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette

NewColors: TypeAlias = Mapping[str, int]
"""Pixels of a color, by hex."""

LACKING = 10
"""RGB units from which on an exact color is none of the palette's; the metrics call one spurious beyond it."""

ALIKE = 12
"""RGB units within which damaged pixels are of one color, as in the search for candidates."""

FEW = 256
"""Colors: an image of no more is lossless, or may be."""

LEADING = 16
"""Colors noted of an image."""

EQUAL = 1e-6
"""Two squared distances that differ by less are one."""


def min_unknown_pixels(palette: Palette) -> float:
    """Return how far an exact color may come to a palette's that is none of them: as near as these come together."""
    return min(LACKING, palette.closest)


def new_colors(
    label: NDArray[np.uint8], kinds: NDArray[np.uint8], unmatched: int, known: NDArray[np.uint32], least: float
) -> NewColors:
    """Return the leading colors of a label image that are far from all that are `known`, 0xRRGGBB, with their pixels.

    Where few colors are not exactly their class's, as in lossless images, every such pixel counts: a thin object is
    nowhere flat, and an exact color is new from `least` RGB units on. Else those are counted that are flat and of a
    color that the palette lacks: the `unmatched` ones. `kinds` `(H, W)` tells.
    """
    from kmseg.audit.kernels import NEAR, count_inexact, lead, unknown_colors
    from kmseg.pixels.hash_table import empty_table, table_rows

    table, line, kinds = empty_table(2), label.reshape(-1), kinds.reshape(-1)
    if count_inexact(line, kinds, FEW, table):
        codes, counted = table_rows(table)
        pixels, limit, alike = counted[:, 1], least, 0
    else:
        lacking = np.empty(unmatched, np.uint32)
        codes, pixels = np.unique(lacking[: unknown_colors(line, kinds, lacking)], return_counts=True)
        limit, alike = NEAR, ALIKE
    if not len(codes):
        return {}
    pixels = pixels.astype(np.int64)
    leading = np.empty((2, LEADING), np.int64)
    found = lead(codes, pixels, known, limit**2 - EQUAL, alike**2, leading)
    return {f"#{code:06x}": count for code, count in leading[:, :found].T.tolist()}
