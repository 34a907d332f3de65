"""Mini-batch K-Means of scikit-learn: for histograms too large to go over at every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.checks import whole
from kmseg.clusterers import Clustering, clusters_wanted


@dataclass(frozen=True)
class MiniBatchKMeans:
    """scikit-learn's MiniBatchKMeans (D. Sculley, "Web-scale k-means clustering", 2010).

    Parameters
    ----------
    k : int or "auto"
        Number of clusters; `auto` takes the number and the start from the candidates found in the data.
    n_init : int
        Starts; the best is kept.
    max_iter : int
        Passes over the colours at most.
    batch_size : int
        Colours a step.
    seed : int
        Seed of the starts and batches.
    """

    k: int | str = "auto"
    n_init: int = 3
    max_iter: int = 100
    batch_size: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        whole("k", self.k, at_least=1, words=("auto",))
        whole("n_init", self.n_init, at_least=1)
        whole("max_iter", self.max_iter, at_least=1)
        whole("batch_size", self.batch_size, at_least=1)
        whole("seed", self.seed, at_least=0, at_most=2**32 - 1)

    def fit(
        self, points: NDArray[np.float64], weights: NDArray[np.float64], start: NDArray[np.float64] | None = None
    ) -> Clustering:
        """Cluster `points` `(n, d)` with `weights` `(n,)`; `start` `(k, d)` are centroids to begin with, once."""
        from sklearn.cluster import MiniBatchKMeans as MiniBatch

        model = MiniBatch(
            n_clusters=clusters_wanted(self.k, start, points),
            init="k-means++" if start is None else start,
            n_init=self.n_init if start is None else 1,
            max_iter=self.max_iter,
            batch_size=self.batch_size,
            random_state=self.seed,
            # Reassigning rarely hit centroids counts rows, not weights, and would move every rare class's centre.
            reassignment_ratio=0.0,
        ).fit(points, sample_weight=weights)
        return Clustering(model.cluster_centers_, model.labels_.astype(np.intp), float(model.inertia_))
