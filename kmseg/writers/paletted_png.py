"""Index masks that any viewer shows in color, and Pillow reads as indices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.files import replacing
from kmseg.palette import Palette
from kmseg.writers import PerImage, Segmented
from kmseg.writers.dataset_layout import refuse_more_than_8_bits


@dataclass(frozen=True)
class PalettedPng(PerImage):
    """`paletted/<stem>.png`: 8-bit PNG of palette rows with the palette in it, 255 = ignore, shown black.

    OpenCV reads it as colors; for a pipeline that uses OpenCV take `index_png`.
    """

    def check(self, palette: Palette) -> None:
        """Fail where 8 bits cannot hold the classes."""
        refuse_more_than_8_bits(palette, "paletted_png")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write one paletted mask."""
        from PIL import Image

        picture = Image.fromarray(image.mask)
        picture.putpalette(palette.paint(np.arange(256, dtype=np.uint8)[None]).tobytes())
        with replacing(folder / "paletted" / f"{image.key}.png") as part:
            picture.save(part, "PNG")
