"""From sampled label images to a palette: count the colours, cluster them, read the classes off the centroids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clusterer
from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset, Item
from kmseg.errors import UnreadableImage, UserError
from kmseg.histogram import Histogram
from kmseg.metrics import flat_pixels_of
from kmseg.palette import Palette
from kmseg.stages import Stages
from kmseg.tasks import Plan


@dataclass(frozen=True, eq=False)
class Counted:
    """What counting some images gave; several add up by `merge_counted`."""

    images: int
    histogram: Histogram
    flat_pixels: NDArray[np.int64]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class CountColors:
    """The work on a chunk of images; `true` adds a count of the flat pixels of each true class."""

    dataset: Dataset
    true: Palette | None = None

    def __call__(self, items: Sequence[Item]) -> Counted:
        """Count the colours of a chunk of items."""
        histograms, failures = [], []
        flat_pixels = np.zeros(len(self.true) if self.true else 0, np.int64)
        for item in items:
            try:
                label = self.dataset.read_label(item)
            except UnreadableImage as failure:
                failures.append(str(failure))
                continue
            histograms.append(Histogram.of(label))
            if self.true is not None:
                flat_pixels += flat_pixels_of(label, self.true)
        return Counted(len(items), Histogram.merge(histograms), flat_pixels, tuple(failures))


def merge_counted(parts: Sequence[Counted]) -> Counted:
    """Add up what the chunks gave."""
    return Counted(
        images=sum(part.images for part in parts),
        histogram=Histogram.merge(part.histogram for part in parts),
        flat_pixels=np.sum([part.flat_pixels for part in parts], axis=0),
        failures=tuple(failure for part in parts for failure in part.failures),
    )


@dataclass(frozen=True, eq=False)
class Found:
    """A palette with what it was read from.

    Attributes
    ----------
    centers : ndarray of shape (k, d), float64
        The centroids in feature units, in the order of the palette.
    pixels : ndarray of shape (k,), int64
        Sampled pixels of each cluster.
    """

    palette: Palette
    centers: NDArray[np.float64]
    pixels: NDArray[np.int64]
    inertia: float


def find_palette(histogram: Histogram, clusterer: Clusterer, space: ColorSpace) -> Found:
    """Cluster the colours of a histogram; the classes are the centroids, the one with most pixels first.

    This is the paper's step 1: the colour of a class is its centroid, rounded.
    """
    clustering = clusterer.fit(space.to_features(histogram.colors), histogram.counts.astype(np.float64))
    k = len(clustering.centers)
    pixels = np.bincount(clustering.labels, histogram.counts, k).astype(np.int64)
    order = np.argsort(-pixels, kind="stable")
    centers = clustering.centers[order]
    names = [f"class_{i:0{len(str(k - 1))}d}" for i in range(k)]
    return Found(Palette(names, space.to_rgb(centers)), centers, pixels[order], clustering.inertia)


def learn_palette(plan: Plan, items: Sequence[Item], stages: Stages) -> tuple[Found, Counted]:
    """Read the sampled items, count their colours and find the palette in them."""
    sampled = plan.sampling.choose(items)
    work = CountColors(plan.dataset, plan.measured_against.palette)
    counted = merge_counted(stages.over("discover", "reading colors", plan.executor, work, sampled))
    if not counted.histogram.pixels:
        raise nothing_read(counted.failures)
    with stages.timed("fit"):
        return find_palette(counted.histogram, plan.clusterer, plan.color_space), counted


def nothing_read(failures: Sequence[str]) -> UserError:
    """Return the error of a run in which no file could be used."""
    return UserError(f"none of the {len(failures)} label images could be used; the first: {failures[0]}")
