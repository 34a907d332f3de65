"""CIE L*a*b*: perceptual distances."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import to_uint8


@dataclass(frozen=True)
class Lab:
    """CIE 1976 L*a*b* of sRGB under D65: L 0..100, a and b about -128..127."""

    def to_features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Turn colors `(n, 3)` uint8 into features `(n, 3)`: L, a, b."""
        scaled = rgb.reshape(-1, 1, 3).astype(np.float32) / 255
        return cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab).reshape(-1, 3).astype(np.float64)

    def to_rgb(self, features: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Turn L, a, b `(n, 3)` into colors `(n, 3)` uint8."""
        lab = features.reshape(-1, 1, 3).astype(np.float32)
        return to_uint8(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB).reshape(-1, 3) * 255)
