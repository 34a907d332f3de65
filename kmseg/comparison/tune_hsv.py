"""Tune the tolerances of HSV ranges on images with true masks.

An HSV range depends on a pixel's color alone. So the scores of any tolerances follow exactly from one count of the
colors of each true class; no image is masked again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Dataset, Item, read_label
from kmseg.datasets.truth import Truth
from kmseg.errors import UnreadableImage
from kmseg.histogram import Histogram
from kmseg.maskers.hsv_range import HsvRange, costs, differences
from kmseg.metrics.masks import match_classes
from kmseg.palette import Palette

HUES = (2, 5, 10, 20, 40)
LEVELS = (15, 30, 60, 100, 160)
GRID = np.array(list(itertools.product(HUES, LEVELS, LEVELS)), np.float32)
"""Tolerances to try, `(125, 3)`: hue, saturation, value; includes the default 10, 60, 60."""

MAX_ROUNDS = 2
"""Rounds over the classes at most; on 24 images of KITTI a third round adds less than 0.0002 to the mean IoU."""

COLORS_PER_BATCH = 4096
"""Colors evaluated at a time; their costs fit into the processor's cache."""


@dataclass(frozen=True, eq=False)
class ClassColors:
    """The colors of each true class over some images; `merge` adds several up."""

    images: int
    histograms: tuple[Histogram, ...]

    @staticmethod
    def merge(parts: Sequence[ClassColors]) -> ClassColors:
        """Add up the parts."""
        by_class = zip(*(part.histograms for part in parts), strict=True)
        return ClassColors(sum(part.images for part in parts), tuple(map(Histogram.merge, by_class)))


@dataclass(frozen=True)
class CountClassColors:
    """The work on a chunk of images: count the colors of each true class. Unreadable images are skipped."""

    dataset: Dataset
    truth: Truth
    classes: int

    def __call__(self, items: Sequence[Item]) -> ClassColors:
        """Count a chunk of items."""
        return ClassColors.merge([self._one(item) for item in items])

    def _one(self, item: Item) -> ClassColors:
        path = self.truth.mask_file(item.key)
        try:
            label = read_label(self.dataset, item)
            true = None if path is None else self.truth.read_mask(path, (label.shape[0], label.shape[1]))
        except UnreadableImage:
            true = None
        if true is None:
            return ClassColors(1, (Histogram.empty(),) * self.classes)
        return ClassColors(1, tuple(Histogram.of(label.pixels[true == k]) for k in range(self.classes)))


@dataclass(frozen=True, eq=False)
class Tuned:
    """The tuned tolerances.

    Attributes
    ----------
    scores : ndarray of shape (125,), float64
        Mean IoU on the training images, for each single tolerance of `GRID`.
    """

    single: HsvRange
    per_class: HsvRange
    scores: NDArray[np.float64]


def tune(legend: Palette, true: Palette, colors: ClassColors) -> Tuned:
    """Find the single tolerance, and the tolerance of each class, with the best mean IoU.

    The single tolerance is the best of `GRID`. Starting from it, coordinate ascent: each class in turn takes the best
    tolerance while the others keep theirs, until none changes.
    """
    table = TuningTable(legend, true, colors)
    scores = table.grid_scores()
    hue, saturation, value = map(float, GRID[scores.argmax()])
    single = HsvRange(hue, saturation, value)
    tolerances = single.tolerances(legend)
    cost = np.concatenate([table.color_costs([i], tolerances[[i]]) for i in range(len(tolerances))], axis=1)
    owners = [[i for i, owner in enumerate(legend.source_names) if owner == name] for name in legend.names]
    for _ in range(MAX_ROUNDS):
        before = tolerances.copy()
        for columns in owners:
            tolerances[columns] = table.best_for(columns, tolerances[columns[0]], cost)
            cost[:, columns] = table.color_costs(columns, tolerances[columns])
        if np.array_equal(tolerances, before):
            break
    by_class = {name: tolerances[k].tolist() for k, name in enumerate(legend.names)}
    return Tuned(single, replace(single, by_class=by_class), scores)


