"""Paletted index masks, which viewers show in color and Pillow reads as indices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.files import write_bytes
from kmseg.images import encode_png
from kmseg.palette import RGB, Palette
from kmseg.writers import PerImage, Segmented
from kmseg.writers.dataset_layout import refuse_more_than_8_bits


@dataclass(frozen=True)
class PalettedPng(PerImage):
    """`paletted/<stem>.png`: 8-bit PNG of palette rows with the palette in it, 255 = ignore, shown black.

    OpenCV reads them as colors; for OpenCV use `index_png`.
    """

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if 8 bits cannot hold the classes."""
        refuse_more_than_8_bits(palette, "paletted_png")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write one paletted mask."""
        write_paletted_png(folder / "paletted" / f"{image.key}.png", image.mask, palette)


def write_paletted_png(path: Path, mask: NDArray[np.uint8], palette: Palette, ignore: RGB = (0, 0, 0)) -> Path:
    """Write an index mask `(H, W)` uint8 as paletted PNG; `ignore` is the color of ignored pixels."""
    colors = np.zeros((256, 3), np.uint8)
    colors[: len(palette)] = palette.painted
    colors[palette.ignore] = ignore
    return write_bytes(path, encode_png(mask, colors))
