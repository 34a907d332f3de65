"""Drift: colors in the images that the palette in use does not explain, told from damage by a palette's own evidence.

Each image notes its leading colors that are far from the palette. Where there are any, the images that show them most
are counted as if a palette were to be found in them: what is kept there as a class, and is none of the palette's, is
new. A mixture at a border or the ringing of a JPEG is none, however many pixels it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.unknown_colors import ALIKE, NewColors, min_unknown_pixels
from kmseg.discovery.candidates import Candidates
from kmseg.files import write_csv
from kmseg.palette import RGB, Palette
from kmseg.pixels.distance import between

MAX_UNKNOWN_COLORS = 20
"""Colors that are looked into; the palette is mended after a few."""

WITNESSES = 3
"""Images counted for each of them: a class of small objects needs two to be believed."""

SHOWN = 5
"""Colors in the sentence, and images named for each."""


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
        Why it is taken for a class.
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
    """What the images have that the palette lacks.

    Attributes
    ----------
    unknown : sequence of UnknownColor
        The one with most pixels first.
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
        """The alarm in figures."""
        return {
            "drift/colors": len(self.unknown),
            "drift/unmatched": sum(unknown.pixels for unknown in self.unknown) / self.pixels,
            "drift/images": self.images,
        }

    def sentence(self, palette: str, mend: str = "add a row for each") -> str:
        """Say what the palette, which is called `palette`, lacks, where, and how to mend it."""
        if not self:
            return ""
        named = [f"{_text(unknown.color)} ({self._where(unknown)})" for unknown in self.unknown[:SHOWN]]
        more = f" and {len(self.unknown) - SHOWN} more" if len(self.unknown) > SHOWN else ""
        return (
            f"the data has {len(self.unknown)} color{'s'[: len(self.unknown) > 1]} that {palette} lacks: "
            f"{', '.join(named)}{more}; {mend}, with 1 in a column ignore where it is no class"
        )

    def write(self, path: Path) -> list[Path]:
        """Write the colors that the palette lacks, or remove what an earlier run left of the kind."""
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
    """Return the images that show the leading unexplained colors most."""
    images, colors, pixels = _rows(seen)
    left = np.ones(len(pixels), bool)
    chosen: dict[str, None] = {}
    for _ in range(MAX_UNKNOWN_COLORS):
        if not left.any():
            break
        alike = left & _alike(colors, colors[np.argmax(pixels * left)].tolist())
        rows = np.flatnonzero(alike)
        chosen |= dict.fromkeys(images[i] for i in rows[np.argsort(-pixels[rows], kind="stable")][:WITNESSES])
        left &= ~alike
    return list(chosen)


def find_drift(
    candidates: Candidates, palette: Palette, seen: Mapping[str, NewColors], pixels: int, known: Sequence[RGB] = ()
) -> Drift:
    """Return the candidates kept that are neither the palette's nor `known`.

    Parameters
    ----------
    seen : mapping of str to NewColors
        What each image noted, in the order of the dataset.
    pixels : int
        Pixels of all images.
    """
    from kmseg.audit.kernels import NEAR

    sources, owners = palette.sources
    images, colors, counts = _rows(seen)
    alike, limit = (0, min_unknown_pixels(palette)) if candidates.exact else (ALIKE, NEAR)
    old = _floats(known)
    fresh = [candidate for candidate in candidates.accepted if not _alike(old, candidate.color, alike).any()]
    fresh_colors = _floats([candidate.color for candidate in fresh])
    apart, noted = between(fresh_colors, sources), between(colors, fresh_colors)
    own = np.where(noted.min(axis=1, initial=np.inf) <= ALIKE, noted.argmin(axis=1) if len(fresh) else 0, -1)
    found: list[UnknownColor] = []
    holding: set[str] = set()
    for number, candidate in enumerate(fresh):
        rows = np.flatnonzero(own == number)
        nearest = int(apart[number].argmin())
        # A color that no image noted is one of small objects, whose pixels are nowhere flat.
        if apart[number, nearest] < (limit if len(rows) else NEAR):
            continue
        where = list(dict.fromkeys(images[i] for i in rows))
        holding |= set(where)
        found.append(
            UnknownColor(
                color=candidate.color,
                pixels=int(counts[rows].sum()) or candidate.pixels,
                images=len(where) or candidate.images,
                first=tuple(where[:SHOWN]),
                nearest=palette.names[owners[nearest]] if owners[nearest] < len(palette) else "",
                apart=float(apart[number, nearest]),
                reason=candidate.reason,
            )
        )
    found.sort(key=lambda unknown: -unknown.pixels)
    return Drift(tuple(found), len(holding), pixels)


def _rows(seen: Mapping[str, NewColors]) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Return image, color `(n, 3)` and pixels `(n,)` of every color that any image noted."""
    rows = [(key, color, pixels) for key, colors in seen.items() for color, pixels in colors.items()]
    levels = [list(bytes.fromhex(color[1:])) for _, color, _ in rows]
    return (
        [key for key, _, _ in rows],
        _floats(levels),
        np.array([pixels for _, _, pixels in rows], np.int64),
    )


def _alike(colors: NDArray[np.float64], color: Sequence[float], limit: float = ALIKE) -> NDArray[np.bool_]:
    """Tell which of the colors `(n, 3)` may be one color with another."""
    return np.asarray(between(np.array([color]), colors)[0] <= limit)


def _floats(colors: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    return np.array(colors, float).reshape(-1, 3)


def _text(color: RGB) -> str:
    return " ".join(map(str, color))
