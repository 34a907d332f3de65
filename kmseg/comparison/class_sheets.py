"""The picture of each class: photo, truth and two methods' masks, with their errors in color."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.comparison.evaluate import Evaluation
from kmseg.datasets import Item
from kmseg.draw.sheets import thumbnail
from kmseg.draw.style import FAINT, HEADING, INK, TITLE, font
from kmseg.errors import UnreadableImage
from kmseg.images import write_png
from kmseg.palette import Palette

TRUE_POSITIVE, FALSE_NEGATIVE, FALSE_POSITIVE, IGNORED = (255, 255, 255), (230, 120, 0), (40, 130, 255), (90, 90, 96)
"""Colors of the pixels of a class: true positive, false negative, false positive, not evaluated; others are black."""

WIDTH = 440
GAP, CAPTION = 10, 24


@dataclass(frozen=True)
class ClassSheet:
    """One picture to draw: a class, the image it is shown on, and the title."""

    k: int
    item: Item
    title: str
    path: Path


@dataclass(frozen=True)
class DrawClasses:
    """The work on a chunk of classes: draw each on its image, and return the pictures' paths.

    `shown` are the keys of two methods, `captions` the titles of their masks.
    """

    evaluation: Evaluation
    shown: tuple[str, str]
    captions: tuple[str, str]

    def __call__(self, sheets: Sequence[ClassSheet]) -> list[Path]:
        """Draw a chunk of classes."""
        return [write_png(sheet.path, self._draw(sheet)) for sheet in sheets]

    def _draw(self, sheet: ClassSheet) -> NDArray[np.uint8]:
        seen = self.evaluation.masks(sheet.item)
        assert seen is not None  # the item was evaluated before
        label, true, masks = seen
        try:
            photo = self.evaluation.dataset.read_photo(sheet.item)
        except UnreadableImage:
            photo = None
        panels = [("photo", photo), ("label", label)]
        one, other = (masks[key] for key in self.shown)
        if self.evaluation.reference is not None:
            panels.append((" and ".join(self.captions), marked(one, other, sheet.k)))
            words = ("both", *(f"only {caption}" for caption in self.captions))
            return class_picture(sheet.title, panels, words)
        panels.append(("truth", painted(self.evaluation.classes, true)))
        panels += [(c, marked(true, m, sheet.k)) for c, m in zip(self.captions, (one, other), strict=True)]
        return class_picture(sheet.title, panels, ("correct", "missed", "false positive", "not evaluated"))


def marked(true: NDArray[np.int64], mask: NDArray[np.int64], k: int) -> NDArray[np.uint8]:
    """Draw the mask of class `k` with its errors in color, `(H, W, 3)` uint8."""
    actual, predicted = true == k, mask == k
    picture = np.zeros((*true.shape, 3), np.uint8)
    for where, color in (
        (actual & predicted, TRUE_POSITIVE),
        (actual & ~predicted, FALSE_NEGATIVE),
        (predicted & ~actual, FALSE_POSITIVE),
    ):
        picture[where] = color
    picture[true < 0] = IGNORED
    return picture


def class_picture(
    title: str, panels: Sequence[tuple[str, NDArray[np.uint8] | None]], words: Sequence[str]
) -> NDArray[np.uint8]:
    """Lay out captioned pictures in rows of three, followed by a legend of the error colors.

    `words` are the legend's texts for true positives, false negatives, false positives and pixels not evaluated.
    """
    from PIL import Image, ImageDraw

    shown = [(caption, thumbnail(picture, WIDTH)) for caption, picture in panels if picture is not None]
    tall = shown[0][1].shape[0] + CAPTION
    rows = -(-(len(shown) + 1) // 3)
    top = 44
    sheet = Image.new("RGB", (3 * (WIDTH + GAP) + GAP, top + rows * (max(tall, 150) + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 12), title, fill=INK, font=font(TITLE))
    for number, (caption, picture) in enumerate(shown):
        x, y = GAP + number % 3 * (WIDTH + GAP), top + number // 3 * (max(tall, 150) + GAP)
        draw.text((x, y), caption, fill=INK, font=font(HEADING))
        sheet.paste(Image.fromarray(picture), (x, y + CAPTION))
    x, y = GAP + len(shown) % 3 * (WIDTH + GAP), top + len(shown) // 3 * (max(tall, 150) + GAP) + CAPTION
    for color, word in zip((TRUE_POSITIVE, FALSE_NEGATIVE, FALSE_POSITIVE, IGNORED), words, strict=False):
        draw.rectangle((x, y, x + 34, y + 20), fill=color, outline=FAINT)
        draw.text((x + 44, y + 2), word, fill=INK, font=font(HEADING))
        y += 29
    return np.array(sheet)


def painted(classes: Palette, mask: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Paint a mask in the classes' colors; ignored pixels and pixels of no class become black."""
    inside = (mask >= 0) & (mask < len(classes))
    return classes.paint(np.where(inside, mask, classes.ignore))
