"""A clusterer that starts with the colors that are farthest apart, so that rare classes get a cluster of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kmseg.clusterers import Clustering, clusters_wanted
from kmseg.pixels.distance import squared_between
from kmseg.validation import check_integer

OPTIONS = {"clusterer/farthest_first": "FarthestFirst"}


@dataclass(frozen=True)
class FarthestFirst:
    """Farthest-first traversal (Gonzalez 1985), then the mean color of each cluster."""

    k: int | str = 13

    def __post_init__(self) -> None:
        check_integer("clusterer.k", self.k, at_least=1, words=("auto",))

    def cluster(self, points, sample_weight, init=None):
        """Cluster distinct points (n, d), each with its number of pixels."""
        count = clusters_wanted(self.k, init, points)
        starts = points[[sample_weight.argmax()]] if init is None else init
        while len(starts) < count:
            apart = squared_between(points, starts).min(axis=1)
            starts = np.concatenate([starts, points[[apart.argmax()]]])
        labels = squared_between(points, starts).argmin(axis=1)
        filled = np.unique(labels)  # a given start may have no points; it stays where it is
        centers = starts.copy()
        centers[filled] = [np.average(points[labels == k], axis=0, weights=sample_weight[labels == k]) for k in filled]
        apart = squared_between(points, centers)
        return Clustering(centers, apart.argmin(axis=1), float(sample_weight @ apart.min(axis=1)))
