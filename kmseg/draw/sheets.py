"""Pictures of palettes and candidates, and the contact sheet of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.discovery.candidates import Candidate
from kmseg.draw.style import CAPTION, FAINT, HEADING, INK, PAPER, SMALL, TEXT, font
from kmseg.palette import Palette

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

GAP = 12
SWATCH = 30
ROWS = 16
"""Swatches in one column of the palette's picture."""
MAX_CANDIDATES = 80
"""Candidates in the picture at most; candidates.csv has all."""


def palette_picture(palette: Palette, shares: Sequence[float]) -> NDArray[np.uint8]:
    """Draw each class's swatch with its index, name, color and share of the pixels, `(H, W, 3)` uint8."""
    from PIL import Image, ImageDraw

    columns = -(-len(palette) // ROWS)
    rows = -(-len(palette) // columns)
    picture = Image.new("RGB", (columns * _column(palette) + GAP, rows * (SWATCH + 6) + 2 * GAP), PAPER)
    draw_swatches(ImageDraw.Draw(picture), palette, shares, (GAP, GAP), rows)
    return np.array(picture)


def candidates_picture(candidates: Sequence[Candidate]) -> NDArray[np.uint8]:
    """Draw the list of candidates, one per row: swatch, color, pixels, verdict and reason, `(H, W, 3)` uint8."""
    from PIL import Image, ImageDraw

    shown = candidates[:MAX_CANDIDATES]
    columns = (GAP, 70, 190, 290, 370, 430, 520)
    texts = [
        ("", " ".join(map(str, c.color)), f"{c.pixels:,}", str(c.images), f"{c.certainty:.0%}", c.verdict, c.reason)
        for c in shown
    ]
    wide = columns[-1] + int(max(font(TEXT).getlength(text[-1]) for text in texts)) + 2 * GAP
    picture = Image.new("RGB", (max(wide, 640), (len(shown) + 2) * (SWATCH - 4) + 2 * GAP), PAPER)
    draw = ImageDraw.Draw(picture)
    for x, title in zip(columns, ("", "r g b", "pixels", "images >=", "sure", "verdict", "reason"), strict=True):
        draw.text((x, GAP), title, fill=FAINT, font=font(SMALL))
    for number, (candidate, words) in enumerate(zip(shown, texts, strict=True), start=1):
        y = GAP + number * (SWATCH - 4)
        draw.rectangle((GAP, y, GAP + 46, y + SWATCH - 8), fill=candidate.color, outline=FAINT)
        ink = INK if candidate.verdict == "accepted" else FAINT
        for x, word in zip(columns, words, strict=True):
            draw.text((x, y + 3), word, fill=ink, font=font(TEXT))
    if len(candidates) > MAX_CANDIDATES:
        y = GAP + (len(shown) + 1) * (SWATCH - 4)
        draw.text(
            (GAP, y), f"and {len(candidates) - MAX_CANDIDATES} more in candidates.csv", fill=FAINT, font=font(SMALL)
        )
    return np.array(picture)


def thumbnail(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Scale an image to `width` pixels by nearest neighbor, so that a label keeps its exact colors."""
    height = max(round(image.shape[0] * width / image.shape[1]), 1)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST))


def contact_sheet(
    rows: Sequence[tuple[str, NDArray[np.uint8] | None, NDArray[np.uint8], NDArray[np.uint8]]],
    palette: Palette,
    width: int,
) -> NDArray[np.uint8]:
    """Lay out rows of (name, photo or None, label, result), all `width` wide, with the legend at the right."""
    from PIL import Image, ImageDraw

    titles = ["label", "result"] if all(row[1] is None for row in rows) else ["photo", "label", "result"]
    top, caption = 34, 22
    tall = max(row[2].shape[0] for row in rows) + caption
    legend_rows = max((len(rows) * (tall + GAP) - GAP) // (SWATCH + 6), 1)
    legend_columns = -(-len(palette) // legend_rows)
    left = len(titles) * (width + GAP) + GAP
    size = (left + legend_columns * _column(palette), top + len(rows) * (tall + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        draw.text((GAP + column * (width + GAP), 10), title, fill=INK, font=font(HEADING))
    for number, (name, *pictures) in enumerate(rows):
        y = top + number * (tall + GAP)
        draw.text((GAP, y), name, fill=FAINT, font=font(CAPTION))
        for column, picture in enumerate(pictures[-len(titles) :]):
            if picture is not None:
                sheet.paste(Image.fromarray(picture), (GAP + column * (width + GAP), y + caption))
    draw_swatches(draw, palette, (), (left, top), legend_rows)
    return np.array(sheet)


def draw_swatches(
    draw: ImageDraw, palette: Palette, shares: Sequence[float], corner: tuple[int, int], rows: int
) -> None:
    """Draw the classes with their colors, in columns of so many rows, from a corner (x, y) on."""
    column = _column(palette)
    for k, (name, color) in enumerate(zip(palette.names, palette.painted.tolist(), strict=True)):
        x, y = corner[0] + k // rows * column, corner[1] + k % rows * (SWATCH + 6)
        draw.rectangle((x, y, x + 46, y + SWATCH), fill=tuple(color), outline=FAINT)
        draw.text((x + 56, y), fit_text(f"{k}  {name}", column - 66), fill=INK, font=font(TEXT))
        share = f"   {_percent(shares[k])}" if k < len(shares) else ""
        draw.text((x + 56, y + 16), "{} {} {}".format(*color) + share, fill=FAINT, font=font(CAPTION))


def _column(palette: Palette) -> int:
    """Return the width of one column of swatches: as the longest name needs, within reason."""
    longest = max(font(TEXT).getlength(f"{len(palette)}  {name}") for name in palette.names)
    return int(min(max(longest, 130), 280)) + 80


def fit_text(text: str, width: int) -> str:
    """Return the text, cut so that it is at most so many pixels wide."""
    if font(TEXT).getlength(text) <= width:
        return text
    while font(TEXT).getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0995 else f"{share:.2%}" if share >= 0.0001 or not share else "< 0.01%"
