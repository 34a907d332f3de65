"""Clusterers: weighted points -> centroids, one file per option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import UserError
from kmseg.validation import check_integer


@dataclass(frozen=True, eq=False)
class Clustering:
    """The result of a clusterer.

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
    """The protocol of a clusterer."""

    @property
    def k(self) -> int | str:
        """The number of clusters; `auto` takes number and initial centroids from discovery."""

    def cluster(
        self, points: NDArray[np.float64], sample_weight: NDArray[np.float64], init: NDArray[np.float64] | None = None
    ) -> Clustering:
        """Cluster distinct points `(n, d)`, each with the weight `sample_weight` `(n,)`, its number of pixels.

        With initial centroids `init` `(k, d)` there is one fit, and cluster i develops from `init[i]`.
        Raises `UserError` if there are fewer points than clusters.
        """


@dataclass(frozen=True)
class KMeansOptions:
    """Base of the K-Means clusterers: the options that all have. Each may have other defaults and further options.

    Parameters
    ----------
    k : int or "auto"
        Number of clusters; `auto` takes number and initial centroids from discovery.
    n_init : int
        Number of initializations; the best result is used.
    max_iter : int
        Maximum passes over the colors in one initialization.
    seed : int
        Seed of the initializations.
    """

    k: int | str = "auto"
    n_init: int = 10
    max_iter: int = 300
    seed: int = 0

    MAX_SEED: ClassVar[int] = 2**32 - 1
    """The largest seed that the library of the clusterer accepts."""

    def __post_init__(self) -> None:
        check_integer("k", self.k, at_least=1, words=("auto",))
        check_integer("n_init", self.n_init, at_least=1)
        check_integer("max_iter", self.max_iter, at_least=1)
        check_integer("seed", self.seed, at_least=0, at_most=self.MAX_SEED)


def clusters_wanted(k: int | str, init: NDArray[np.float64] | None, points: NDArray[np.float64]) -> int:
    """Return how many clusters to fit: the rows of `init`, else `k`; raise `UserError` if there are fewer points."""
    if init is None and isinstance(k, str):
        raise UserError(f"k={k} needs initial centroids; give init, or an integer for k")
    count = int(k) if init is None else len(init)
    if count > len(points):
        raise UserError(f"k is {count}, but the images have only {len(points)} distinct colors; choose a smaller k")
    return count
