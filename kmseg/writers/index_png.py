"""Index masks: what a model trains on."""

from dataclasses import dataclass
from pathlib import Path

from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class IndexPng(PerImage):
    """`masks/<stem>.png`: gray PNG of palette rows, 8 bits (16 past 255 classes), 255 (65535) = ignore.

    Where the label images are index masks themselves, the values are theirs.
    """

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write one index mask."""
        write_png(folder / "masks" / f"{image.key}.png", palette.to_ids(image.mask))
