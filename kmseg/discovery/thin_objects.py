"""Colors of the thin objects of one image: letters, lines and walls that compression leaves no flat pixel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery.planes import Planes
from kmseg.encoding import Encoding, scale_percent
from kmseg.pixels.packing import pack
from kmseg.pixels.ycbcr import rgb_planes

MOST_WINDOWS = 2000
"""Windows of an image that are looked at, the first ones."""

LUMA_ERRORS, CHROMA_ERRORS, SURE_ERROR = 8.0, 5.5, 1.5
"""Levels that the fits of luma and chroma may leave over at quality 75, in proportion to the steps of quantization at
others, and what rounding leaves over at any."""

LOST = 0.035
"""Share of a thin class's difference to its surroundings that quantization takes at quality 75, in proportion to the
steps at others: its fine waves are rounded to nothing."""

USUAL_QUALITY = 75
"""Quality that is supposed where the file does not tell."""

FILTER = 0.125
"""Part that each neighbor has in the mean of 2x2 pixels whose chroma libjpeg has doubled in resolution: it weights the
nearer sample 3/4 and the farther 1/4 ("fancy upsampling"), which is 1/8, 3/4, 1/8 in the mean."""

OUTSIDE = 24
"""Levels outside of 0 to 255 that a fitted color may be: no class has one."""

ALIKE, AROUND = 12.0, 30.0
"""RGB units within which fitted colors are one, and within which half of them and more must be, or the windows are
mixtures of any degree."""

LEAST_CONCENTRATION = 0.5
"""Share of the colors within `AROUND` that must be within `ALIKE`: of thin classes 0.6 to 1."""

LEAST_WINDOWS = 3
"""Windows that show a color in one image, at least."""

MOST_STARTS = 100
"""Colors of an image from which groups are looked for."""


def find_thin_objects(label: NDArray[np.uint8], encoding: Encoding, planes: Planes) -> Iterator[tuple[int, int]]:
    """Yield colors 0xRRGGBB of thin objects of a compressed image `(H, W, 3)`, and how many windows show each."""
    from kmseg.discovery.statistics_kernels import MARGIN
    from kmseg.discovery.thin_kernels import find_thin

    steps = scale_percent(encoding.quality or USUAL_QUALITY) / scale_percent(USUAL_QUALITY)
    errors = tuple(np.float32(SURE_ERROR + most * steps) for most in (LUMA_ERRORS, CHROMA_ERRORS))
    rows, columns = {"4:4:4": (0, 0), "gray": (0, 0), "4:2:2": (0, FILTER), "4:4:0": (FILTER, 0)}.get(
        encoding.sampling, (FILTER, FILTER)
    )
    found, shapes, count = np.empty((MOST_WINDOWS, 4), np.float32), np.empty(MOST_WINDOWS, np.uint64), 0
    for top, strip in planes.of(label):
        place, filters = (MARGIN, top, len(label)), (np.float32(rows), np.float32(columns))
        count += find_thin(strip, place, filters, np.float32(LOST * steps), errors, found[count:], shapes[count:])
    luma, blue, red, weight = found[:count].astype(np.float64).T
    colors = rgb_planes(luma, blue, red)
    possible = ((colors >= -OUTSIDE) & (colors <= 255 + OUTSIDE)).all(axis=1)
    yield from _group(np.clip(colors[possible], 0, 255), weight[possible], shapes[:count][possible])


def _group(
    colors: NDArray[np.float64], weight: NDArray[np.float64], shapes: NDArray[np.uint64]
) -> Iterator[tuple[int, int]]:
    """Yield the colors around which others gather, those with most first, and how many shapes they have.

    Along a straight border window after window looks the same, and may mislead the same way: they count once.
    """
    while len(colors) >= LEAST_WINDOWS:
        starts = colors[:: max(1, len(colors) // MOST_STARTS)]
        center = starts[(_distances(starts, colors) <= ALIKE).sum(axis=1).argmax()]
        for _ in range(3):
            near = _distances(center[None], colors)[0] <= ALIKE
            center = np.average(colors[near], axis=0, weights=weight[near])
        apart = _distances(center[None], colors)[0]
        alike, around = int((apart <= ALIKE).sum()), int((apart <= AROUND).sum())
        if alike < LEAST_WINDOWS:
            return
        if alike >= LEAST_CONCENTRATION * around:
            yield int(pack(np.rint(center[None]).astype(np.uint8))[0]), len(np.unique(shapes[apart <= ALIKE]))
        colors, weight, shapes = (part[apart > AROUND] for part in (colors, weight, shapes))


def _distances(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the RGB distances `(n, m)` of colors `(n, 3)` to others `(m, 3)`."""
    squares = np.zeros((len(some), len(others)))
    for channel in range(3):  # one pass a channel: a last axis of three numbers takes four times as long
        squares += (some[:, channel, None] - others[:, channel]) ** 2
    return np.asarray(np.sqrt(squares), np.float64)
