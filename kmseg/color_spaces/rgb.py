"""RGB, the paper's color space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import to_uint8


@dataclass(frozen=True)
class Rgb:
    """Red, green and blue levels, 0..255 each."""

    def to_features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Turn colors `(n, 3)` uint8 into features `(n, 3)`: the levels themselves."""
        return rgb.astype(np.float64)

    def to_rgb(self, features: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Round features `(n, 3)` to colors `(n, 3)` uint8."""
        return to_uint8(features)
