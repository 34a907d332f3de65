"""A corpus of any size without files: label images that are drawn from their number when they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Item
from kmseg.images import LabelImage
from kmseg.validation import check_integer

OPTIONS = {"dataset/simulated": "Simulated"}

COLORS = np.array(
    [(128, 64, 128), (70, 130, 180), (107, 142, 35), (0, 0, 142), (220, 20, 60), (153, 153, 153)], np.uint8
)


@dataclass(frozen=True)
class Simulated:
    """Lossless label images of bands and boxes, drawn from the seed and their number.

    Parameters
    ----------
    images : int
        Number of images.
    size : int
        Height and width, pixels.
    seed : int
        The same seed draws the same images.
    """

    images: int = 10_000
    size: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        check_integer("dataset.images", self.images, at_least=1)
        check_integer("dataset.size", self.size, at_least=8)
        check_integer("dataset.seed", self.seed, at_least=0)

    def items(self) -> list[Item]:
        """Return one item a number; its path names no file."""
        return [Item(f"{n // 1000:05d}/{n:08d}", Path(f"{n}.png")) for n in range(self.images)]

    def read_label(self, item: Item) -> LabelImage:
        """Draw a label image."""
        random = np.random.default_rng((self.seed, int(item.label.stem)))
        classes = np.zeros((self.size, self.size), np.intp)
        classes[: random.integers(self.size // 4, self.size)] = 1
        for _ in range(4):
            top, left, height, width = random.integers(2, self.size - 4, 4)
            classes[top : top + height, left : left + width] = random.integers(0, len(COLORS))
        return LabelImage.from_array(COLORS[classes])

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Return nothing: there are no photos."""
        return None

    def truth(self) -> None:
        """Return nothing: there is no truth."""
        return None

    def fingerprint(self, item: Item) -> str:
        """Return what an image is drawn from."""
        return f"{self.seed} {self.size} {item.label.stem}"
