"""Find the palette of sampled label images: count their colors, then apply discovery or the clusterer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clusterer
from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset, Item, label_fingerprint, label_state, read_label
from kmseg.datasets.sampling import Sampling
from kmseg.discovery.candidates import Demands
from kmseg.discovery.palette import Found, find_palette
from kmseg.discovery.statistics import ColorStatistics
from kmseg.errors import UnreadableImage, UserError
from kmseg.executors import Executor
from kmseg.files import reading_once
from kmseg.histogram import Histogram
from kmseg.images import LabelImage
from kmseg.metrics.legend import count_flat_pixels
from kmseg.palette import Palette
from kmseg.pipeline.disk_cache import ColorCache, digest_source
from kmseg.pipeline.learn_apart import take_learned
from kmseg.pipeline.memory_cache import FILE_CACHE
from kmseg.pipeline.palette_source import PaletteSource, find_named_palette, with_names
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress

C = TypeVar("C", bound="Count")


class Count(Protocol):
    """What is counted of label images: a `Histogram` or a `ColorStatistics`."""

    @staticmethod
    def of_all(labels: Iterable[LabelImage]) -> Any:
        """Count any number of label images, one at a time."""

    @staticmethod
    def merge(parts: Iterable[Any]) -> Any:
        """Add up any number of counts."""


@dataclass(frozen=True, eq=False)
class Counted(Generic[C]):
    """Counts of some images; `CountColors.add_up` adds several up.

    `remembered` is the number of images whose counts came from the cache.
    """

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
        """Count the colors of a chunk of items: into one table, or per image if the cache is on."""
        if not self.cache.limit:
            return self._count(items)
        new: list[Counted[C]] = []

        def count() -> Counted[C]:
            new.append(self.add_up([self._cached(item) for item in items]))
            return replace(new[0], remembered=new[0].read)

        how = f"{self._cache_key} {self.cache} {[item.key for item in items]}"
        known = FILE_CACHE.get([label_state(self.dataset, item) for item in items], how, count, self._count_bytes)
        return new[0] if new else known

    def _count_bytes(self, counted: Counted[C]) -> int:
        return sum(getattr(counted.counts, name).nbytes for name in _fields(self.kind))

    def _count(self, items: Sequence[Item]) -> Counted[C]:
        failures: list[str] = []
        flat_pixels = np.zeros(len(self.true) if self.true else 0, np.int64)

        def labels() -> Iterator[LabelImage]:
            nonlocal flat_pixels
            for item in items:
                try:
                    label = read_label(self.dataset, item)
                except UnreadableImage as failure:
                    failures.append(str(failure))
                    continue
                if self.true is not None:
                    flat_pixels = flat_pixels + count_flat_pixels(label.pixels, self.true)
                yield label

        counts = self.kind.of_all(labels())
        return Counted(len(items), counts, flat_pixels, tuple(failures), remembered=0)

    def _cached(self, item: Item) -> Counted[C]:
        with reading_once():  # once for the cache key, once for the pixels
            entry = self.cache.entry(label_fingerprint(self.dataset, item), f"{item.key} {self._cache_key}")
            known = entry.load() if entry else None
            if known:
                *counts, flat_pixels = known
                return Counted(1, self.kind(*counts), flat_pixels, (), remembered=1)
            counted = self._count([item])
            if entry and counted.read:
                arrays = [getattr(counted.counts, name) for name in _fields(self.kind)]
                entry.save([*arrays, counted.flat_pixels])
            return counted

    @cached_property
    def _cache_key(self) -> str:
        """Everything besides the image file that decides its counts: options of the dataset except its root."""
        reading = [(name, getattr(self.dataset, name)) for name in _fields(self.dataset) if name != "root"]
        true = self.true.colors.tolist() if self.true else []
        return f"{type(self.dataset)} {digest_source(self.dataset)} {reading} {self.kind.__name__} {true}"

    def add_up(self, parts: Sequence[Counted[C]]) -> Counted[C]:
        """Add up the counts of several chunks."""
        return Counted(
            images=sum(part.images for part in parts),
            counts=self.kind.merge([part.counts for part in parts]),
            flat_pixels=np.sum([part.flat_pixels for part in parts], axis=0),
            failures=tuple(failure for part in parts for failure in part.failures),
            remembered=sum(part.remembered for part in parts),
        )


@dataclass(frozen=True)
class Learning:
    """What decides a palette that is found in label images: parts of a plan.

    `true` adds a count of the flat pixels of each true class.
    """

    dataset: Dataset
    sampling: Sampling
    clusterer: Clusterer
    color_space: ColorSpace
    palette: PaletteSource
    executor: Executor
    cache: ColorCache
    true: Palette | None = None

    @classmethod
    def of(cls, plan: Plan, true: Palette | None = None) -> Learning:
        """Return what decides the palette of a run."""
        parts = {name: getattr(plan, name) for name in _fields(cls) if name != "true"}
        return cls(**parts, true=true)

    @cached_property
    def key(self) -> str:
        """All of it as text."""
        true = self.true.colors.tolist() if self.true else []
        return repr(([getattr(self, name) for name in _fields(self) if name != "true"], true))


def learn_palette(
    plan: Plan, items: Sequence[Item], progress: Progress, true: Palette | None = None
) -> tuple[Found, Counted[Histogram] | Counted[ColorStatistics]]:
    """Read the sampled items, count their colors (and the flat pixels of `true` classes), and find the palette.

    In a sweep a second process may have done so already.
    """
    sampled = plan.sampling.choose(items)
    learning = Learning.of(plan, true)
    ahead = take_learned(learning.key, plan.dataset, sampled, progress)
    return learn(learning, sampled, progress) if ahead is None else ahead


def learn(
    learning: Learning, sampled: Sequence[Item], progress: Progress
) -> tuple[Found, Counted[Histogram] | Counted[ColorStatistics]]:
    """Read items, count their colors, and find the palette."""
    clusterer, source, space = learning.clusterer, learning.palette, learning.color_space
    is_automatic = clusterer.k == "auto"
    if not is_automatic and source.demands != Demands():
        raise UserError(
            f"palette.pin, forbid, min_pixels and min_distance need clusterer.k=auto, but "
            f"clusterer.k is {clusterer.k}; leave them out, or set clusterer.k=auto"
        )
    if is_automatic:
        statistics = count_colors(learning, sampled, ColorStatistics, progress, learning.true)
        with progress.timed("fit"):
            return find_named_palette(statistics.counts, source, clusterer, space), statistics
    histogram = count_colors(learning, sampled, Histogram, progress, learning.true)
    with progress.timed("fit"):
        return with_names(find_palette(histogram.counts, clusterer, space), source), histogram


def count_colors(
    plan: Plan | Learning, items: Sequence[Item], kind: type[C], progress: Progress, true: Palette | None = None
) -> Counted[C]:
    """Read items and count their colors, and the flat pixels of each `true` class; raise if none can be read."""
    work = CountColors(plan.dataset, kind, true, plan.cache)
    counted = progress.run_stage("discover", "reading colors", plan.executor, work, items, work.add_up)
    if counted.remembered < counted.read:
        plan.cache.trim()
    if not counted.read:
        raise nothing_read(counted.failures)
    return counted


def _fields(part: Any) -> list[str]:
    """Return the names of a dataclass's fields."""
    return [field.name for field in fields(part)]


def nothing_read(failures: Sequence[str]) -> UserError:
    """Return the error of a run in which no file could be used."""
    return UserError(f"none of the {len(failures)} label images could be used; the first: {failures[0]}")
