"""Base of the data set layouts: split into training and validation, and photos."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from kmseg.errors import UserError
from kmseg.files import replacing
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.validation import check_choice, check_integer, check_number
from kmseg.writers import PerImage, Segmented

PARTS = ("train", "val")


@dataclass(frozen=True)
class Layout(PerImage):
    """Options of every layout.

    Parameters
    ----------
    val : float
        Share of the images for validation. The split of an image depends only on its key and the seed, so it is stable
        when images are added.
    seed : int
        Seed of the split.
    photos : str
        `copy` copies the photo's file, `link` creates a symbolic link, `png` encodes its pixels again; a photo that
        shares its file with the label is always encoded again.
    """

    val: float = 0.2
    seed: int = 0
    photos: str = "copy"

    def __post_init__(self) -> None:
        check_number("val", self.val, at_least=0, at_most=1)
        check_integer("seed", self.seed, at_least=0)
        check_choice("photos", self.photos, ("copy", "link", "png"))

    def split_of(self, key: str) -> str:
        """Return `train` or `val`."""
        drawn = int.from_bytes(hashlib.blake2b(f"{self.seed}/{key}".encode(), digest_size=8).digest(), "big")
        return "val" if drawn < self.val * 2**64 else "train"

    def put_photo(self, image: Segmented, folder: Path, key: str) -> Path | None:
        """Write the photo of an image into `folder` and return its path; None if there is no readable photo."""
        photo = image.read_photo()
        if photo is None:
            return None
        if self.photos == "png" or image.photo_file is None:
            return write_png(folder / f"{key}.png", photo)
        path = folder / f"{key}{image.photo_file.suffix}"
        with replacing(path) as part:
            if self.photos == "link":
                part.unlink(missing_ok=True)
                part.symlink_to(image.photo_file.resolve())
            else:
                shutil.copyfile(image.photo_file, part)
        return path


def refuse_more_than_8_bits(palette: Palette, tool: str) -> None:
    """Raise `UserError` if an 8-bit mask cannot hold the classes."""
    if len(palette) > 255:
        raise UserError(
            f"{tool} masks have 8 bits, at most 255 classes, but the palette has {len(palette)}; use index_png"
        )
