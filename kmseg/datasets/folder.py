"""A folder of label images, optionally with photos in another folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Item, existing_folder, image_files
from kmseg.datasets.matching import FileMatcher
from kmseg.datasets.truth import Truth
from kmseg.images import LabelImage, read_label_image, read_rgb


@dataclass(frozen=True)
class Folder:
    """Label images below a folder.

    Parameters
    ----------
    root : str
        Folder of the label images; sub-folders are searched.
    photos : str or None
        Folder of the photos. A photo belongs to the label of the same relative path, else of the same file name
        if it is unique.
    """

    root: str
    photos: str | None = None

    def __post_init__(self) -> None:
        existing_folder("dataset.root", self.root)
        if self.photos is not None:
            existing_folder("dataset.photos", self.photos)

    def items(self) -> list[Item]:
        """List the label images, each with its photo if one is found."""
        labels = image_files(existing_folder("dataset.root", self.root))
        if self.photos is None:
            return [Item(key, path) for key, path in labels.items()]
        photos = FileMatcher(image_files(existing_folder("dataset.photos", self.photos)))
        return [Item(key, path, photos.find(key)) for key, path in labels.items()]

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image."""
        return read_label_image(item.label)

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, if there is one."""
        return None if item.photo is None else read_rgb(item.photo)

    def truth(self) -> Truth | None:
        """Return None: a folder has no truth."""
        return None
