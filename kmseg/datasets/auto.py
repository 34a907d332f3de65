"""Whatever a folder holds: the tree is looked at, and becomes `folder`, `pairs` or `panels` with the right settings.

`decide` looks, `decision` holds what was decided, `settings` says it as the command line does, `questions` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Dataset, Item, OfFiles
from kmseg.datasets.decide import decide
from kmseg.datasets.decision import Decision
from kmseg.datasets.folder import Folder
from kmseg.datasets.overlay import Overlay
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.panels import Panels
from kmseg.datasets.sample import Sample
from kmseg.datasets.truth import Truth
from kmseg.errors import UserError
from kmseg.images import LabelImage
from kmseg.validation import check_text

DATASETS: dict[str, Callable[..., Dataset]] = {"folder": Folder, "pairs": Pairs, "panels": Panels, "overlay": Overlay}
"""What a folder may become."""


@dataclass(frozen=True)
class Auto(OfFiles):
    """Whatever the folder holds; without a folder the sample scenes.

    Parameters
    ----------
    root : str or None
        Folder as it was downloaded; None takes the sample scenes.
    labels : list of str, str or None
        Patterns of the label images, where they are to be these; see `Folder`.
    photos : str, list of str or None
        Folder of the photos, where it is to be this one.
    splits : str or None
        Where the splits come from, if it is to be told; see `Folder`.
    """

    root: str | None = None
    labels: Any = None
    photos: Any = None
    splits: str | None = None

    def __post_init__(self) -> None:
        check_text("dataset.root", self.root, optional=True)
        given = [name for name in ("labels", "photos", "splits") if getattr(self, name)]
        if self.root is None and given:
            raise UserError(f"dataset.{given[0]} is given without dataset.root; add the folder of the label images")

    @property
    def dataset(self) -> Dataset:
        """The dataset that the folder becomes."""
        if self.root is None:
            return Sample()
        found = self.decision
        return DATASETS[found.dataset](**found.settings)

    @property
    def decision(self) -> Decision:
        """What the folder is taken for."""
        if self.root is None:
            raise UserError("dataset.root is not given; add the folder to look at, as in dataset.root=FOLDER")
        return decide(self.root, labels=self.labels, photos=self.photos, splits=self.splits)

    def items(self) -> Sequence[Item]:
        """List the items of what the folder becomes."""
        return self.dataset.items()

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image."""
        return self.dataset.read_label(item)

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, where there is one."""
        return self.dataset.read_photo(item)

    def truth(self) -> Truth | None:
        """Return the truth that comes with the dataset, where it has one."""
        return self.dataset.truth()
