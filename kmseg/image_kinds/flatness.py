"""Flat neighborhoods: 3x3 pixels of about one color, as inside a class."""

from __future__ import annotations

from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

FLAT_RANGE = 12
"""Levels that a 3x3 neighborhood of one class may span: JPEG at quality 50 leaves about this much inside an area."""


def local_range(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the largest range of a channel in each 3x3 neighborhood, `(H, W)`."""
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.subtract(cv2.dilate(image, kernel), cv2.erode(image, kernel))
    return np.asarray(reduce(cv2.max, cv2.split(spread)))
