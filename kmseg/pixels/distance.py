"""Euclidean distances between colors or features."""

from __future__ import annotations

from typing import Any

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
