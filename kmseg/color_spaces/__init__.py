"""Color spaces: RGB <-> the features that are clustered, one file per option."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class ColorSpace(Protocol):
    """The protocol of a color space. Distances between features are Euclidean."""

    def to_features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Turn colors `(n, 3)` uint8 RGB into features `(n, d)` float64."""

    def to_rgb(self, features: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Turn features `(n, d)` float64 into the nearest colors `(n, 3)` uint8 RGB."""


def to_uint8(rgb: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Round to the nearest level and clip to 0..255."""
    return np.rint(rgb).clip(0, 255).astype(np.uint8)
