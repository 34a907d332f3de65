"""Choose the images that the palette is learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from kmseg.validation import check_integer

T = TypeVar("T")


@dataclass(frozen=True)
class Sampling:
    """A random sample of images, without replacement.

    Parameters
    ----------
    images : int or "all"
        Sample size; all images if the dataset has fewer.
    seed : int
        Seed of the run: for the sample and the clusterer.
    """

    images: int | str = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        check_integer("sampling.images", self.images, at_least=1, words=("all",))
        check_integer("sampling.seed", self.seed, at_least=0, at_most=2**32 - 1)

    def choose(self, items: Sequence[T]) -> Sequence[T]:
        """Return the sampled items in their original order; all of them as they are held."""
        if isinstance(self.images, str) or self.images >= len(items):
            return items
        drawn = np.random.default_rng(self.seed).choice(len(items), self.images, replace=False)
        return [items[i] for i in np.sort(drawn)]
