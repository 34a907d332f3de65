"""Euclidean distances between colours or features."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def squared_between(points: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Return the squared distances `(n, m)` of points `(n, d)` to others `(m, d)`, without cancellation."""
    total = np.zeros((len(points), len(others)))
    for axis in range(points.shape[1]):
        total += (points[:, axis, None].astype(float) - others[None, :, axis].astype(float)) ** 2
    return total


def between(points: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Return the distances `(n, m)` of points `(n, d)` to others `(m, d)`."""
    return np.sqrt(squared_between(points, others))


def squared_at_each(rgb: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the squared distance `(H, W)` of each colour `(H, W, 3)` uint8 to its counterpart, at most 65535.

    That limit, 256 units, is beyond any threshold that squared distances are held against.
    """
    apart = cv2.absdiff(rgb, other)
    red, green, blue = cv2.split(cv2.multiply(apart, apart, dtype=cv2.CV_16U))
    return np.asarray(cv2.add(cv2.add(red, green), blue))
