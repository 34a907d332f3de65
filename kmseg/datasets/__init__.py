"""Datasets: where label images, photos and true masks come from, one file per option."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import UserError
from kmseg.images import LabelImage
from kmseg.validation import check_text

if TYPE_CHECKING:
    from kmseg.datasets.truth import Truth


@dataclass(frozen=True)
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

    items: list[Item]
    notes: list[str]


def list_items(dataset: Dataset) -> Listed:
    """List the items of a dataset, with what it has to say of its files, if it says anything."""
    listing: Callable[[], Listed] | None = getattr(dataset, "listing", None)
    return Listed(dataset.items(), []) if listing is None else listing()


class Dataset(Protocol):
    """The protocol of a dataset. Listing is cheap; pixels are read item by item, in workers."""

    def items(self) -> list[Item]:
        """List the items sorted by key; raise `UserError` if there are none."""

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image; `LabelImage.from_array` makes one of pixels alone."""

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, if there is one."""

    def truth(self) -> Truth | None:
        """Return the dataset's own truth, if it has one."""


def read_label(dataset: Dataset, item: Item) -> LabelImage:
    """Read a label image; of a dataset that returns an array, which has no encoding, make one."""
    label: object = dataset.read_label(item)
    if isinstance(label, LabelImage):
        return label
    try:
        return LabelImage.from_array(label)
    except UserError as error:
        raise UserError(f"{item.key}, as {type(dataset).__name__}.read_label returns it: {error}") from None


def label_files(dataset: Dataset, item: Item) -> list[Path]:
    """Return the files that decide the pixels of a label image: its own, and where it is computed, the photo's."""
    computed = getattr(dataset, "labels_need_photos", False)
    return [item.label, item.photo] if computed and item.photo is not None else [item.label]


def existing_folder(name: str, folder: Path | str) -> Path:
    """Return `folder` as a path; raise `UserError` if it is not an existing folder."""
    check_text(name, folder if not isinstance(folder, Path) else str(folder))
    path = Path(folder).expanduser()
    if not path.exists():
        raise UserError(f"{name}={folder} does not exist (working folder: {Path.cwd()}); give an existing folder")
    if not path.is_dir():
        raise UserError(f"{name}={folder} is a file; give the folder that holds the images")
    return path


def image_files(root: Path) -> dict[str, Path]:
    """Map keys to the image files below `root`, sorted by key; raise `UserError` if there are none."""
    from kmseg.datasets.listing import list_images

    files = dict(list_images(root).images)
    if not files:
        raise UserError(
            f"{root} and its sub-folders have no PNG, JPEG, BMP, GIF, TIFF or WebP image; "
            "give the folder of the label images"
        )
    return files
