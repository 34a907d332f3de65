"""From counted colors to a palette: by candidates, or as the centroids of a clusterer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clusterer
from kmseg.color_spaces import ColorSpace
from kmseg.discovery.candidates import Candidates, Demands
from kmseg.discovery.select import find_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.errors import UserError
from kmseg.histogram import Histogram
from kmseg.legends.recognition import Match
from kmseg.palette import RGB, Palette

IGNORE: RGB = (255, 255, 255)
"""The value 255 of index masks, where all others are small."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters of the sampled pixels, in the order of a palette.

    Attributes
    ----------
    centers : ndarray of shape (k, d), float64
        The centroids in feature units.
    pixels : ndarray of shape (k,), int64
        Sampled pixels of each cluster.
    inertia : float
        Sum over the clustered pixels of squared distances to their centroid, in feature units.
    """

    centers: NDArray[np.float64]
    pixels: NDArray[np.int64]
    inertia: float


@dataclass(frozen=True, eq=False)
class Found:
    """A palette with what it was read from.

    Attributes
    ----------
    fit : callable
        Finds the clusters. If the data chose the classes, the palette does not depend on them and need not wait for
        them: a second and more, mostly for importing scikit-learn.
    candidates : Candidates or None
        Every color considered, where k was chosen by the data.
    said : str
        Whose legend the palette is recognized as; empty if nobody's.
    closest : sequence of Match
        The published legends that came closest.
    damage : str
        What the images went through.
    remarks : sequence of str
        What is doubtful about the palette.
    """

    palette: Palette
    fit: Callable[[], Clusters]
    candidates: Candidates | None = None
    said: str = ""
    closest: tuple[Match, ...] = ()
    damage: str = ""
    remarks: tuple[str, ...] = ()

    @cached_property
    def clusters(self) -> Clusters:
        """The clusters; computed at first access."""
        return self.fit()


def find_palette(histogram: Histogram, clusterer: Clusterer, space: ColorSpace) -> Found:
    """Cluster the colors of a histogram; the classes are the centroids, the one with most pixels first.

    This is the paper's step 1: the color of a class is its centroid, rounded.
    """
    clustering = clusterer.cluster(space.to_features(histogram.colors), histogram.counts.astype(np.float64))
    k = len(clustering.centers)
    pixels = np.bincount(clustering.labels, histogram.counts, k).astype(np.int64)
    order = np.argsort(-pixels, kind="stable")
    centers = clustering.centers[order]
    clusters = Clusters(centers, pixels[order], clustering.inertia)
    return Found(Palette(numbered(k), space.to_rgb(centers)), lambda: clusters)


def find_palette_by_candidates(
    statistics: ColorStatistics, demands: Demands, clusterer: Clusterer, space: ColorSpace
) -> Found:
    """Let the data choose k: the classes are the candidates accepted, and K-Means starts from them, in any color space.

    The color of a class is its candidate's, the most frequent value at its mode and not the centroid: so a lossless
    label gives its legend to the digit.
    """
    return palette_of_candidates(find_candidates(statistics, demands), statistics, clusterer, space)


def palette_of_candidates(
    candidates: Candidates, statistics: ColorStatistics, clusterer: Clusterer, space: ColorSpace
) -> Found:
    """Make the palette of the candidates accepted; K-Means starts from them."""
    if not candidates.accepted:
        raise UserError(
            "no color stands out as a class in the sampled images; are they labels and not photos? "
            "lower palette.min_pixels, pin colors with palette.pin, or set clusterer.k to a number"
        )
    palette = _make_palette(candidates)
    weights = statistics.weights
    speaking = weights > 0
    for _, color in palette.ignored:
        speaking &= (statistics.colors != color).any(axis=1)
    points, weights = space.to_features(statistics.colors[speaking]), weights[speaking]
    start = space.to_features(palette.colors)
    if len(points) < len(start):  # pinned colors need not occur
        points, weights = np.concatenate([points, start]), np.concatenate([weights, np.ones(len(start), np.int64)])

    def fit() -> Clusters:
        clustering = clusterer.cluster(points, weights.astype(np.float64), init=start)
        pixels = np.bincount(clustering.labels, weights, len(start)).astype(np.int64)
        return Clusters(clustering.centers, pixels, clustering.inertia)

    remarks = (*_describe_values(palette, candidates), *candidates.remarks())
    return Found(palette, fit, candidates, damage=statistics.describe_damage(), remarks=remarks)


def _make_palette(candidates: Candidates) -> Palette:
    """Make the palette of the candidates accepted; the ids of index masks are their values."""
    accepted = candidates.accepted
    colors, certainty = np.array([c.color for c in accepted]), [c.certainty for c in accepted]
    if not candidates.index_masks:
        return Palette(numbered(len(accepted)), colors, certainty=certainty)
    values = [c.color[0] for c in accepted]
    names = [f"class_{value:02d}" for value in values]
    ignored = [("class_255", c.color) for c in candidates.considered if c.color == IGNORE]
    ids = values if values != list(range(len(values))) else ()
    return Palette(names, colors, ignored=ignored, ids=ids, certainty=certainty)


def _describe_values(palette: Palette, candidates: Candidates) -> list[str]:
    """Say that the images are index masks, and which values they have."""
    if not candidates.index_masks:
        return []
    values = palette.colors[:, 0].tolist()
    listed = f"{values[0]} to {values[-1]}" if not palette.ids else ", ".join(map(str, values))
    return [f"index masks with the values {listed}" + ("; 255 is taken for ignore" if palette.ignored else "")]


def numbered(k: int) -> list[str]:
    """Name k classes by number, all of one width."""
    return [f"class_{i:0{max(len(str(k - 1)), 2)}d}" for i in range(k)]
