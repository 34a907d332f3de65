"""Mini-batch K-Means of scikit-learn: for histograms too large for full passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clustering, KMeansOptions, clusters_wanted
from kmseg.validation import check_integer


@dataclass(frozen=True)
class MiniBatchKMeans(KMeansOptions):
    """scikit-learn's MiniBatchKMeans (D. Sculley, "Web-scale k-means clustering", 2010).

    Parameters
    ----------
    k, n_init, max_iter, seed
        As in `KMeansOptions`, `seed` also for the batches.
    batch_size : int
        Colors per step.
    """

    n_init: int = 3
    max_iter: int = 100
    batch_size: int = 4096

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("batch_size", self.batch_size, at_least=1)

    def cluster(
        self, points: NDArray[np.float64], sample_weight: NDArray[np.float64], init: NDArray[np.float64] | None = None
    ) -> Clustering:
        """Cluster `points` `(n, d)` with `sample_weight` `(n,)`; `init` `(k, d)` are centroids for a single fit."""
        from sklearn.cluster import MiniBatchKMeans as MiniBatch

        model = MiniBatch(
            n_clusters=clusters_wanted(self.k, init, points),
            init="k-means++" if init is None else init,
            n_init=self.n_init if init is None else 1,
            max_iter=self.max_iter,
            batch_size=self.batch_size,
            random_state=self.seed,
            # Reassignment counts rows, not sample_weight, and would move the centroid of every rare class.
            reassignment_ratio=0.0,
        ).fit(points, sample_weight=sample_weight)
        return Clustering(model.cluster_centers_, model.labels_.astype(np.intp), float(model.inertia_))
