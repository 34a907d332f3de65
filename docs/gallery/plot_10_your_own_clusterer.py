"""
Your own clusterer in 20 lines
==============================

A part is a frozen dataclass with one method. This clusterer starts with the colors that are farthest apart, so that rare ones count as much as
frequent ones. Put it in a file with ``OPTIONS = {"clusterer/farthest_first": "FarthestFirst"}``, and
``kmseg plugins=FOLDER clusterer=farthest_first`` uses it.
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from kmseg.clusterers import Clustering, clusters_wanted
from kmseg.clusterers.kmeans import KMeans
from kmseg.datasets.sample import LEGEND, draw_scene
from kmseg.histogram import Histogram
from kmseg.pixels.distance import squared_between
from kmseg.testing import check_clusterer


@dataclass(frozen=True)
class FarthestFirst:
    """Farthest-first traversal (Gonzalez 1985), then the mean color of each cluster."""

    k: int | str = 13

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


check_clusterer(FarthestFirst())

# %%
# Lossless label images: each distinct color is a point, weighted by its pixels.

scenes = [draw_scene(np.random.default_rng(seed)) for seed in range(4)]
labels = [LEGEND.paint(scene)[::4, ::4] for scene in scenes]
histogram = Histogram.of(np.concatenate(labels))
points, weights = histogram.colors.astype(float), histogram.counts.astype(float)

# %%
# Both get the same number of clusters, fewer than there are classes.

k = 9
found = {"K-Means": KMeans(k=k), "farthest first": FarthestFirst(k=k)}
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for axis, (name, clusterer) in zip(axes, found.items()):
    result = clusterer.cluster(points, weights)
    pixels = np.bincount(result.labels, weights, minlength=k)
    order = np.argsort(-pixels)
    axis.bar(range(k), 100 * pixels[order] / weights.sum(), color=result.centers[order] / 255, edgecolor="0.3")
    axis.set(yscale="log", title=f"{name}, k={k}", xlabel="cluster")
axes[0].set_ylabel("pixels, %")
figure.tight_layout()
