"""Colors of the thin objects of one image: letters, lines and walls that compression leaves no flat pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmseg.encoding import Encoding, scale_percent
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


class ThinObjects:
    """The thin objects of one compressed image, which is looked at strip by strip."""

    def __init__(self, encoding: Encoding, height: int) -> None:
        steps = scale_percent(encoding.quality or USUAL_QUALITY) / scale_percent(USUAL_QUALITY)
        rows, columns = {"4:4:4": (0, 0), "gray": (0, 0), "4:2:2": (0, FILTER), "4:4:0": (FILTER, 0)}.get(
            encoding.sampling, (FILTER, FILTER)
        )
        self._filters, self._lost = (np.float32(rows), np.float32(columns)), np.float32(LOST * steps)
        self._errors = tuple(np.float32(SURE_ERROR + most * steps) for most in (LUMA_ERRORS, CHROMA_ERRORS))
        self._height, self._count = height, 0
        self._found, self._shapes = np.empty((MOST_WINDOWS, 4), np.float32), np.empty(MOST_WINDOWS, np.uint64)

    def look(self, planes: NDArray[np.uint8], top: int) -> None:
        """Look at the windows of a strip that begins in row `top`; see `Planes` for its planes."""
        from kmseg.discovery.statistics_kernels import MARGIN
        from kmseg.discovery.thin_kernels import find_thin

        room = self._found[self._count :], self._shapes[self._count :]
        rows = (MARGIN, top, self._height)
        self._count += find_thin(planes, rows, self._filters, self._lost, self._errors, *room)

    def colors(self) -> list[list[int]]:
        """Return the colors 0xRRGGBB, and how many windows show each."""
        from kmseg.discovery.thin_kernels import LEAST_WINDOWS, group_colors

        luma, blue, red, weight = self._found[: self._count].astype(np.float64).T
        colors = rgb_planes(luma, blue, red)
        possible = ((colors >= -OUTSIDE) & (colors <= 255 + OUTSIDE)).all(axis=1)
        groups = np.empty((self._count // LEAST_WINDOWS, 2), np.int64)
        shapes = self._shapes[: self._count][possible]
        work = np.empty(3), np.empty_like(shapes)
        count = group_colors(np.clip(colors[possible], 0, 255), weight[possible], shapes, *work, groups)
        return groups[:count].tolist()
