"""Clusterers: weighted points -> centroids, one file per option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Clustering:
    """What a clusterer learnt.

    Attributes
    ----------
    centers : ndarray of shape (k, d), float64
        The centroids, in feature units.
    labels : ndarray of shape (n,), intp
        The cluster of each point.
    inertia : float
        Weighted sum of squared distances to the nearest centroid.
    """

    centers: NDArray[np.float64]
    labels: NDArray[np.intp]
    inertia: float


class Clusterer(Protocol):
    """What every clusterer does."""

    def fit(self, points: NDArray[np.float64], weights: NDArray[np.float64]) -> Clustering:
        """Cluster distinct points `(n, d)`, each standing for `weights` `(n,)` pixels.

        Raises `UserError` when there are fewer points than clusters wanted.
        """
