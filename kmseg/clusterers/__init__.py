"""Clusterers: weighted points -> centroids, one file per option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import UserError


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

    @property
    def k(self) -> int | str:
        """The number of clusters, or `auto`: as many as the candidates found in the data, which are the start."""

    def cluster(
        self, points: NDArray[np.float64], sample_weight: NDArray[np.float64], init: NDArray[np.float64] | None = None
    ) -> Clustering:
        """Cluster distinct points `(n, d)`, each standing for `sample_weight` `(n,)` pixels.

        From `init` `(k, d)`, centroids to begin with, there is one fit, and cluster i is what became of start i.
        Raises `UserError` when there are fewer points than clusters wanted.
        """


def clusters_wanted(k: int | str, start: NDArray[np.float64] | None, points: NDArray[np.float64]) -> int:
    """Return how many clusters to fit: as many as `start` has, else `k`; fail where there are fewer points."""
    if start is None and isinstance(k, str):
        raise UserError(f"k={k} takes the number of clusters from a start; give start, or a whole number for k")
    wanted = int(k) if start is None else len(start)
    if wanted > len(points):
        raise UserError(f"k is {wanted}, but the images hold only {len(points)} distinct colors; choose a k up to that")
    return wanted
