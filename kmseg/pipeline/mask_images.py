"""Turn a chunk of label images into index masks, the writers' files and a tally."""

from __future__ import annotations

import uuid
from array import array
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.pixel_match import PixelMatcher
from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset, Item, fingerprint, label_state, read_label
from kmseg.datasets.truth import Truth
from kmseg.discovery.damage import damage_of
from kmseg.errors import UnreadableImage
from kmseg.executors import once_per_process
from kmseg.files import file_state
from kmseg.files import fingerprint as file_fingerprint
from kmseg.images import LabelImage, exif_orientation
from kmseg.maskers import Mask, Masker, examine
from kmseg.metrics.legend import count_flat_pixels
from kmseg.metrics.masks import confusion
from kmseg.packed_texts import LazySequence
from kmseg.palette import Palette
from kmseg.pipeline.memory_cache import FILE_CACHE
from kmseg.pipeline.tally import Tally, merge_tallies
from kmseg.writers import Segmented, Writer

A = TypeVar("A", LabelImage, NDArray[Any])


@dataclass(frozen=True, slots=True)
class Work:
    """One image to mask: its position in the dataset, and its true mask if it has one."""

    position: int
    item: Item
    true_mask: Path | None

    def fingerprint(self, dataset: Dataset) -> str | None:
        """Return a text that changes when anything that is read for the image does; None if that cannot be told."""
        own = fingerprint(dataset, self.item)
        truth = "" if self.true_mask is None else file_fingerprint(self.true_mask)
        return None if own is None else f"{own} truth {truth}"


