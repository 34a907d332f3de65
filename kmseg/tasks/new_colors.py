"""What one image shows of colours that the palette lacks: its leading ones with their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kmseg.distance import between
from kmseg.histogram import pack, unpack
from kmseg.palette import Palette
from kmseg.swatches import hex_of

NewColors: TypeAlias = Mapping[str, int]
"""Pixels of a colour, by hex."""

LACKING = 10
"""RGB units from which on an exact colour is none of the palette's; the metrics call one spurious beyond it."""

ALIKE = 12
"""RGB units within which damaged pixels are of one colour, as in the search for candidates."""

FEW = 256
"""Colours: an image of no more is lossless, or may be."""

PEEK = 4096
"""Pixels that are looked at first: most images of many colours show them there."""

LEADING = 16
"""Colours noted of an image."""


def least_lacking(palette: Palette) -> float:
    """Return how far an exact colour may come to a palette's that is none of them: as near as these come together."""
    return min(LACKING, palette.closest)


def new_colors(
    label: NDArray[np.uint8], unlike: NDArray[np.bool_], lacking: NDArray[np.bool_], palette: Palette
) -> NewColors:
    """Return the leading colours of a label image that are far from every colour of the palette, with their pixels.

    Where few colours are `unlike` their class's `(H, W)`, as in lossless images, every such pixel counts: a thin object
    is nowhere flat. Else those are counted that are flat and of a colour that the palette is `lacking`.
    """
    from kmseg.tasks.pixel_kinds import NEAR

    colors = label.reshape(-1, 3)
    rows, limit, alike = np.flatnonzero(unlike), least_lacking(palette), 0
    if any(len(np.unique(pack(colors[some]))) > FEW for some in (rows[:PEEK], rows)):
        rows, limit, alike = np.flatnonzero(lacking), NEAR, ALIKE
    codes, pixels = np.unique(pack(colors[rows]), return_counts=True)
    if not len(codes):
        return {}
    distinct = unpack(codes)
    far = between(distinct, palette.sources[0]).min(axis=1) >= limit
    return _leading(distinct[far], pixels[far], alike)


def _leading(colors: NDArray[np.uint8], pixels: NDArray[np.int64], alike: float) -> dict[str, int]:
    leading: dict[str, int] = {}
    while len(pixels) and len(leading) < LEADING:
        first = int(np.argmax(pixels))
        own = between(colors[first][None], colors)[0] <= alike
        red, green, blue = colors[first].tolist()
        leading[hex_of((red, green, blue))] = int(pixels[own].sum())
        colors, pixels = colors[~own], pixels[~own]
    return leading
