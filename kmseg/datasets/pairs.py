"""Photo and label side by side in one file, as in the Cityscapes Image Pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Item, Listed, OfFiles, existing_folder
from kmseg.datasets.items import PackedItems
from kmseg.datasets.listing import list_images, summarize
from kmseg.datasets.patterns import split_root
from kmseg.datasets.splits import splits_of_folders
from kmseg.datasets.truth import Truth
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import FORMATS_READ, Box, LabelImage, read_label_image, read_rgb
from kmseg.validation import check_choice


@dataclass(frozen=True)
class Pairs(OfFiles):
    """Files with the photo in one half and the label in the other.

    Parameters
    ----------
    root : str
        Folder of the files, also in an archive or a bucket, see `Folder`; sub-folders are searched.
    label : str
        The half with the label, `right` or `left`.
    labels : sequence of str
        Patterns of the files below the root; none takes every image.
    """

    root: str
    label: str = "right"
    labels: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.root, str) and not self.labels:
            root, labels = split_root(self.root)
            object.__setattr__(self, "root", root)
            object.__setattr__(self, "labels", labels)
        existing_folder("dataset.root", self.root)
        check_choice("dataset.label", self.label, ("right", "left"))

    def items(self) -> Sequence[Item]:
        """List the files; each is its own photo."""
        return self.listing().items

    def listing(self) -> Listed:
        """List the files, and say what is left out and how they are divided."""
        patterns = [self.labels] if isinstance(self.labels, str) else list(self.labels)
        found = list_images(existing_folder("dataset.root", self.root), patterns)
        if not found.images:
            raise UserError(f"{self.root} holds no {FORMATS_READ} image, also not in its sub-folders")
        splits = splits_of_folders(list(found.images))
        items = PackedItems(Item(key, path, path, splits.get(key)) for key, path in found.images.items())
        return Listed(items, [] if patterns else summarize(found.unused))

    def read_label(self, item: Item) -> LabelImage:
        """Read the label's half."""
        pair = read_label_image(item.label)
        return pair.crop(half(pair.shape, self.label, item.label))

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo's half, `(H, W, 3)` uint8 RGB."""
        pair = read_rgb(item.label)
        box = half(pair.shape, "left" if self.label == "right" else "right", item.label)
        return pair[:, box.left : box.right]

    def truth(self) -> Truth | None:
        """Return None: pairs have no truth."""
        return None


def half(shape: Sequence[int], side: str, path: Path) -> Box:
    """Return where the left or right half of an image `(H, W, ...)` lies; raise `UnreadableImage` for an odd width."""
    height, width = shape[:2]
    if width % 2:
        raise UnreadableImage(
            f"{path}: {width} pixels wide, an odd number that does not split into photo and label; "
            "if the files hold only labels, use dataset=folder"
        )
    return Box(0, height, 0, width // 2) if side == "left" else Box(0, height, width // 2, width)
