"""The baseline: one HSV range per class, as with OpenCV's `inRange`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.errors import UserError
from kmseg.maskers import Mask
from kmseg.palette import Palette
from kmseg.pixels.color_lookup import ColorTable
from kmseg.validation import check_number


@dataclass(frozen=True)
class HsvRange:
    """Per class, the HSV of its color plus or minus tolerances; a pixel in no range is ignored.

    Units are OpenCV's for 8-bit HSV: hue 0..179 (wrapping at 180), saturation and value 0..255. The hue of a
    class with little saturation (a gray) is noise and is not compared. Where ranges overlap, the nearest
    color in HSV wins, each difference measured in its tolerance.

    Parameters
    ----------
    hue, saturation, value : float
        Tolerances on either side.
    by_class : mapping of str to [hue, saturation, value]
        Tolerances of single classes, by name, instead of these.
    gray : float
        Saturation at or below which a class's color counts as gray.
    """

    hue: float = 10
    saturation: float = 60
    value: float = 60
    gray: float = 25
    by_class: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("", self.hue, self.saturation, self.value)
        check_number("gray", self.gray, at_least=0, at_most=255)
        for name, tolerances in self.by_class.items():
            if len(tolerances) != 3:
                raise UserError(f"by_class.{name} is {tolerances!r}; expected [hue,saturation,value]")
            _check(f"by_class.{name} ", *tolerances)

    def for_palette(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function from a label image to its index mask `(H, W)`; `space` is not used."""
        tolerances = self.tolerances(palette)
        return ColorTable(lambda colors: self._classes(colors, palette, tolerances), palette.index_dtype)

    def tolerances(self, palette: Palette) -> NDArray[np.float32]:
        """Return the tolerances `(m, 3)` of each of the palette's `sources`."""
        unknown = [name for name in self.by_class if name not in palette.source_names]
        if unknown:
            raise UserError(
                f"by_class has {', '.join(unknown)}, which the palette lacks; remove it or correct the name"
            )
        single = (self.hue, self.saturation, self.value)
        return np.array([self.by_class.get(name, single) for name in palette.source_names], np.float32)

    def _classes(self, colors: NDArray[np.uint8], palette: Palette, tolerances: NDArray[Any]) -> NDArray[np.intp]:
        sources, owner = palette.sources
        cost = costs(differences(colors, sources, self.gray), tolerances)
        best = cost.argmin(axis=1)
        return np.where(np.isfinite(cost.min(axis=1)), owner[best], palette.ignore)


def differences(colors: NDArray[np.uint8], sources: NDArray[np.uint8], gray: float) -> NDArray[np.float32]:
    """Return the differences of colors `(n, 3)` and `sources` `(m, 3)` in hue, saturation and value, `(3, n, m)`."""
    have, want = _hsv(colors).T[:, :, None], _hsv(sources).T[:, None, :]
    apart = np.abs(have - want)
    apart[0] = np.minimum(apart[0], 180 - apart[0])
    apart[0][:, want[1, 0] <= gray] = 0
    return apart


def costs(apart: NDArray[np.float32], tolerances: NDArray[Any]) -> NDArray[np.float32]:
    """Return the cost `(n, m)` of each source from the differences `(3, n, m)`; infinite outside its range."""
    cost = np.zeros(apart.shape[1:], np.float32)
    outside = np.zeros(cost.shape, bool)
    for plane, tolerance in zip(apart, tolerances.T, strict=True):
        cost += np.square(plane / np.maximum(tolerance, 1))
        outside |= plane > tolerance
    cost[outside] = np.inf
    return cost


def _check(where: str, hue: float, saturation: float, value: float) -> None:
    check_number(f"{where}hue", hue, at_least=0, at_most=90)
    check_number(f"{where}saturation", saturation, at_least=0, at_most=255)
    check_number(f"{where}value", value, at_least=0, at_most=255)


def _hsv(colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(colors.reshape(-1, 1, 3), cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(np.float32)
