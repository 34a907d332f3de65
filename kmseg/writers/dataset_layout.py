"""What the layouts of training tools share: each image is for training or validation, and its photo goes along."""

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
    """The options of every layout.

    Parameters
    ----------
    val : float
        Share of the images that are for validation. An image's part depends on its key and the seed alone: it stays
        where it is when others join.
    seed : int
        Seed of the split.
    photos : str
        `copy` takes a photo's file as it is, `link` links to it, `png` saves its pixels anew, as all do for a photo
        that shares its file with the label.
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
        """Put the photo of an image into `folder` and return its file; None where there is no photo to be read."""
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
    """Fail where an 8-bit mask cannot hold the classes."""
    if len(palette) > 255:
        raise UserError(f"{tool} has masks of 8 bits, so 255 classes at most, and the palette has {len(palette)}")
