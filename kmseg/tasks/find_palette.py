"""From sampled label images to a palette: count their colours, judge or cluster them, read the classes off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clusterer
from kmseg.color_cache import ColorCache, source_of
from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset, Item
from kmseg.errors import UnreadableImage, UserError
from kmseg.files import reading_once
from kmseg.finding.candidates import Candidates, Demands
from kmseg.finding.census import Census
from kmseg.finding.judging import find_candidates
from kmseg.histogram import Histogram
from kmseg.legends.recognition import Match
from kmseg.metrics import flat_pixels_of
from kmseg.palette import Palette
from kmseg.palette_source import PaletteSource
from kmseg.remembered import MEMORY
from kmseg.stages import Stages
from kmseg.tasks import Plan

C = TypeVar("C", bound="Count")


class Count(Protocol):
    """What is counted of label images: a `Histogram` or a `Census`."""

    @staticmethod
    def of_all(labels: Iterable[NDArray[np.uint8]]) -> Any:
        """Count any number of label images, one at a time."""

    @staticmethod
    def merge(parts: Iterable[Any]) -> Any:
        """Add up any number of counts."""


@dataclass(frozen=True, eq=False)
class Counted(Generic[C]):
    """What counting some images gave; several add up. Of the `images`, so many were `remembered` from another run."""

    images: int
    counts: C
    flat_pixels: NDArray[np.int64]
    failures: tuple[str, ...]
    remembered: int

    @property
    def read(self) -> int:
        """The number of images that could be used."""
        return self.images - len(self.failures)


@dataclass(frozen=True)
class CountColors(Generic[C]):
    """The work on a chunk of images; `true` adds a count of the flat pixels of each true class."""

    dataset: Dataset
    kind: type[C]
    true: Palette | None = None
    cache: ColorCache = field(default_factory=ColorCache)

    def __call__(self, items: Sequence[Item]) -> Counted[C]:
        """Count the colours of a chunk of items: into one table, or each for itself where that is kept."""
        if not self.cache.limit:
            return self._together(items)
        new: list[Counted[C]] = []

        def count() -> Counted[C]:
            new.append(self.add_up([self._kept(item) for item in items]))
            return replace(new[0], remembered=new[0].read)

        how = f"{self._how} {self.cache} {[item.key for item in items]}"
        known = MEMORY.get([item.label for item in items], how, count, self._bytes_of)
        return new[0] if new else known

    def _bytes_of(self, counted: Counted[C]) -> int:
        return sum(getattr(counted.counts, name).nbytes for name in _fields(self.kind))

    def _together(self, items: Sequence[Item]) -> Counted[C]:
        failures: list[str] = []
        flat_pixels = np.zeros(len(self.true) if self.true else 0, np.int64)

        def labels() -> Iterator[NDArray[np.uint8]]:
            nonlocal flat_pixels
            for item in items:
                try:
                    label = self.dataset.read_label(item)
                except UnreadableImage as failure:
                    failures.append(str(failure))
                    continue
                if self.true is not None:
                    flat_pixels = flat_pixels + flat_pixels_of(label, self.true)
                yield label

        counts = self.kind.of_all(labels())
        return Counted(len(items), counts, flat_pixels, tuple(failures), remembered=0)

    def _kept(self, item: Item) -> Counted[C]:
        with reading_once():  # for the name of its counts, and for its pixels
            entry = self.cache.entry(item.label, f"{item.key} {self._how}")
            known = entry.load() if entry else None
            if known:
                *counts, flat_pixels = known
                return Counted(1, self.kind(*counts), flat_pixels, (), remembered=1)
            counted = self._together([item])
            if entry and counted.read:
                arrays = [getattr(counted.counts, name) for name in _fields(self.kind)]
                entry.save([*arrays, counted.flat_pixels])
            return counted

    @cached_property
    def _how(self) -> str:
        """Say what besides an image's file decides its counts: options of the dataset, but not where its files lie."""
        reading = [(name, getattr(self.dataset, name)) for name in _fields(self.dataset) if name != "root"]
        true = self.true.colors.tolist() if self.true else []
        return f"{type(self.dataset)} {source_of(self.dataset)} {reading} {self.kind.__name__} {true}"

    def add_up(self, parts: Sequence[Counted[C]]) -> Counted[C]:
        """Add up what the chunks gave."""
        return Counted(
            images=sum(part.images for part in parts),
            counts=self.kind.merge([part.counts for part in parts]),
            flat_pixels=np.sum([part.flat_pixels for part in parts], axis=0),
            failures=tuple(failure for part in parts for failure in part.failures),
            remembered=sum(part.remembered for part in parts),
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
    inertia : float
        Sum over the clustered pixels of squared distances to their centroid, in feature units.
    candidates : Candidates or None
        Every colour considered, where k was chosen by the data.
    said : str
        Whose legend the palette is recognised as; empty if nobody's.
    closest : sequence of Match
        The published legends that came closest.
    """

    palette: Palette
    centers: NDArray[np.float64]
    pixels: NDArray[np.int64]
    inertia: float
    candidates: Candidates | None = None
    said: str = ""
    closest: tuple[Match, ...] = ()


def find_palette(histogram: Histogram, clusterer: Clusterer, space: ColorSpace) -> Found:
    """Cluster the colours of a histogram; the classes are the centroids, the one with most pixels first.

    This is the paper's step 1: the colour of a class is its centroid, rounded.
    """
    clustering = clusterer.fit(space.to_features(histogram.colors), histogram.counts.astype(np.float64))
    k = len(clustering.centers)
    pixels = np.bincount(clustering.labels, histogram.counts, k).astype(np.int64)
    order = np.argsort(-pixels, kind="stable")
    centers = clustering.centers[order]
    return Found(Palette(numbered(k), space.to_rgb(centers)), centers, pixels[order], clustering.inertia)


def find_palette_by_candidates(census: Census, demands: Demands, clusterer: Clusterer, space: ColorSpace) -> Found:
    """Let the data choose k: the classes are the candidates kept, and K-Means starts from them, in any color space.

    The colour of a class is its candidate's, the most frequent value at its mode and not the centroid: so a lossless
    label gives its legend to the digit.
    """
    candidates = find_candidates(census, demands)
    kept = candidates.kept
    if not kept:
        raise UserError(
            "no color stands out as a class in the sampled images; are they labels and not photos? "
            "lower palette.min_pixels, pin colors with palette.pin, or set clusterer.k to a number"
        )
    palette = Palette(numbered(len(kept)), np.array([candidate.color for candidate in kept]))
    weights = census.weights
    speaking = weights > 0
    points, weights = space.to_features(census.colors[speaking]), weights[speaking]
    start = space.to_features(palette.colors)
    if len(points) < len(start):  # pinned colors need not occur
        points, weights = np.concatenate([points, start]), np.concatenate([weights, np.ones(len(start), np.int64)])
    clustering = clusterer.fit(points, weights.astype(np.float64), start=start)
    pixels = np.bincount(clustering.labels, weights, len(start)).astype(np.int64)
    return Found(palette, clustering.centers, pixels, clustering.inertia, candidates)


def learn_palette(
    plan: Plan, items: Sequence[Item], stages: Stages, true: Palette | None = None
) -> tuple[Found, Counted[Histogram] | Counted[Census]]:
    """Read the sampled items, count their colours (and the flat pixels of `true` classes), and find the palette."""
    sampled = plan.sampling.choose(items)
    by_data = plan.clusterer.k == "auto"
    if not by_data and plan.palette.demands != Demands():
        raise UserError(
            f"palette.pin, forbid, min_pixels and min_distance choose among the candidates of clusterer.k=auto, and "
            f"clusterer.k is {plan.clusterer.k}; leave them out or set clusterer.k=auto"
        )
    if by_data:
        census = count_colors(plan, sampled, Census, stages, true)
        with stages.timed("fit"):
            demands = plan.palette.demands
            found = find_palette_by_candidates(census.counts, demands, plan.clusterer, plan.color_space)
            return with_names(found, plan.palette), census
    histogram = count_colors(plan, sampled, Histogram, stages, true)
    with stages.timed("fit"):
        found = find_palette(histogram.counts, plan.clusterer, plan.color_space)
        return with_names(found, plan.palette), histogram


def with_names(found: Found, source: PaletteSource) -> Found:
    """Give the classes of a palette that was found the names of the legend that it is recognised as."""
    given = source.name_classes(found.palette, exact=found.candidates is not None and found.candidates.exact)
    return replace(found, palette=given.palette, said=given.said, closest=given.closest)


def count_colors(
    plan: Plan, items: Sequence[Item], kind: type[C], stages: Stages, true: Palette | None = None
) -> Counted[C]:
    """Read items and count their colours, and the flat pixels of each `true` class; fail where none can be read."""
    work = CountColors(plan.dataset, kind, true, plan.cache)
    counted = stages.over("discover", "reading colors", plan.executor, work, items, work.add_up)
    if counted.remembered < counted.read:
        plan.cache.trim()
    if not counted.read:
        raise nothing_read(counted.failures)
    return counted


def _fields(part: Any) -> list[str]:
    """Return the names of a dataclass's fields."""
    return [field.name for field in fields(part)]


def numbered(k: int) -> list[str]:
    """Name k classes by number, all of one width."""
    return [f"class_{i:0{max(len(str(k - 1)), 2)}d}" for i in range(k)]


def nothing_read(failures: Sequence[str]) -> UserError:
    """Return the error of a run in which no file could be used."""
    return UserError(f"none of the {len(failures)} label images could be used; the first: {failures[0]}")
