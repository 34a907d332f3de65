"""What one image shows of colours that the palette lacks: its leading ones with their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette

NewColors: TypeAlias = Mapping[str, int]
"""Pixels of a colour, by hex."""

LACKING = 10
"""RGB units from which on an exact colour is none of the palette's; the metrics call one spurious beyond it."""

ALIKE = 12
"""RGB units within which damaged pixels are of one colour, as in the search for candidates."""

FEW = 256
"""Colours: an image of no more is lossless, or may be."""

LEADING = 16
"""Colours noted of an image."""

EQUAL = 1e-6
"""Two squared distances that differ by less are one."""


def least_lacking(palette: Palette) -> float:
    """Return how far an exact colour may come to a palette's that is none of them: as near as these come together."""
    return min(LACKING, palette.closest)


def new_colors(
    label: NDArray[np.uint8], kinds: NDArray[np.uint8], unmatched: int, known: NDArray[np.uint32], least: float
) -> NewColors:
    """Return the leading colours of a label image that are far from all that are `known`, 0xRRGGBB, with their pixels.

    Where few colours are not exactly their class's, as in lossless images, every such pixel counts: a thin object is
    nowhere flat, and an exact colour is new from `least` RGB units on. Else those are counted that are flat and of a
    colour that the palette lacks: the `unmatched` ones. `kinds` `(H, W)` tells.
    """
    from kmseg.counting import empty_table, rows_of
    from kmseg.tasks.pixel_kinds import NEAR, count_unlike, lacking_codes, lead

    table, line, kinds = empty_table(2), label.reshape(-1), kinds.reshape(-1)
    if count_unlike(line, kinds, FEW, table):
        codes, counted = rows_of(table)
        pixels, limit, alike = counted[:, 1], least, 0
    else:
        lacking = np.empty(unmatched, np.uint32)
        codes, pixels = np.unique(lacking[: lacking_codes(line, kinds, lacking)], return_counts=True)
        limit, alike = NEAR, ALIKE
    if not len(codes):
        return {}
    pixels = pixels.astype(np.int64)
    leading = np.empty((2, LEADING), np.int64)
    found = lead(codes, pixels, known, limit**2 - EQUAL, alike**2, leading)
    return {f"#{code:06x}": count for code, count in leading[:, :found].T.tolist()}
