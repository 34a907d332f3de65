"""K-Means (Lloyd) of scikit-learn on the distinct colours, each weighted by its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.checks import number, one_of, whole
from kmseg.clusterers import Clustering, clusters_wanted


@dataclass(frozen=True)
class KMeans:
    """scikit-learn's KMeans. Weighting distinct colours is the same objective as clustering every pixel.

    Parameters
    ----------
    k : int or "auto"
        Number of clusters; `auto` takes the number and the start from the candidates found in the data.
    n_init : int
        Starts; the best is kept.
    max_iter, tol : int, float
        Limits of one start, as scikit-learn means them on the raw pixels.
    init : str
        `k-means++` or `random`.
    seed : int
        Seed of the starts.
    """

    k: int | str = "auto"
    n_init: int = 10
    max_iter: int = 300
    tol: float = 1e-4
    init: str = "k-means++"
    seed: int = 0

    def __post_init__(self) -> None:
        whole("k", self.k, at_least=1, words=("auto",))
        whole("n_init", self.n_init, at_least=1)
        whole("max_iter", self.max_iter, at_least=1)
        number("tol", self.tol, at_least=0)
        one_of("init", self.init, ("k-means++", "random"))
        whole("seed", self.seed, at_least=0, at_most=2**32 - 1)

    def fit(
        self, points: NDArray[np.float64], weights: NDArray[np.float64], start: NDArray[np.float64] | None = None
    ) -> Clustering:
        """Cluster `points` `(n, d)` with `weights` `(n,)`; `start` `(k, d)` are centroids to begin with, once."""
        from sklearn.cluster import KMeans as Lloyd

        model = Lloyd(
            n_clusters=clusters_wanted(self.k, start, points),
            init=self.init if start is None else start,
            n_init=self.n_init if start is None else 1,
            max_iter=self.max_iter,
            tol=tolerance(points, weights, self.tol),
            random_state=self.seed,
        ).fit(points, sample_weight=weights)
        return Clustering(model.cluster_centers_, model.labels_.astype(np.intp), float(model.inertia_))


def tolerance(points: NDArray[np.float64], weights: NDArray[np.float64], tol: float) -> float:
    """Return the `tol` that makes scikit-learn stop where it would on the raw pixels.

    scikit-learn multiplies `tol` by the mean variance of the rows it is given, without their weights.
    """
    mean = np.average(points, axis=0, weights=weights)
    of_pixels = np.average((points - mean) ** 2, axis=0, weights=weights).mean()
    of_points = points.var(axis=0).mean()
    return float(tol * of_pixels / of_points) if of_points > 0 else tol
