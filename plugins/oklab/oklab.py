"""Oklab, a perceptual color space whose hue stays put where that of CIE L*a*b* drifts, above all in the blues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# B. Ottosson, "A perceptual color space for image processing", 2020: linear sRGB -> cone responses -> Oklab.
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True)
class Oklab:
    """Oklab of sRGB, times 100: L 0..100, a and b about -30..30."""

    def to_features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Turn colors `(n, 3)` uint8 into features `(n, 3)`: L, a, b."""
        level = rgb / 255
        linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
        return 100 * np.cbrt(linear @ CONES.T) @ LAB.T

    def to_rgb(self, features: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Turn L, a, b `(n, 3)` into colors `(n, 3)` uint8."""
        cones = (features / 100 @ np.linalg.inv(LAB).T) ** 3
        linear = (cones @ np.linalg.inv(CONES).T).clip(0, 1)
        level = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        return np.rint(level * 255).clip(0, 255).astype(np.uint8)
