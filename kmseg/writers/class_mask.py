"""One black-and-white mask per selected class: the paper's find_class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.files import safe_names
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class ClassMask(PerImage):
    """`class/<name>/<stem>.png`: 255 where the pixel is of the class, else 0.

    Parameters
    ----------
    classes : list of str or int, one str or int, or None
        Names (or rows of the palette) of the classes to write; None writes every class.
    """

    classes: Sequence[str | int] | str | int | None = None

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if a selected class is not in the palette."""
        palette.find_classes(self.classes)

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write the class masks of one image."""
        names = safe_names(palette.names)
        for k in palette.find_classes(self.classes):
            mask = np.where(image.mask == k, 255, 0).astype(np.uint8)
            write_png(folder / "class" / names[k] / f"{image.key}.png", mask)
