"""Local range: the largest level minus the smallest in the 3x3 or 5x5 neighborhood of each pixel.

It is the morphological gradient with a flat square (J.-F. Rivest, P. Soille and S. Beucher, "Morphological gradients",
Journal of Electronic Imaging 2 (4), 1993), computed along columns and then along rows. A small range means that the
pixel lies on no edge. The compiled loops that compute it for rows and blocks of rows are in `local_range_kernels`.
"""

from __future__ import annotations

from functools import reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.pixels.arrays import U8Plane

FLAT_RANGE = 12
"""Levels that a 3x3 neighborhood inside one class may span: JPEG at quality 50 leaves about this much there."""


def local_range(image: NDArray[np.uint8], size: int = 3) -> U8Plane:
    """Return the local range of each pixel, in the channel where it is largest.

    Parameters
    ----------
    image : ndarray of shape (H, W, C) or (H, W), uint8
        Neighbors outside it do not count.
    size : int
        Pixels on a side of the neighborhood, odd.

    Returns
    -------
    ndarray of shape (H, W), uint8
        Levels.
    """
    image, kernel = np.ascontiguousarray(image), np.ones((size, size), np.uint8)
    return largest_channel(cv2.subtract(cv2.dilate(image, kernel), cv2.erode(image, kernel)))


def largest_channel(image: NDArray[np.uint8]) -> U8Plane:
    """Return the largest level of each pixel `(H, W)` in any channel of an image `(H, W, C)` or `(H, W)`."""
    return np.asarray(reduce(cv2.max, cv2.split(image)), np.uint8)
