"""Base of the data set layouts: split into training and validation, and photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg import storage
from kmseg.datasets.splits import NAMES, Split, key_in_split
from kmseg.errors import UserError
from kmseg.files import read_bytes, replacing
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.validation import check_choice, check_integer, check_number
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class Layout(PerImage):
    """Options of every layout.

    Parameters
    ----------
    val : float
        Share of the images for validation, where the data set has no splits of its own. An image's split depends only
        on its key and the seed, so it stays the same when other images are added.
    seed : int
        Seed of the draw.
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

    def check_photos(self, photos: Sequence[Path]) -> None:
        """Raise `UserError` if a link is asked for to a photo that lies in an archive or a bucket."""
        if self.photos == "link" and photos and storage.is_elsewhere(photos[0]):
            raise UserError(f"photos=link cannot lead to {photos[0]}, which is no file on a disk; use photos=copy")

    def assign_split(self, image: Segmented) -> str:
        """Return the split of an image: the data set's own, else `train` or `val` as drawn."""
        return image.split or Split(val=self.val, seed=self.seed).draw(image.key)

    def make_key(self, image: Segmented) -> str:
        """Return the path of an image's files below the folder of its split, which its own folders need not repeat."""
        return key_in_split(image.key, image.split) if image.split else image.key

    def put_photo(self, image: Segmented, folder: Path, key: str) -> Path | None:
        """Write the photo of an image into `folder` and return its path; None if there is no readable photo."""
        photo = image.read_photo()
        if photo is None:
            return None
        if self.photos == "png" or image.photo_file is None:
            return write_png(folder / f"{key}.png", photo)
        path = folder / f"{key}{usual_suffix(image.photo_file)}"
        with replacing(path) as part:
            if self.photos == "link":
                part.unlink(missing_ok=True)
                part.symlink_to(image.photo_file.resolve())
            else:
                part.write_bytes(read_bytes(image.photo_file))
        return path


def splits_written(found: Sequence[str]) -> list[str]:
    """Return the splits that occur, in the order train, val, test.

    Examples
    --------
    >>> splits_written(["val", "train", "val"])
    ['train', 'val']
    """
    return [name for name in NAMES if name in set(found)]


def usual_suffix(photo: Path) -> str:
    """Return a photo's suffix as tools expect it: lower case, and one spelling of JPEG.

    Examples
    --------
    >>> usual_suffix(Path("a.JPEG")), usual_suffix(Path("a.png"))
    ('.jpg', '.png')
    """
    suffix = photo.suffix.lower()
    return ".jpg" if suffix in (".jpeg", ".jpe") else suffix


def refuse_more_than_8_bits(palette: Palette, tool: str) -> None:
    """Raise `UserError` if an 8-bit mask cannot hold the classes."""
    if len(palette) > 255:
        raise UserError(
            f"{tool} masks have 8 bits, at most 255 classes, but the palette has {len(palette)}; use index_png"
        )
