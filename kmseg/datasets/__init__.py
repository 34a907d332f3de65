"""Datasets: where label images, photos and true masks come from, one file per option."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.errors import UserError
from kmseg.files import file_state
from kmseg.files import fingerprint as file_fingerprint
from kmseg.images import FORMATS_READ, LabelImage
from kmseg.validation import check_text

if TYPE_CHECKING:
    from kmseg.datasets.truth import Truth


@dataclass(frozen=True, slots=True)
class Item:
    """One label image of a dataset.

    Attributes
    ----------
    key : str
        Path below the dataset's root without its suffix, with `/`; also the name of the run's files for it.
    label : Path
        The file that holds the label.
    photo : Path or None
        The file that holds the photo, which may be the same file.
    split : str or None
        `train`, `val` or `test`, where the data set says so.
    """

    key: str
    label: Path
    photo: Path | None = None
    split: str | None = None

    def __post_init__(self) -> None:
        if self.key.startswith("/") or ".." in self.key.split("/"):
            raise UserError(
                f"the dataset names an image {self.key!r}, which is outside the run's folder; "
                "use relative paths without .."
            )


class Listed(NamedTuple):
    """The items of a dataset, and a sentence for each thing about its files that the user should know."""

    items: Sequence[Item]
    notes: list[str]


def list_items(dataset: Dataset) -> Listed:
    """List the items of a dataset, with what it has to say of its files, if it says anything."""
    listing: Callable[[], Listed] | None = getattr(dataset, "listing", None)
    return Listed(dataset.items(), []) if listing is None else listing()


class Dataset(Protocol):
    """The protocol of a dataset. Listing is cheap; pixels are read item by item, in workers."""

    def items(self) -> Sequence[Item]:
        """List the items sorted by key; raise `UserError` if there are none.

        `kmseg.datasets.items.PackedItems` holds those of a million files in little memory; a list does as well.
        """

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image; `LabelImage.from_array` makes one of pixels alone."""

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, if there is one."""

    def truth(self) -> Truth | None:
        """Return the dataset's own truth, if it has one."""

    def fingerprint(self, item: Item) -> str | None:
        """Return a text that changes when what is read for an item does; None if nothing tells it.

        Images without one are never taken from a cache or an earlier run. A dataset without this method has the
        fingerprints of its items' files, if they exist. `OfFiles` provides it for datasets that read just these files.
        """


class OfFiles:
    """Base of the datasets that read nothing but the files of their items."""

    def label_files(self, item: Item) -> list[Path]:
        """Return the files that `read_label` reads: the label's, and the photo's where `labels_need_photos`."""
        computed = getattr(self, "labels_need_photos", False)
        return [item.label, item.photo] if computed and item.photo is not None else [item.label]

    def fingerprint(self, item: Item) -> str | None:
        """Return the fingerprints of the item's files; None if one of the label's cannot be read."""
        label = _fingerprint_of_files(self.label_files(item))
        if label is None or item.photo is None or item.photo == item.label:
            return label
        return f"{label} photo {file_fingerprint(item.photo)}"


FILES_OF_ITEMS = OfFiles()
"""What answers for a dataset that has no `fingerprint`: the files of its items, where they exist."""


def _fingerprint_of_files(files: Sequence[Path]) -> str | None:
    found = [file_fingerprint(path) for path in files]
    return None if None in found else " ".join(map(str, found))


def fingerprint(dataset: Dataset, item: Item) -> str | None:
    """Return the fingerprint of everything that a dataset reads for an item."""
    return _answering(dataset).fingerprint(item)


def label_fingerprint(dataset: Dataset, item: Item) -> str | None:
    """Return the fingerprint of an item's label; of a dataset that is not of files, that of the whole item."""
    own = _answering(dataset)
    return _fingerprint_of_files(own.label_files(item)) if isinstance(own, OfFiles) else own.fingerprint(item)


def label_state(dataset: Dataset, item: Item) -> Hashable | None:
    """Return what changes when an item's label does, for a cache in memory; for files it is told without reading."""
    own = _answering(dataset)
    if isinstance(own, OfFiles):
        states = tuple(file_state(path) for path in own.label_files(item))
        return None if None in states else states
    known = own.fingerprint(item)
    return None if known is None else (item.key, known)


def _answering(dataset: Dataset) -> Dataset | OfFiles:
    return dataset if hasattr(dataset, "fingerprint") else FILES_OF_ITEMS


def read_label(dataset: Dataset, item: Item) -> LabelImage:
    """Read a label image; of a dataset that returns an array, which has no encoding, make one."""
    label: object = dataset.read_label(item)
    if isinstance(label, LabelImage):
        return label
    try:
        return LabelImage.from_array(label)
    except UserError as error:
        raise UserError(f"{item.key}, as {type(dataset).__name__}.read_label returns it: {error}") from None


def existing_folder(name: str, folder: Path | str) -> Path:
    """Return `folder` as a path; raise `UserError` if it is not an existing folder."""
    check_text(name, folder if not isinstance(folder, Path) else str(folder))
    path = Path(folder).expanduser()
    if storage.is_folder(path):
        return path
    if re.match(r"[a-z][a-z0-9+.-]+://", str(folder), re.IGNORECASE) and not storage.is_elsewhere(path):
        raise UserError(
            f"{name}={folder} is not read; expected a folder, an archive (also https://HOST/NAME.zip), or a bucket "
            "(s3://, gs:// or az://)"
        )
    if not path.exists() or storage.is_elsewhere(path):
        raise UserError(f"{name}={folder} does not exist (working folder: {Path.cwd()}); give an existing folder")
    packed = path.name.lower().endswith(storage.UNREAD_ARCHIVES)
    fix = "unpack it, or pack it as zip or tar.gz" if packed else "give the folder that holds the images"
    raise UserError(f"{name}={folder} is a file; {fix}")


def image_files(root: Path) -> Mapping[str, Path]:
    """Map keys to the image files below `root`, sorted by key; raise `UserError` if there are none."""
    from kmseg.datasets.listing import list_images

    files = list_images(root).images
    if not files:
        raise UserError(f"{root} and its sub-folders have no {FORMATS_READ} image; give the folder of the label images")
    return files
