"""A contact sheet: photo, label and result of a few images, with the legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.draw.sheets import contact_sheet, thumbnail
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.validation import check_integer
from kmseg.writers import PerImage, Segmented, WholeRun

Row = tuple[str, NDArray[np.uint8] | None, NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class Preview(PerImage):
    """`preview.png`: photo | label | result for the first images.

    Parameters
    ----------
    images : int
        How many images to show.
    width : int
        Width of one picture, in pixels.
    """

    images: int = 4
    width: int = 320

    def __post_init__(self) -> None:
        check_integer("writers.preview.images", self.images, at_least=1)
        check_integer("writers.preview.width", self.width, at_least=32)

    def write(self, image: Segmented, palette: Palette, folder: Path) -> Row | None:
        """Return the small pictures of one of the first images."""
        if image.position >= self.images:
            return None
        photo = image.read_photo()
        return (
            image.key,
            None if photo is None else thumbnail(photo, self.width),
            thumbnail(image.label, self.width),
            thumbnail(palette.paint(image.mask), self.width),
        )

    def needs_again(self, position: int) -> bool:
        """Return whether the image is one of the first, which the sheet shows."""
        return position < self.images

    def finish(self, notes: Sequence[Row], run: WholeRun) -> list[Path]:
        """Write the contact sheet."""
        if not notes:
            return []
        return [write_png(run.folder / "preview.png", contact_sheet(notes, run.palette, self.width))]
