"""The baseline that people use by hand: one HSV range per class, as with OpenCV's `inRange`."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.checks import number
from kmseg.color_spaces import ColorSpace
from kmseg.lookup import ColorTable
from kmseg.maskers import Mask
from kmseg.palette import Palette


@dataclass(frozen=True)
class HsvRange:
    """Per class, the HSV of its colour plus or minus tolerances; a pixel in no range is ignored.

    Units are OpenCV's for 8-bit HSV: hue 0..179 (wrapping at 180), saturation and value 0..255. The hue of a
    class with little saturation (a grey) means nothing and is not compared. Where ranges overlap, the nearest
    colour in HSV wins, each difference measured in its tolerance.

    Parameters
    ----------
    hue, saturation, value : float
        Tolerances on either side.
    grey : float
        Saturation at or below which a class's colour counts as grey.
    """

    hue: float = 10
    saturation: float = 60
    value: float = 60
    grey: float = 25

    def __post_init__(self) -> None:
        number("hue", self.hue, at_least=0, at_most=90)
        number("saturation", self.saturation, at_least=0, at_most=255)
        number("value", self.value, at_least=0, at_most=255)
        number("grey", self.grey, at_least=0, at_most=255)

    def fit(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function label image `(H, W, 3)` uint8 -> index mask `(H, W)`; `space` plays no part."""
        return ColorTable(lambda colors: self._classes(colors, palette), palette.index_dtype)

    def _classes(self, colors: NDArray[np.uint8], palette: Palette) -> NDArray[np.intp]:
        sources, owner = palette.sources
        have, want = _hsv(colors)[:, None, :], _hsv(sources)[None, :, :]
        apart = np.abs(have - want)
        apart[..., 0] = np.minimum(apart[..., 0], 180 - apart[..., 0])
        apart[..., 0][:, want[0, :, 1] <= self.grey] = 0
        tolerances = np.array([self.hue, self.saturation, self.value])
        within = np.asarray((apart <= tolerances).all(axis=2))
        cost = ((apart / np.maximum(tolerances, 1)) ** 2).sum(axis=2)
        best = np.where(within, cost, np.inf).argmin(axis=1)
        return np.where(within.any(axis=1), owner[best], palette.ignore)


def _hsv(colors: NDArray[np.uint8]) -> NDArray[np.float64]:
    return cv2.cvtColor(colors.reshape(-1, 1, 3), cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(np.float64)
