"""HSV with circular hue."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import to_uint8


@dataclass(frozen=True)
class Hsv:
    """The HSV cone (A. R. Smith, "Color gamut transform pairs", 1978) in Cartesian coordinates.

    Features are (V S cos H, V S sin H, V), each scaled to 255: hues of 0 and 359 degrees are neighbors, and
    the hue of dark or gray colors has little weight.
    """

    def to_features(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Turn colors `(n, 3)` uint8 into features `(n, 3)`."""
        scaled = rgb.reshape(-1, 1, 3).astype(np.float32) / 255
        hue, saturation, value = cv2.cvtColor(scaled, cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(np.float64).T
        chroma, angle = value * saturation, np.deg2rad(hue)
        return 255 * np.stack([chroma * np.cos(angle), chroma * np.sin(angle), value], axis=1)

    def to_rgb(self, features: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Turn features `(n, 3)` into colors `(n, 3)` uint8."""
        x, y, value = (features / 255).T
        chroma = np.hypot(x, y)
        saturation = np.divide(chroma, value, out=np.zeros_like(chroma), where=value > 0).clip(0, 1)
        hsv = np.stack([np.rad2deg(np.arctan2(y, x)) % 360, saturation, value.clip(0, 1)], axis=1)
        rgb = cv2.cvtColor(hsv.reshape(-1, 1, 3).astype(np.float32), cv2.COLOR_HSV2RGB)
        return to_uint8(rgb.reshape(-1, 3) * 255)
