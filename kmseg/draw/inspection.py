"""The contact sheet of `task=inspect`: a typical image of every folder, what it was taken for, and the legend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.datasets.decision import Decision, plural
from kmseg.datasets.inspection import Series, read_sample
from kmseg.draw.sheets import GAP, draw_swatches, fit_text
from kmseg.draw.style import FAINT, INK, PAPER, SMALL, TEXT, font

TILE_WIDTH, TILE_HEIGHT = 250, 180
"""Size of a picture on the sheet, in pixels; images keep their proportions."""

CAPTION = 44
"""Height of the two lines above a picture, in pixels."""

MAX_TILES = 24
"""Series on the sheet at most: those of labels come first, then photos, then the others, each with most files first."""

COLUMNS = 4

USED, OPTIONAL = (30, 120, 60), (150, 90, 10)
"""Colors of what is used, and of what was found and is not used."""


def inspection_picture(decision: Decision) -> NDArray[np.uint8]:
    """Draw the sheet, `(H, W, 3)` uint8."""
    from PIL import Image, ImageDraw

    tiles = _tiles(decision)
    rows = -(-len(tiles) // COLUMNS)
    columns = min(COLUMNS, max(len(tiles), 1))
    legend = decision.legend.palette if decision.legend else None
    swatch_columns = min(3, -(-len(legend) // 16)) if legend else 0
    width = columns * (TILE_WIDTH + GAP) + GAP + swatch_columns * 250
    height = max(
        rows * (TILE_HEIGHT + CAPTION + GAP) + GAP, (min(len(legend), 16) * 36 + 2 * GAP + CAPTION) if legend else 0
    )
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (series, role, ink) in enumerate(tiles):
        x = GAP + number % COLUMNS * (TILE_WIDTH + GAP)
        y = GAP + number // COLUMNS * (TILE_HEIGHT + CAPTION + GAP)
        draw.text((x, y), fit_text(str(series), TILE_WIDTH), fill=INK, font=font(TEXT))
        draw.text((x, y + 20), fit_text(role, TILE_WIDTH), fill=ink, font=font(SMALL))
        picture = _typical(decision, series)
        if picture is None:
            draw.rectangle((x, y + CAPTION, x + TILE_WIDTH, y + CAPTION + TILE_HEIGHT), outline=FAINT)
        else:
            sheet.paste(Image.fromarray(picture), (x, y + CAPTION))
    if legend is not None and decision.legend is not None:
        left = columns * (TILE_WIDTH + GAP) + GAP
        draw.text(
            (left, GAP),
            fit_text(f"legend {decision.legend.path}", swatch_columns * 250 - GAP),
            fill=INK,
            font=font(TEXT),
        )
        draw_swatches(draw, legend, (), (left, GAP + CAPTION), max(-(-len(legend) // swatch_columns), 1))
    return np.array(sheet)


def _tiles(decision: Decision) -> list[tuple[Series, str, tuple[int, int, int]]]:
    """Return the series to show with their captions: labels first, then photos, then the rest by size."""
    labels, photos = set(decision.labels.paths), set(decision.photos.values())
    found: list[tuple[int, int, Series, str, tuple[int, int, int]]] = []
    for series in decision.series:
        count = len(series.paths)
        sure = f"{series.certainty:.0%} sure" if series.certainty else ""
        what = plural(series.kind) if count > 1 else series.kind
        if labels & set(series.paths):
            rank, role, ink = 0, f"LABELS: {count} {what}, {sure}", USED
        elif photos & set(series.paths):
            rank, role, ink = 1, f"PHOTOS: {count}, {sure}", USED
        else:
            reason = decision.unused.get(series.paths[0], "")
            detail = f"{reason}" if reason != plural(series.kind) else what
            rank, role, ink = 2, f"not used: {count} {detail}", OPTIONAL if series.is_label else FAINT
        found.append((rank, -count, series, role, ink))
    found.sort(key=lambda entry: (entry[0], entry[1], entry[2].folder))
    return [(series, role, ink) for _, _, series, role, ink in found[:MAX_TILES]]


def _typical(decision: Decision, series: Series) -> NDArray[np.uint8] | None:
    """Read the typical image of a series, fitted into its tile; class numbers become visible grays."""
    if not series.example:
        return None
    pixels = read_sample(Path(decision.root) / series.example)
    if pixels is None:
        return None
    image = _make_visible(pixels)
    scale = min(TILE_WIDTH / image.shape[1], TILE_HEIGHT / image.shape[0])
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    method = cv2.INTER_NEAREST if series.is_label else cv2.INTER_AREA
    return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=method))


def _make_visible(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    image = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
    top = int(image.max(initial=1))
    if image.dtype != np.uint8 or (pixels.ndim == 2 and top < 64):
        return (image.astype(np.float32) * (255 / max(top, 1))).astype(np.uint8)
    return image
