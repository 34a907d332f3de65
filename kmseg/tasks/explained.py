"""No silent loss: how the pixels of each image came to their class, and how many could not be explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.distance import squared_at_each
from kmseg.errors import UserError
from kmseg.files import write_csv
from kmseg.metrics import flat
from kmseg.palette import Palette
from kmseg.tasks import Outcome

NEAR = 20
"""RGB units: a pixel this near its class's colour is that colour, damaged; JPEG of quality 50 moves flat ones less."""

FLAT = 12
"""Levels: a pixel whose 3x3 neighbourhood varies by no more lies in no border, so its colour is no mixture."""


@dataclass(frozen=True)
class Explained:
    """How the pixels of one image came to their classes; `exact` to `unmatched` add up to `pixels`.

    Attributes
    ----------
    exact : int
        Pixels of exactly their class's colour.
    near : int
        Pixels within 20 RGB units of it.
    reassigned : int
        Pixels of a border, of a colour in between, that went to the class of a neighbour.
    unmatched : int
        Pixels of no class, and flat pixels of a colour that the palette lacks.
    """

    pixels: int
    exact: int
    near: int
    reassigned: int
    unmatched: int
    farther_than_10: int
    farther_than_40: int


def explain(label: NDArray[np.uint8], mask: NDArray[Any], palette: Palette) -> tuple[Explained, NDArray[np.int64]]:
    """Tell how each pixel of a label image came to its class, and how far its colour is from the class's.

    Also count, per class `(k,)`, the pixels that are exactly or nearly of its colour.
    """
    apart = _apart(label, mask, palette)
    classless = mask == palette.ignore
    far = apart > NEAR**2
    lacking = int((far & flat(label, FLAT)).sum()) if far.any() else 0
    none = 0 if palette.ignored else int(classless.sum())
    exact = int((apart == 0).sum()) - none
    reassigned = int(far.sum()) - lacking
    near = np.bincount(mask[~(far | classless)], minlength=len(palette)).astype(np.int64)
    explained = Explained(
        pixels=mask.size,
        exact=exact,
        near=mask.size - exact - reassigned - lacking - none,
        reassigned=reassigned,
        unmatched=lacking + none,
        farther_than_10=int((apart > 10**2).sum()),
        farther_than_40=int((apart > 40**2).sum()),
    )
    return explained, near


def unmatched_pixels(label: NDArray[np.uint8], mask: NDArray[Any], palette: Palette) -> NDArray[np.bool_]:
    """Tell which pixels `(H, W)` of a label image are unmatched, as `explain` counts them."""
    unmatched = (_apart(label, mask, palette) > NEAR**2) & flat(label, FLAT)
    return unmatched if palette.ignored else unmatched | (mask == palette.ignore)


def _apart(label: NDArray[np.uint8], mask: NDArray[Any], palette: Palette) -> NDArray[np.uint16]:
    """Return the squared distance `(H, W)` of each pixel's colour to the nearest of its class; 0 where it has none."""
    apart = squared_at_each(label, palette.as_label(mask))
    apart[mask == palette.ignore] = np.iinfo(apart.dtype).max if palette.ignored else 0
    for index, color in (*palette.also, *((palette.ignore, color) for _, color in palette.ignored)):
        own = mask == index
        apart[own] = np.minimum(apart, squared_at_each(label, np.full_like(label, color)))[own]
    return apart


def explained_shares(images: Mapping[str, Explained]) -> dict[str, float]:
    """Return the shares over all images, as metrics."""
    pixels = sum(row.pixels for row in images.values())
    names = ("exact", "near", "reassigned", "unmatched", "farther_than_10", "farther_than_40")
    return {f"palette/{name}": sum(getattr(row, name) for row in images.values()) / pixels for name in names}


def write_images(path: Path, images: Mapping[str, Explained]) -> Path:
    """Write the shares of each image, the one with most unmatched pixels first."""
    rows = [
        [key, row.pixels]
        + [f"{count / row.pixels:.6f}" for count in (row.exact, row.near, row.reassigned, row.unmatched)]
        for key, row in worst_first(images)
    ]
    return write_csv(path, ["image", "pixels", "exact", "near", "reassigned", "unmatched"], rows)


def refuse_unmatched(limit: float, images: Mapping[str, Explained], outcome: Outcome) -> None:
    """Fail, naming the images and what is known, where more than `limit` of an image's pixels cannot be explained."""
    shares = [(key, row.unmatched / row.pixels) for key, row in worst_first(images)]
    over = [f"{key} ({share:.1%})" for key, share in shares if share > limit]
    if over:
        raise UserError(
            f"{len(over)} of {len(images)} images have more than max_unmatched={limit:g} of their pixels in colors "
            f"that the palette lacks: {', '.join(over[:5])}{', ...' if len(over) > 5 else ''}; "
            f"add the missing colors to the palette ({outcome.folder}/images.csv lists all images)"
            + "".join(f"\nnote: {warning}" for warning in outcome.warnings)
        )


def worst_first(images: Mapping[str, Explained]) -> list[tuple[str, Explained]]:
    """Return the images by their share of unmatched pixels, the largest first."""
    return sorted(images.items(), key=lambda entry: (-entry[1].unmatched / entry[1].pixels, entry[0]))
