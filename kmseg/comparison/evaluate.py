"""Evaluate several methods on the same images against the same true masks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset, Item, read_label
from kmseg.datasets.truth import Truth
from kmseg.errors import UnreadableImage
from kmseg.executors import once_per_process
from kmseg.images import LabelImage
from kmseg.maskers import Masker
from kmseg.metrics.boundary import TrueBoundaries, boundary_f1
from kmseg.metrics.masks import confusion, match_classes
from kmseg.palette import Palette

Masks = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Method:
    """A method to compare: a legend and a masker, with a key for metrics and a title for tables."""

    key: str
    title: str
    palette: Palette
    masker: Masker
    space: ColorSpace


@dataclass(frozen=True)
class Evaluation:
    """Everything needed to evaluate one image; sent to workers.

    Parameters
    ----------
    classes : Palette
        The classes in which masks are compared; each class of a method counts as the one of the nearest color.
    reference : str or None
        Key of the method whose masks are the reference where there are no true masks.
    tolerance : int
        Pixels within which boundaries match.
    """

    dataset: Dataset
    truth: Truth
    classes: Palette
    methods: tuple[Method, ...]
    reference: str | None
    tolerance: int
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def masks(self, item: Item) -> tuple[NDArray[np.uint8], NDArray[np.int64], Masks] | None:
        """Return label, truth and every method's mask of an item, in `classes`; None where it has no true mask.

        -1 means ignore, `len(classes)` no class. Raises `UnreadableImage`.
        """
        path = self.truth.mask_file(item.key)
        if path is None and self.reference is None:
            return None
        label = read_label(self.dataset, item)
        maskers = once_per_process(self.token, self._fitted)
        masks = {key: masker(label) for key, masker in maskers.items()}
        if self.reference is not None:
            true = masks[self.reference]
            return label.pixels, np.where(true == len(self.classes), -1, true), masks
        assert path is not None
        return label.pixels, self.truth.read_mask(path, (label.shape[0], label.shape[1])), masks

    def _fitted(self) -> dict[str, Any]:
        return {method.key: _FittedMasker(method, self.classes) for method in self.methods}


class _FittedMasker:
    """A method's masker, with its classes mapped to the common classes."""

    def __init__(self, method: Method, classes: Palette) -> None:
        self._mask = method.masker.for_palette(method.palette, method.space)
        self._true_class = match_classes(method.palette, classes)

    def __call__(self, label: LabelImage) -> NDArray[np.int64]:
        return np.asarray(self._true_class[np.minimum(self._mask(label), len(self._true_class) - 1)])


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of some images; `merge` adds several up.

    Attributes
    ----------
    confusions : mapping of str to ndarray of shape (classes, classes + 1)
        Per method, pixels by true and predicted class; the last column is no class.
    boundaries : mapping of str to ndarray of shape (classes, 4)
        Per method, the counts that `boundary_f1` needs.
    pixels : mapping of str to ndarray of shape (classes,)
        True pixels of each class, by the image's key.
    """

    images: int
    confusions: Mapping[str, NDArray[np.int64]]
    boundaries: Mapping[str, NDArray[np.int64]]
    pixels: Mapping[str, NDArray[np.int64]]
    failures: tuple[str, ...]

    @staticmethod
    def merge(parts: Sequence[Scores]) -> Scores:
        """Add up the parts."""
        keys = list(dict.fromkeys(key for part in parts for key in part.confusions))
        return Scores(
            images=sum(part.images for part in parts),
            confusions={k: np.sum([p.confusions[k] for p in parts if k in p.confusions], axis=0) for k in keys},
            boundaries={k: np.sum([p.boundaries[k] for p in parts if k in p.boundaries], axis=0) for k in keys},
            pixels={key: row for part in parts for key, row in part.pixels.items()},
            failures=tuple(failure for part in parts for failure in part.failures),
        )


@dataclass(frozen=True)
class EvaluateImages:
    """The work on a chunk of images: mask each with every method and compare with the truth."""

    evaluation: Evaluation

    def __call__(self, items: Sequence[Item]) -> Scores:
        """Evaluate a chunk of items."""
        return Scores.merge([self._one(item) for item in items])

    def _one(self, item: Item) -> Scores:
        try:
            seen = self.evaluation.masks(item)
        except UnreadableImage as failure:
            return Scores(1, {}, {}, {}, (str(failure),))
        if seen is None:
            return Scores(1, {}, {}, {}, ())
        _, true, masks = seen
        k = len(self.evaluation.classes)
        lines = TrueBoundaries(true, k, self.evaluation.tolerance)
        return Scores(
            images=1,
            confusions={key: confusion(true, mask, k, k) for key, mask in masks.items()},
            boundaries={key: lines.counts(mask) for key, mask in masks.items()},
            pixels={item.key: np.bincount(true[true >= 0], minlength=k)},
            failures=(),
        )


@dataclass(frozen=True, eq=False)
class MethodResult:
    """The scores of one method, per class `(classes,)`; NaN where a score is undefined."""

    method: Method
    counts: NDArray[np.int64]
    boundaries: NDArray[np.int64]
    shown: NDArray[np.intp]

    @cached_property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union."""
        return self._true_positives / np.maximum(self._predicted + self._actual - self._true_positives, 1)

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Precision: share of the pixels predicted as the class that are of it; NaN if there are none."""
        return np.where(self._predicted > 0, self._true_positives / np.maximum(self._predicted, 1), np.nan)

    @cached_property
    def recall(self) -> NDArray[np.float64]:
        """Recall: share of the class's pixels that are predicted as it."""
        return self._true_positives / np.maximum(self._actual, 1)

    @cached_property
    def boundary_f1(self) -> NDArray[np.float64]:
        """F1 of the class's boundary pixels."""
        return boundary_f1(self.boundaries)

    @property
    def figures(self) -> dict[str, float]:
        """The scores over all compared classes; `boundary_f1` is 0 if none of them has a boundary."""
        of_boundaries = self.boundary_f1[self.shown]
        of_boundaries = of_boundaries[~np.isnan(of_boundaries)]
        return {
            "miou": float(self.iou[self.shown].mean()),
            "accuracy": float(self._true_positives[self.shown].sum() / max(self._actual[self.shown].sum(), 1)),
            "boundary_f1": float(of_boundaries.mean()) if len(of_boundaries) else 0.0,
        }

    @property
    def _true_positives(self) -> NDArray[np.int64]:
        return np.diag(self.counts)

    @property
    def _predicted(self) -> NDArray[np.int64]:
        return self.counts.sum(axis=0)[:-1]

    @property
    def _actual(self) -> NDArray[np.int64]:
        return self.counts.sum(axis=1)
