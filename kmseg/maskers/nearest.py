"""The paper's masker: every pixel goes to the class with the nearest color."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.maskers import Mask
from kmseg.palette import Palette
from kmseg.pixels.color_lookup import ColorTable
from kmseg.pixels.distance import squared_between


@dataclass(frozen=True)
class Nearest:
    """Nearest color in the chosen color space: what K-Means' `predict` does with its centroids."""

    def for_palette(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function from a label image to its index mask `(H, W)`."""
        return ColorTable(lambda colors: nearest(colors, palette, space), palette.index_dtype)


def nearest(colors: NDArray[np.uint8], palette: Palette, space: ColorSpace) -> NDArray[np.intp]:
    """Return the class `(n,)` nearest to each of `colors` `(n, 3)` uint8; the lower index wins a tie."""
    sources, owner = palette.sources
    return owner[squared_between(space.to_features(colors), space.to_features(sources)).argmin(axis=1)]
