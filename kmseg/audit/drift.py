"""Drift: colors of classes that the palette in use lacks, told apart from damage by discovery.

Each image records its most frequent colors that are far from the palette. If there are any, discovery runs on the
images with most of their pixels: a candidate that it accepts and that is not in the palette is new. Mixtures at borders
and ringing of JPEG are not, however many pixels they have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.unknown_colors import SAME_COLOR_DISTANCE, NewColors, min_unknown_pixels
from kmseg.discovery.candidates import Candidates
from kmseg.files import write_csv
from kmseg.palette import RGB, Palette
from kmseg.pixels.distance import between
from kmseg.pixels.packing import unpack

MAX_UNKNOWN_COLORS = 20
"""Unknown colors that are examined at most; the user corrects the palette after a few."""

IMAGES_PER_COLOR = 3
"""Images examined per unknown color; a class of small objects is accepted from two images on."""

SHOWN = 5
"""Colors in the message, and images named per color at most."""


@dataclass(frozen=True)
class UnknownColor:
    """A color of a class that the palette lacks.

    Attributes
    ----------
    pixels : int
        Its pixels in all images.
    images : int
        Images that have it.
    first : sequence of str
        The first of them, in the order of the dataset.
    nearest : str
        The class of the palette's nearest color; empty where that is of no class.
    apart : float
        RGB units to that color.
    reason : str
        Why discovery accepts it as a class.
    """

    color: RGB
    pixels: int
    images: int
    first: tuple[str, ...]
    nearest: str
    apart: float
    reason: str


@dataclass(frozen=True)
class Drift:
    """The colors of the images that the palette lacks.

    Attributes
    ----------
    unknown : sequence of UnknownColor
        Ordered by pixels, most first.
    images : int
        Images that have any of them.
    pixels : int
        Pixels of all images.
    """

    unknown: tuple[UnknownColor, ...]
    images: int
    pixels: int

    def __bool__(self) -> bool:
        return bool(self.unknown)

    @property
    def metrics(self) -> dict[str, float]:
        """The drift as metrics."""
        return {
            "drift/colors": len(self.unknown),
            "drift/unmatched": sum(unknown.pixels for unknown in self.unknown) / self.pixels,
            "drift/images": self.images,
        }

    def sentence(self, palette: str, fix: str = "add a row for each") -> str:
        """Return a warning that names the missing colors, where they occur, and the fix; empty without drift."""
        if not self:
            return ""
        named = [f"{_text(unknown.color)} ({self._where(unknown)})" for unknown in self.unknown[:SHOWN]]
        more = f" and {len(self.unknown) - SHOWN} more" if len(self.unknown) > SHOWN else ""
        return (
            f"the data has {len(self.unknown)} color{'s'[: len(self.unknown) > 1]} that {palette} lacks: "
            f"{', '.join(named)}{more}; {fix}, with 1 in the column `ignore` if it is not a class"
        )

    def write(self, path: Path) -> list[Path]:
        """Write the table of missing colors, or remove that of an earlier run."""
        if not self:
            path.unlink(missing_ok=True)
            return []
        rows = [
            [
                *unknown.color,
                unknown.pixels,
                f"{unknown.pixels / self.pixels:.6f}",
                unknown.images,
                "; ".join(unknown.first),
                unknown.nearest,
                f"{unknown.apart:.1f}",
                unknown.reason,
            ]
            for unknown in self.unknown
        ]
        columns = ["r", "g", "b", "pixels", "share", "images", "first_images", "nearest_class", "distance", "reason"]
        return [write_csv(path, columns, rows)]

    def _where(self, unknown: UnknownColor) -> str:
        first = f", first in {', '.join(unknown.first[:2])}" if unknown.first else ""
        return f"{unknown.pixels / self.pixels:.2%} of the pixels{first}"


def representative_images(seen: Mapping[str, NewColors]) -> list[str]:
    """Return the keys of the images with most pixels of the most frequent unknown colors."""
    keys = list(seen)
    images, colors, inverse, pixels = _as_arrays(seen)
    left = np.ones(len(pixels), bool)
    chosen: dict[str, None] = {}
    for _ in range(MAX_UNKNOWN_COLORS):
        if not left.any():
            break
        same = left & _same_color(colors, colors[inverse[np.argmax(pixels * left)]].tolist())[inverse]
        rows = np.flatnonzero(same)
        most = rows[np.argsort(-pixels[rows], kind="stable")][:IMAGES_PER_COLOR]
        chosen |= dict.fromkeys(keys[image] for image in images[most])
        left &= ~same
    return list(chosen)


def find_drift(
    candidates: Candidates, palette: Palette, seen: Mapping[str, NewColors], pixels: int, known: Sequence[RGB] = ()
) -> Drift:
    """Return the accepted candidates that are neither in the palette nor in `known`.

    Parameters
    ----------
    seen : mapping of str to NewColors
        The unknown colors of each image, in the order of the dataset.
    pixels : int
        Pixels of all images.
    """
    from kmseg.audit.kernels import NEAR

    sources, owners = palette.sources
    keys = list(seen)
    images, colors, inverse, counts = _as_arrays(seen)
    same, limit = (0, min_unknown_pixels(palette)) if candidates.exact else (SAME_COLOR_DISTANCE, NEAR)
    old = _floats(known)
    fresh = [candidate for candidate in candidates.accepted if not _same_color(old, candidate.color, same).any()]
    fresh_colors = _floats([candidate.color for candidate in fresh])
    apart, noted = between(fresh_colors, sources), between(colors.astype(float), fresh_colors)
    own = np.where(
        noted.min(axis=1, initial=np.inf) <= SAME_COLOR_DISTANCE, noted.argmin(axis=1) if len(fresh) else 0, -1
    )[inverse]
    found: list[UnknownColor] = []
    affected: set[int] = set()
    for number, candidate in enumerate(fresh):
        rows = np.flatnonzero(own == number)
        nearest = int(apart[number].argmin())
        # A color that no image recorded belongs to small objects without flat pixels.
        if apart[number, nearest] < (limit if len(rows) else NEAR):
            continue
        where = np.unique(images[rows])
        affected.update(where.tolist())
        found.append(
            UnknownColor(
                color=candidate.color,
                pixels=int(counts[rows].sum()) or candidate.pixels,
                images=len(where) or candidate.images,
                first=tuple(keys[place] for place in where[:SHOWN]),
                nearest=palette.names[owners[nearest]] if owners[nearest] < len(palette) else "",
                apart=float(apart[number, nearest]),
                reason=candidate.reason,
            )
        )
    found.sort(key=lambda unknown: -unknown.pixels)
    return Drift(tuple(found), len(affected), pixels)


def _as_arrays(
    seen: Mapping[str, NewColors],
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.intp], NDArray[np.int64]]:
    """Return the distinct recorded colors, and image, color and pixels of every record.

    They are read one image at a time: as objects, the colors of 100,000 images take 100 MB; the images share most.

    Returns
    -------
    images, colors, inverse, pixels
        The image's place `(n,)`, the distinct colors `(m, 3)`, the row of each record in these `(n,)`, its pixels
        `(n,)`.
    """
    sizes = np.fromiter((len(colors) for colors in seen.values()), np.int64, len(seen))
    codes = (int(color[1:], 16) for colors in seen.values() for color in colors)
    pixels = (count for colors in seen.values() for count in colors.values())
    total = int(sizes.sum())
    distinct, inverse = np.unique(np.fromiter(codes, np.uint32, total), return_inverse=True)
    return (
        np.repeat(np.arange(len(sizes)), sizes),
        unpack(distinct),
        inverse,
        np.fromiter(pixels, np.int64, total),
    )


def _same_color(colors: NDArray[Any], color: Sequence[float], limit: float = SAME_COLOR_DISTANCE) -> NDArray[np.bool_]:
    """Return which colors `(n, 3)` are within `limit` RGB units of another color."""
    return np.asarray(between(np.array([color]), colors)[0] <= limit)


def _floats(colors: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    return np.array(colors, float).reshape(-1, 3)


def _text(color: RGB) -> str:
    return " ".join(map(str, color))