@dataclass(frozen=True, eq=False)
class Works(LazySequence[Work]):
    """Images of a dataset that are to be masked, each made when it is asked for.

    Parameters
    ----------
    items : sequence of Item
        The whole dataset.
    true_masks : sequence of str
        Where the true mask of each item lies, empty for one that has none; empty for a dataset without.
    positions : sequence of int
        The positions of the images in `items`.
    """

    items: Sequence[Item]
    true_masks: Sequence[str]
    positions: Sequence[int]

    def at(self, chosen: NDArray[np.bool_]) -> Works:
        """Return those of the images that are chosen; `chosen` is as long as this."""
        return replace(self, positions=array("q", np.array(self.positions, np.int64)[chosen].tobytes()))

    def _at(self, place: int) -> Work:
        position = self.positions[place]
        true_mask = self.true_masks[position] if self.true_masks else ""
        return Work(position, self.items[position], Path(true_mask) if true_mask else None)

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class MaskImages:
    """The work on a chunk of images; `use_memory_cache` caches decoded files in memory."""

    dataset: Dataset
    palette: Palette
    masker: Masker
    space: ColorSpace
    writers: Mapping[str, Writer]
    truth: Truth
    folder: Path
    use_memory_cache: bool = False
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __call__(self, chunk: Sequence[Work]) -> Tally:
        """Mask and write a chunk of images."""
        return merge_tallies([self._one(work) for work in chunk])

    @property
    def _prepared(self) -> tuple[Mask, PixelMatcher]:
        """The masker for the palette, and the pixel matcher."""
        return once_per_process(
            self.token, lambda: (self.masker.for_palette(self.palette, self.space), PixelMatcher(self.palette))
        )

    def _one(self, work: Work) -> Tally:
        item = work.item
        k, true = len(self.palette), self.truth.palette
        counts = np.zeros((len(true) if true else 0, k + 1), np.int64)
        flat_pixels = np.zeros(len(counts), np.int64)
        failures: list[str] = []
        try:
            image = self._label(item)
        except UnreadableImage as failure:
            return Tally(
                images=1,
                masked=0,
                failures=(str(failure),),
                class_pixels=np.zeros(k + 1, np.int64),
                near_pixels=np.zeros(k, np.int64),
                explained={},
                new_colors={},
                confusion=counts,
                flat_pixels=flat_pixels,
                evaluated=0,
                notes={},
            )
        masker, matcher = self._prepared
        examined = examine(masker, image)
        mask, label = examined.mask, image.pixels
        if true is not None:
            flat_pixels = self._flat_pixels(item, label, true)
        true_mask = self._true_mask(work.true_mask, (label.shape[0], label.shape[1]), failures)
        if true_mask is not None:
            counts = confusion(true_mask, mask, len(counts), k)
        # Whether the palette accounts for a pixel does not depend on how sure its class is.
        complete = mask if examined.complete is None else examined.complete
        explained, class_pixels, near_pixels, new_colors = matcher.match(label, complete)
        if examined.complete is not None:
            class_pixels = np.bincount(np.minimum(mask, k).reshape(-1), minlength=k + 1)
        explained = replace(explained, blocks=examined.blocks, consistent=examined.consistent, damage=damage_of(image))
        photo_file = item.photo if item.photo != item.label else None
        photo = partial(self._photo, item, (label.shape[0], label.shape[1]), failures)
        segmented = Segmented(item.key, work.position, label, mask, photo, photo_file, item.split, examined.complete)
        notes = {name: writer.write(segmented, self.palette, self.folder) for name, writer in self.writers.items()}
        return Tally(
            images=1,
            masked=1,
            failures=tuple(failures),
            class_pixels=class_pixels,
            near_pixels=near_pixels[:-1],
            explained={item.key: explained},
            new_colors={item.key: new_colors} if new_colors else {},
            confusion=counts,
            flat_pixels=flat_pixels,
            evaluated=int(true_mask is not None),
            notes={name: [(work.position, note)] for name, note in notes.items() if note is not None},
        )

    def _label(self, item: Item) -> LabelImage:
        """Read the label image with contiguous pixels, which the compiled loops need."""
        label = self._from_cache(
            partial(label_state, self.dataset, item), "label", partial(read_label, self.dataset, item)
        )
        # A masker may write into its input.
        return replace(label, pixels=np.array(label.pixels, order="C", copy=self.use_memory_cache or None))

    def _flat_pixels(self, item: Item, label: NDArray[np.uint8], true: Palette) -> NDArray[np.int64]:
        """Count the flat pixels of each true class."""
        return self._from_cache(
            partial(label_state, self.dataset, item), "flat", partial(count_flat_pixels, label, true)
        )

    def _from_cache(self, state: Callable[[], Hashable | None], what: str, make: Callable[[], A]) -> A:
        """Return an image or array made from a file, whose state tells whether it is the same, from the memory cache.

        If the cache is off, the array is made and the state is not asked for.
        """
        if not self.use_memory_cache:
            return make()
        return FILE_CACHE.get([state()], f"{self._cache_key} {what}", make, lambda array: array.nbytes)

    @cached_property
    def _cache_key(self) -> str:
        """Everything besides the files that decides the cached arrays."""
        true = self.truth.palette
        return repr((self.dataset, self.truth, true.colors.tolist() if true else []))

    def _true_mask(self, path: Path | None, shape: tuple[int, int], failures: list[str]) -> NDArray[np.int64] | None:
        """Read the true mask; one that cannot be used is added to `failures`, and the label is still masked."""
        try:
            if path is None:
                return None
            return self._from_cache(
                partial(file_state, path), f"true {shape}", partial(self.truth.read_mask, path, shape)
            )
        except UnreadableImage as failure:
            failures.append(str(failure))
            return None

    def _photo(self, item: Item, shape: tuple[int, int], failures: list[str]) -> NDArray[np.uint8] | None:
        """Read the photo; one that cannot be used is named, and its label is masked all the same.

        A photo of another size than its label, or one that its EXIF data turn, is no pair for training.
        """
        try:
            photo = self.dataset.read_photo(item)
            if photo is None:
                return None
            if photo.shape[:2] != shape:
                sizes = f"{photo.shape[1]}x{photo.shape[0]}, and its label {item.label.name} {shape[1]}x{shape[0]}"
                raise UnreadableImage(f"{item.photo}: the photo is {sizes}; not written, give both one size")
            for what, path in (("photo", item.photo), ("label", item.label)) if item.photo != item.label else ():
                if path is not None and (turn := exif_orientation(path)) != 1:
                    raise UnreadableImage(
                        f"{path}: EXIF orientation {turn} turns the {what} in viewers; not written, save it upright"
                    )
            return photo
        except UnreadableImage as failure:
            if str(failure) not in failures:  # several writers ask for one photo
                failures.append(str(failure))
            return None
