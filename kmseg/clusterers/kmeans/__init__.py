"""K-Means (Lloyd) of scikit-learn on the distinct colors, each weighted by its pixels.

Lossy labels have a hundred thousand colors and more. Then the initializations are compared on the means of small cells
of colors, and only the best is refined on the colors themselves: ten initializations for little more than the cost of
one.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clustering, KMeansOptions, clusters_wanted
from kmseg.clusterers.kmeans.lloyd import lloyd
from kmseg.validation import check_choice, check_number

CELLS_ABOVE = 20_000
"""Points above which initializations are compared on cells."""

CELLS = 32
"""Cells along the widest axis, 8 levels of RGB each. Finer cells cost more without better inertia, measured on JPEG."""

MIN_CELLS_PER_CLUSTER = 20
"""Average cells per cluster below which cells are too coarse for an initialization."""


MAX_DISTANCES = 500_000_000
"""Distances that a fit from given centroids computes, about: its inertia and centroids describe a palette that is found
already. 22 classes on 150,000 colors may take 150 passes and need some 10; on 250 colors of a heat map, each of the 190
passes took a second."""


@dataclass(frozen=True)
class KMeans(KMeansOptions):
    """scikit-learn's KMeans. Weighting distinct colors is the same objective as clustering every pixel.

    Parameters
    ----------
    k, n_init, max_iter, seed
        As in `KMeansOptions`.
    tol : float
        Relative tolerance at which a fit ends, as in scikit-learn on the raw pixels.
    init : str
        `k-means++` or `random`.
    """

    tol: float = 1e-4
    init: str = "k-means++"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("tol", self.tol, at_least=0)
        check_choice("init", self.init, ("k-means++", "random"))

    def cluster(
        self, points: NDArray[np.float64], sample_weight: NDArray[np.float64], init: NDArray[np.float64] | None = None
    ) -> Clustering:
        """Cluster `points` `(n, d)` with `sample_weight` `(n,)`; `init` `(k, d)` are centroids for a single fit."""
        k = clusters_wanted(self.k, init, points)
        if init is not None:
            of_pixels, _ = variances(points, sample_weight)
            passes = min(self.max_iter, max(MAX_DISTANCES // (k * len(points)), 1))
            found = lloyd(points, sample_weight, init, passes, self.tol * of_pixels)
            if found is not None:
                return found
        # Threads synchronize after every small step, which costs more than it saves.
        with _threads().limit(limits=1):
            if init is None and len(points) > CELLS_ABOVE:
                means, sums = cells(points, sample_weight)
                init = (
                    self._fit_sklearn(k, means, sums, None).cluster_centers_
                    if len(means) >= k * MIN_CELLS_PER_CLUSTER
                    else None
                )
            model = self._fit_sklearn(k, points, sample_weight, init)
        return Clustering(model.cluster_centers_, model.labels_.astype(np.intp), float(model.inertia_))

    def _fit_sklearn(
        self, k: int, points: NDArray[np.float64], weights: NDArray[np.float64], start: NDArray[np.float64] | None
    ) -> Any:
        """Fit scikit-learn's model: once from `start`, else with `n_init` initializations."""
        from sklearn.cluster import KMeans as Lloyd

        return Lloyd(
            n_clusters=k,
            init=self.init if start is None else start,
            n_init=self.n_init if start is None else 1,
            max_iter=self.max_iter,
            tol=tolerance(points, weights, self.tol),
            random_state=self.seed,
        ).fit(points, sample_weight=weights)


@cache
def _threads() -> Any:
    """Return the controller of the threads of scikit-learn's libraries."""
    from threadpoolctl import ThreadpoolController

    importlib.import_module("sklearn.cluster")  # finds only loaded libraries
    return ThreadpoolController()


def cells(points: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Merge the points `(n, d)` within each cell of a grid; return weighted means `(m, d)` and weights `(m,)`."""
    axes = np.ascontiguousarray(points.T)  # sums along short rows are slow
    low, high = axes.min(axis=1, keepdims=True), axes.max(axis=1, keepdims=True)
    place = ((axes - low) / ((high - low).max() / CELLS)).astype(np.intp)
    cell = np.ravel_multi_index(tuple(place), tuple(place.max(axis=1) + 1))
    sums = np.bincount(cell, weights)
    occupied = np.flatnonzero(sums)
    means = np.stack([np.bincount(cell, weights * axis)[occupied] / sums[occupied] for axis in axes], axis=1)
    return means, sums[occupied].astype(np.float64)


def tolerance(points: NDArray[np.float64], weights: NDArray[np.float64], tol: float) -> float:
    """Return the `tol` that makes scikit-learn stop where it would on the raw pixels.

    scikit-learn multiplies `tol` by the mean variance of the rows it is given, without their weights.
    """
    of_pixels, of_points = variances(points, weights)
    return tol * of_pixels / of_points if of_points > 0 else tol


def variances(points: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean variance of the axes of points `(n, d)`, with weights `(n,)` and without."""
    axes = np.ascontiguousarray(points.T)
    mean = axes @ weights / weights.sum()
    of_pixels = ((axes - mean[:, None]) ** 2 @ weights).mean() / weights.sum()
    return float(of_pixels), float(axes.var(axis=1).mean())
