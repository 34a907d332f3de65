"""From label images and a palette to index masks, the writers' files and a tally of what was seen."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset, Item
from kmseg.errors import UnreadableImage
from kmseg.execution import kept
from kmseg.maskers import Mask, Masker
from kmseg.metrics import confusion, flat_pixels_of
from kmseg.palette import Palette
from kmseg.stages import Stages
from kmseg.tasks import Plan
from kmseg.tasks.explained import Explained, explain
from kmseg.tasks.find_palette import nothing_read
from kmseg.truth import Truth
from kmseg.writers import Segmented, Writer


@dataclass(frozen=True, eq=False)
class Tally:
    """What masking some images gave; several add up by `merge_tallies`.

    Attributes
    ----------
    class_pixels : ndarray of shape (k + 1,), int64
        Pixels of each class; the last entry counts those of no class.
    near_pixels : ndarray of shape (k,), int64
        Those pixels of each class that are exactly or nearly of its colour.
    explained : mapping of str to Explained
        How the pixels of each image came to their classes, by the image's key.
    confusion : ndarray of shape (true classes, k + 1), int64
        Pixels by true and found class; no rows without truth.
    flat_pixels : ndarray of shape (true classes,), int64
        Flat pixels near each true colour: which classes the images really hold.
    notes : mapping of str to list
        What each writer's `write` returned, in the order of the images.
    """

    images: int
    masked: int
    failures: tuple[str, ...]
    class_pixels: NDArray[np.int64]
    near_pixels: NDArray[np.int64]
    explained: Mapping[str, Explained]
    confusion: NDArray[np.int64]
    flat_pixels: NDArray[np.int64]
    judged: int
    notes: Mapping[str, list[Any]]


@dataclass(frozen=True)
class Work:
    """One image to be masked: its place in the dataset, and its true mask if it has one."""

    position: int
    item: Item
    true_mask: Path | None


@dataclass(frozen=True)
class MaskImages:
    """The work on a chunk of images."""

    dataset: Dataset
    palette: Palette
    masker: Masker
    space: ColorSpace
    writers: Mapping[str, Writer]
    truth: Truth
    folder: Path
    images: int
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __call__(self, chunk: Sequence[Work]) -> Tally:
        """Mask and write a chunk of images."""
        return merge_tallies([self._one(work) for work in chunk])

    @property
    def _mask(self) -> Mask:
        """The fitted masker."""
        return kept(self.token, lambda: self.masker.fit(self.palette, self.space))

    def _one(self, work: Work) -> Tally:
        item = work.item
        k, true = len(self.palette), self.truth.palette
        counts = np.zeros((len(true) if true else 0, k + 1), np.int64)
        flat_pixels = np.zeros(len(counts), np.int64)
        failures: list[str] = []
        try:
            label = self.dataset.read_label(item)
        except UnreadableImage as failure:
            nothing, none_near = np.zeros(k + 1, np.int64), np.zeros(k, np.int64)
            return Tally(1, 0, (str(failure),), nothing, none_near, {}, counts, flat_pixels, 0, {})
        mask = self._mask(label)
        if true is not None:
            flat_pixels = flat_pixels_of(label, true)
        wanted = self._true_mask(work.true_mask, (label.shape[0], label.shape[1]), failures)
        if wanted is not None:
            counts = confusion(wanted, mask, len(counts), k)
        explained, near_pixels = explain(label, mask, self.palette)
        photo_file = item.photo if item.photo != item.label else None
        photo = partial(self._photo, item, failures)
        image = Segmented(item.key, work.position, label, mask, photo, photo_file, self.images)
        notes = {name: writer.write(image, self.palette, self.folder) for name, writer in self.writers.items()}
        return Tally(
            images=1,
            masked=1,
            failures=tuple(failures),
            class_pixels=_class_pixels(mask, self.palette),
            near_pixels=near_pixels,
            explained={item.key: explained},
            confusion=counts,
            flat_pixels=flat_pixels,
            judged=int(wanted is not None),
            notes={name: [note] for name, note in notes.items() if note is not None},
        )

    def _true_mask(self, path: Path | None, shape: tuple[int, int], failures: list[str]) -> NDArray[np.int64] | None:
        """Read the true mask; one that cannot be used is named, and the label is masked all the same."""
        try:
            return None if path is None else self.truth.read_mask(path, shape)
        except UnreadableImage as failure:
            failures.append(str(failure))
            return None

    def _photo(self, item: Item, failures: list[str]) -> NDArray[np.uint8] | None:
        """Read the photo; one that cannot be used is named, and its label is masked all the same."""
        try:
            return self.dataset.read_photo(item)
        except UnreadableImage as failure:
            failures.append(str(failure))
            return None


def merge_tallies(parts: Sequence[Tally]) -> Tally:
    """Add up what the chunks gave."""
    names = {name: None for part in parts for name in part.notes}
    return Tally(
        images=sum(part.images for part in parts),
        masked=sum(part.masked for part in parts),
        failures=tuple(failure for part in parts for failure in part.failures),
        class_pixels=np.sum([part.class_pixels for part in parts], axis=0),
        near_pixels=np.sum([part.near_pixels for part in parts], axis=0),
        explained={key: row for part in parts for key, row in part.explained.items()},
        confusion=np.sum([part.confusion for part in parts], axis=0),
        flat_pixels=np.sum([part.flat_pixels for part in parts], axis=0),
        judged=sum(part.judged for part in parts),
        notes={name: [note for part in parts for note in part.notes.get(name, [])] for name in names},
    )


def mask_images(plan: Plan, items: Sequence[Item], palette: Palette, stages: Stages) -> Tally:
    """Mask every item, let the writers write; return the tally."""
    truth = plan.measured_against
    work = MaskImages(
        plan.dataset, palette, plan.masker, plan.color_space, plan.writers, truth, plan.folder, len(items)
    )
    todo = [Work(position, item, truth.mask_file(item.key)) for position, item in enumerate(items)]
    tally = stages.over("mask", "masking", plan.executor, work, todo, merge_tallies)
    if not tally.masked:
        raise nothing_read(tally.failures)
    return tally


def _class_pixels(mask: NDArray[Any], palette: Palette) -> NDArray[np.int64]:
    k = len(palette)
    counts = np.bincount(mask.ravel(), minlength=palette.ignore + 1)
    return np.append(counts[:k], counts[palette.ignore]).astype(np.int64)
