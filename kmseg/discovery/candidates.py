"""The candidate list: every color that may be a class, with the verdict on it, its reason and its certainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.discovery.modes import Mode
from kmseg.files import write_csv
from kmseg.palette import RGB
from kmseg.pixels.distance import between

DOUBTFUL = 0.75
"""Certainty below which a class is named at the end of a run."""

REMARKS = 3
"""Classes that are named there; palette.csv has them all."""

LEFT_OUT_PIXELS, LEFT_OUT_SHARE = 30, 1e-4
"""Pixels, and share of all counted, from which on a color that was not taken for a class is named."""

SHADE = 10.0
"""RGB distance within which a color is a shade of a class and not worth a word."""


@dataclass(frozen=True)
class Candidate:
    """A color that was considered.

    Attributes
    ----------
    color : (int, int, int)
        RGB.
    pixels : int
        Its pixels: all of them in lossless images, flat ones elsewhere, cores of a class of small objects only.
    images : int
        Images that hold its most widespread exact value: at least so many have the color.
    interior, mixed, one_value : float
        Shares of its pixels in the midst of a flat 5x5 patch; on the way from one other color to another; of its most
        frequent exact value.
    largest_region : int
        Pixels of its largest flat region.
    verdict : str
        `accepted`, `merged` or `rejected`.
    reason : str
        Why.
    certainty : float
        From 0 to 1, how sure the verdict is.
    """

    color: RGB
    pixels: int
    images: int
    interior: float
    mixed: float
    one_value: float
    largest_region: int
    verdict: str
    reason: str
    certainty: float

    @staticmethod
    def of(mode: Mode, verdict: str, reason: str, certainty: float) -> Candidate:
        """Make a candidate of a mode and the verdict on it."""
        red, green, blue = (int(level) for level in mode.color)
        seen = mode.pixels, mode.images, mode.interior, mode.mixed, mode.one_value, mode.largest_region
        return Candidate((red, green, blue), *seen, verdict, reason, certainty)


@dataclass(frozen=True)
class Candidates:
    """All colors that were considered.

    Attributes
    ----------
    considered : tuple of Candidate
    exact : bool
        Whether the images' colors are exact, so that a level counts.
    index_masks : bool
        Whether the images are index masks: gray, with the classes' ids for values.
    """

    considered: tuple[Candidate, ...]
    exact: bool
    index_masks: bool = False

    @property
    def accepted(self) -> list[Candidate]:
        """The candidates that are classes, the one with most pixels first; of index masks, in the order of values."""
        classes = [c for c in self.considered if c.verdict == "accepted"]
        return sorted(classes, key=lambda c: c.color if self.index_masks else -c.pixels)

    def remarks(self) -> list[str]:
        """Say which classes are doubtful and which colors were left out, with the reasons and the settings."""
        doubtful = [c for c in self.accepted if c.certainty < DOUBTFUL]
        said = [_describe_doubt(c) for c in doubtful[:REMARKS]]
        more = len(doubtful) - REMARKS
        if more > 0:
            said.append(f"{more} more doubtful classes: column certainty of palette.csv")
        return said + self._describe_left_out()

    def _describe_left_out(self) -> list[str]:
        """Name the colors that were not taken for classes though they have many pixels and no class is near."""
        least = max(LEFT_OUT_PIXELS, LEFT_OUT_SHARE * sum(c.pixels for c in self.considered))
        others = [c for c in self.considered if c.verdict != "accepted" and c.pixels >= least]
        classes = np.array([c.color for c in self.accepted], np.uint8).reshape(-1, 3)
        if others and len(classes):
            apart = between(np.array([c.color for c in others], np.uint8), classes).min(axis=1)
            others = [c for c, off in zip(others, apart, strict=True) if off > SHADE]
        if not others:
            return []
        others.sort(key=lambda c: -c.pixels)
        named = "; ".join(f"{c.color} {c.pixels} pixels, {c.verdict}: {c.reason}" for c in others[:2])
        more = f"; {len(others) - 2} more" if len(others) > 2 else ""
        return [f"not taken for classes: {named}{more} (candidates.csv has all; palette.pin=[[r,g,b]] takes one in)"]


@dataclass(frozen=True)
class Demands:
    """What the user asks of a class.

    Attributes
    ----------
    pin, forbid : sequence of (r, g, b)
        Colors that are classes whatever the data say; colors that never are, nor what is near them.
    min_pixels : int or None
        Least number of pixels; None is any where images are lossless, else 30 flat ones, or cores.
    min_distance : float or None
        Least RGB distance of two classes; None is any where images are lossless, 4 where they were resized, else 12.
    """

    pin: Sequence[RGB] = ()
    forbid: Sequence[RGB] = ()
    min_pixels: int | None = None
    min_distance: float | None = None


def write_candidates(path: Path, candidates: Candidates) -> Path:
    """Write the list as CSV, accepted ones first, each kind with most pixels first."""
    header = ["r", "g", "b", "verdict", "certainty", "reason", "pixels", "images_at_least", "largest_region"]
    rows = [
        [*c.color, c.verdict, f"{c.certainty:.2f}", c.reason, c.pixels, c.images, c.largest_region]
        + [f"{share:.4f}" for share in (c.interior, c.mixed, c.one_value)]
        for c in in_order(candidates)
    ]
    return write_csv(path, [*header, "interior", "mixed", "one_value"], rows)


def in_order(candidates: Candidates) -> list[Candidate]:
    """Return the candidates as people read them: accepted, merged, rejected, each with most pixels first."""
    order = {"accepted": 0, "merged": 1, "rejected": 2}
    return sorted(candidates.considered, key=lambda c: (order[c.verdict], -c.pixels))


def _describe_doubt(candidate: Candidate) -> str:
    color = ",".join(map(str, candidate.color))
    pixels = f"{candidate.pixels:,} pixel{'s' if candidate.pixels != 1 else ''}"
    return f"doubtful: ({color}), {pixels}: {candidate.reason}; 'palette.forbid=[[{color}]]' removes it"
