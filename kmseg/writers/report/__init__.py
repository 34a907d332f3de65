"""An HTML page on which classes are named and the edited palette is downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg.files import write_text
from kmseg.palette import Palette
from kmseg.validation import check_integer
from kmseg.writers import PerImage, Segmented, WholeRun
from kmseg.writers.report.embed import averaged, packed, picture_of_label, picture_of_photo, sampled
from kmseg.writers.report.page import render_page
from kmseg.writers.report.places import make_note

WIDTH = 640
"""Maximum length of the longer side of an example image, in pixels."""

Note = dict[str, Any]


@dataclass(frozen=True)
class Report(PerImage):
    """`report.html`: a self-contained page on which classes are named, recolored, merged and ignored.

    Parameters
    ----------
    images : int
        Example images, spread evenly over the dataset, that show each edit at once.
    """

    images: int = 8

    def __post_init__(self) -> None:
        check_integer("writers.report.images", self.images, at_least=1, at_most=24)

    def write(self, image: Segmented, palette: Palette, folder: Path) -> Note:
        """Return the best crop position of each class in one image, as JSON."""
        return {**make_note(image.key, image.mask, len(palette))}

    def finish(self, notes: Sequence[Note], run: WholeRun) -> list[Path]:
        """Write the page."""
        examples = [make_example(notes[i]["image"], run) for i in spread(self.images, len(notes))]
        shown = [example for example in examples if example is not None]
        return [write_text(run.folder / "report.html", render_page(run, notes, shown))]


def spread(count: int, images: int) -> list[int]:
    """Return the positions of `count` images, or all, evenly spaced."""
    count = min(count, images)
    return [(2 * i + 1) * images // (2 * count) for i in range(count)]


def make_example(key: str, run: WholeRun) -> Mapping[str, Any] | None:
    """Read one image again and return its pictures; None if that fails now."""
    label = run.read_label(key)
    if label is None:
        return None
    mask, photo = run.mask(label), run.read_photo(key)
    tall, wide = mask.shape
    shrink = min(WIDTH / max(tall, wide), 1)
    width, height = max(round(wide * shrink), 1), max(round(tall * shrink), 1)
    return {
        "image": key,
        "width": width,
        "height": height,
        "mask": packed(sampled(mask, width, height)),
        "label": picture_of_label(sampled(label.pixels, width, height)),
        "photo": None if photo is None else picture_of_photo(averaged(photo, width, height)),
    }
