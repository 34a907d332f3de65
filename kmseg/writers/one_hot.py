"""Layers, one per class: the paper's FindClassLoc, class 0 included."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.files import replacing
from kmseg.palette import Palette
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class OneHot(PerImage):
    """`layers/<stem>.npz`: array `layers` of shape (H, W, k), uint8, 1 where the pixel is of the class."""

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write the layers of one image."""
        with replacing(folder / "layers" / f"{image.key}.npz") as part, part.open("wb") as file:
            np.savez_compressed(file, layers=layers(image.mask, len(palette)))


def layers(mask: NDArray[np.integer], classes: int) -> NDArray[np.uint8]:
    """Return one layer per class, `(H, W, classes)` uint8 of 0/1; an ignored pixel is 0 in all of them."""
    from kmseg.pixels.gather import set_layers

    out = np.zeros((mask.size, classes), np.uint8)
    set_layers(np.ascontiguousarray(mask).reshape(-1), out)
    return out.reshape(*mask.shape, classes)