class TuningTable:
    """The counted colors as arrays over n pairs of a color and its true class, for fast evaluation of tolerances."""

    def __init__(self, legend: Palette, true: Palette, colors: ClassColors) -> None:
        histograms = colors.histograms
        self.colors = np.concatenate([h.colors for h in histograms])
        self.counts = np.concatenate([h.counts for h in histograms]).astype(np.float64)
        self.true = np.repeat(np.arange(len(histograms)), [len(h.codes) for h in histograms])
        self.none = len(histograms)
        self.sources = legend.sources[0]
        self.true_class = match_classes(legend, true)[np.minimum(legend.sources[1], len(legend))]
        self.actual = np.bincount(self.true, self.counts, self.none)

    def grid_scores(self) -> NDArray[np.float64]:
        """Return the mean IoU with each single tolerance of `GRID`."""
        totals = np.zeros((len(GRID), 2, self.none))
        for start in range(0, len(self.colors), COLORS_PER_BATCH):
            rows = slice(start, start + COLORS_PER_BATCH)
            apart = differences(self.colors[rows], self.sources, HsvRange().gray)
            for number, one in enumerate(GRID):
                chosen = _chosen(costs(apart, np.tile(one, (len(self.true_class), 1))), self.true_class, self.none)
                totals[number] += self._totals(chosen, rows)
        return np.array([self._mean(one) for one in totals])

    def color_costs(self, columns: list[int], tolerances: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the costs of the sources `columns` with their tolerances, `(n, columns)`."""
        return costs(differences(self.colors, self.sources[columns], HsvRange().gray), tolerances)

    def best_for(self, columns: list[int], own: NDArray[np.float32], cost: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the tolerance `(3,)` that is best for the class with the sources `columns` while the others stay.

        `own` is the present one, kept if none is better; `cost` `(n, m)` are the present costs of all ranges.
        """
        others = np.delete(cost, columns, axis=1)
        best_rival, rival = (
            others.min(axis=1, initial=np.inf),
            _chosen(others, np.delete(self.true_class, columns), self.none),
        )
        without = self._totals(rival, slice(None))
        apart = differences(self.colors, self.sources[columns], HsvRange().gray)
        within = np.flatnonzero((apart <= GRID.max(axis=0)[:, None, None]).all(axis=0).any(axis=1))
        apart, best_rival = apart[:, within], best_rival[within]
        candidates = [own, *GRID]
        scores = []
        for one in candidates:
            won = within[costs(apart, np.tile(one, (len(columns), 1))).min(axis=1) < best_rival]
            lost = self._totals(rival[won], won)
            gained = self._totals(np.full(len(won), self.true_class[columns[0]]), won)
            scores.append(self._mean(without - lost + gained))
        return candidates[int(np.argmax(scores))]

    def _totals(self, chosen: NDArray[np.intp], rows: Any) -> NDArray[np.float64]:
        """Return the predicted and the true positive pixels of each class, `(2, classes)`."""
        counts = self.counts[rows]
        predicted = np.bincount(chosen, counts, self.none + 1)
        true_positives = np.bincount(chosen, counts * (chosen == self.true[rows]), self.none + 1)
        return np.stack([predicted, true_positives]).astype(np.float64)[:, : self.none]

    def _mean(self, totals: NDArray[np.float64]) -> float:
        predicted, true_positives = totals
        present = self.actual > 0
        return float((true_positives[present] / (predicted + self.actual - true_positives)[present]).mean())


def _chosen(cost: NDArray[np.float32], true_class: NDArray[np.intp], none: int) -> NDArray[np.intp]:
    """Return the class `(n,)` of the source with the least cost in each row; `none` where all are out of range."""
    if not cost.shape[1]:
        return np.full(len(cost), none)
    best = cost.argmin(axis=1)
    return np.where(np.isfinite(cost[np.arange(len(cost)), best]), true_class[best], none)
