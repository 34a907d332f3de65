"""The candidate list: every color that may be a class, with the verdict on it and the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg.files import write_csv
from kmseg.palette import RGB


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
    flat : float
        Share of flat pixels among those of about its color, in every fourth row.
    solid, between, one_value : float
        Shares of its pixels in the midst of a flat 5x5 patch; on the way from one other color to another; of its most
        frequent exact value.
    verdict : str
        `accepted`, `merged` or `rejected`.
    reason : str
        Why.
    """

    color: RGB
    pixels: int
    images: int
    flat: float
    solid: float
    between: float
    one_value: float
    verdict: str
    reason: str


@dataclass(frozen=True)
class Candidates:
    """All colors that were considered; `exact` tells whether the images' colors are, so that a level counts."""

    considered: tuple[Candidate, ...]
    exact: bool

    @property
    def accepted(self) -> list[Candidate]:
        """The candidates that are classes, the one with most pixels first."""
        return sorted((c for c in self.considered if c.verdict == "accepted"), key=lambda c: -c.pixels)


@dataclass(frozen=True)
class Demands:
    """What the user asks of a class.

    Attributes
    ----------
    pin, forbid : sequence of (r, g, b)
        Colors that are classes whatever the data say; colors that never are, nor what is near them.
    min_pixels : int or None
        Least number of pixels; None is 9 where images are lossless, else 30 flat ones, or cores.
    min_distance : float or None
        Least RGB distance of two classes; None is any where images are lossless, 4 where they were resized, else 12.
    """

    pin: Sequence[RGB] = ()
    forbid: Sequence[RGB] = ()
    min_pixels: int | None = None
    min_distance: float | None = None


def write_candidates(path: Path, candidates: Candidates) -> Path:
    """Write the list as CSV, accepted ones first, each kind with most pixels first."""
    header = ["r", "g", "b", "verdict", "reason", "pixels", "images_at_least", "flat", "solid", "between", "one_value"]
    rows = [
        [*c.color, c.verdict, c.reason, c.pixels, c.images]
        + [f"{share:.4f}" for share in (c.flat, c.solid, c.between, c.one_value)]
        for c in in_order(candidates)
    ]
    return write_csv(path, header, rows)


def in_order(candidates: Candidates) -> list[Candidate]:
    """Return the candidates as people read them: accepted, merged, rejected, each with most pixels first."""
    order = {"accepted": 0, "merged": 1, "rejected": 2}
    return sorted(candidates.considered, key=lambda c: (order[c.verdict], -c.pixels))
