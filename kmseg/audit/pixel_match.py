"""How each pixel's color relates to its class, and how many pixels are unmatched.

A pixel is explained if its color is near its class's, or lies between the colors of two classes around it, within the
image's noise. All other pixels are unmatched.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.unknown_colors import NewColors, min_unknown_pixels, new_colors
from kmseg.errors import UserError
from kmseg.files import write_csv
from kmseg.palette import Palette
from kmseg.pixels.packing import pack

MIN_NOISE, MAX_NOISE = 10.0, 45.0
"""RGB distance from the line between two classes within which a pixel is their mixture: at least, as corners mix three
classes, and at most. At 40, 0.8 % of kitti_pairs' pixels (JPEG of quality 60) are beyond it, at 48 0.4 %, and of photos
against legends of 29 and 12 classes 62 % and 58 %."""

NOISE_OF_BORDERS = 7.0
"""How much larger noise is on borders than inside of areas, in root mean squares."""

SQUARES = 25.0, 200.0
"""Mean squared RGB distance of pixels that are up to 10, and 10 to 20, units from their class."""

MOST_BORDER_PIXELS = 2048
"""Border pixels of an image that are compared with what lies around them: for a share of 5 %, the standard error is
0.5 % of the border. Of more, every second, third, ... is."""

WORTH_A_NOTE = 0.05
"""Share of unmatched pixels from which on an image is named: true legends leave up to 0.03 of images in strong JPEG."""


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """How the pixels' colors of one image relate to their classes; `exact` to `unmatched` add up to `pixels`.

    Attributes
    ----------
    exact : int
        Pixels of exactly their class's color.
    near : int
        Pixels within 20 RGB units of it.
    reassigned : int
        Border pixels of a color between those of two classes around them.
    unmatched : int
        Pixels of no class, flat pixels of a color that the palette lacks, and others that are no mixture, which are
        estimated from `MOST_BORDER_PIXELS`.
    nearest : int
        The class that most unmatched pixels were given; -1 without any.
    where : sequence of int
        Left, top, right and bottom of the middle 80 % of the unmatched pixels; empty without any.
    blocks, consistent : int
        Blocks of the image's file that its mask was compared with, and those of them that the mask could have given.
    damage : str
        What happened to the image before.
    """

    pixels: int
    exact: int
    near: int
    reassigned: int
    unmatched: int
    farther_than_10: int
    farther_than_40: int
    blocks: int = 0
    consistent: int = 0
    damage: str = ""
    nearest: int = -1
    where: Sequence[int] = ()


class PixelMatcher:
    """Classify the pixels of images by the distance of their color to that of their class."""

    def __init__(self, palette: Palette) -> None:
        colors, owner = palette.sources
        self._known, self._least = pack(colors), min_unknown_pixels(palette)
        k = len(palette)
        codes, owner = pack(colors).astype(np.int32), np.minimum(owner, k)
        classes, first = np.unique(owner, return_index=True)
        self._first_colors = np.full(k + 1, -1, np.int32)
        self._first_colors[classes] = codes[first]
        further = np.delete(np.arange(len(codes)), first)
        further = further[np.argsort(owner[further], kind="stable")]
        self._further_colors = codes[further]
        self._starts = np.searchsorted(owner[further], np.arange(k + 2))

    def match(
        self, label: NDArray[np.uint8], mask: NDArray[Any]
    ) -> tuple[MatchCounts, NDArray[np.int64], NDArray[np.int64], NewColors]:
        """Classify the pixels of a label image `(H, W, 3)` with its index mask.

        Also return the pixels of each class, `(k + 1,)`, the last of no class; those exactly or nearly of its color;
        and the pixels of the most frequent colors that the palette lacks.
        """
        from kmseg.audit.kernels import BORDER, BORDER_40, EXACT, FLAT_40, FLAT_FAR, UNMIXED, WITHIN_20

        kinds, counts, unmixed, every = self._kinds(label, mask, MOST_BORDER_PIXELS)
        of_kind = counts.sum(axis=0).tolist()
        flat = sum(of_kind[FLAT_40:])
        places = np.flatnonzero(kinds >= FLAT_40) if flat + unmixed else np.zeros(0, np.int64)
        if every > 1:
            places = np.repeat(places, np.where(kinds.reshape(-1)[places] == UNMIXED, every, 1))
        explained = MatchCounts(
            pixels=mask.size,
            exact=of_kind[EXACT],
            near=sum(of_kind[EXACT + 1 : BORDER_40]),
            reassigned=of_kind[BORDER_40] + of_kind[BORDER] - unmixed,
            unmatched=flat + unmixed,
            farther_than_10=sum(of_kind[WITHIN_20 : FLAT_FAR + 1]),
            farther_than_40=of_kind[BORDER] + of_kind[FLAT_FAR],
            nearest=int(np.bincount(mask.reshape(-1)[places]).argmax()) if len(places) else -1,
            where=_middle_of(places, mask.shape[1]),
        )
        new: NewColors = {}
        if explained.exact < mask.size:
            new = new_colors(label, kinds, flat, self._known, self._least)
        return explained, counts.sum(axis=1), counts[:, :BORDER_40].sum(axis=1), new

    def unmatched(self, label: NDArray[np.uint8], mask: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which pixels `(H, W)` of a label image are unmatched, as `match` counts them."""
        from kmseg.audit.kernels import FLAT_40

        return np.asarray(self._kinds(label, mask)[0] >= FLAT_40)

    def _kinds(
        self, label: NDArray[np.uint8], mask: NDArray[Any], most: int | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64], int, int]:
        """Return the kind of each pixel `(H, W)`, the counts by class and kind `(k + 1, kinds)`, and of `UNMIXED`.

        Pixels that are `UNMIXED` are counted as `BORDER` or `BORDER_40`. Of more than `most` of these, only as many are
        looked at, evenly spread, and their number is estimated; last comes for how many one stands.
        """
        from kmseg.audit.kernels import BORDER, BORDER_40, CLASSLESS, WITHIN_20, classify_pixels, find_unmixed

        kinds, counted = np.empty(mask.shape, np.uint8), np.zeros(len(self._first_colors) * (CLASSLESS + 1), np.int64)
        lines, rows = np.ascontiguousarray(label).reshape(len(label), -1), np.ascontiguousarray(mask)
        classify_pixels(lines, rows, self._first_colors, self._further_colors, self._starts, kinds, counted)
        counts = counted.reshape(len(self._first_colors), -1)
        border = int(counts[:, BORDER_40 : BORDER + 1].sum())
        if not border:
            return kinds, counts, 0, 1
        noise, every = _noise(counts[:, : WITHIN_20 + 1].sum(axis=0)), -(-border // (most or border))
        unmixed = find_unmixed(lines, rows, self._first_colors, noise, every, kinds)
        return kinds, counts, round(unmixed * border / -(-border // every)), every


def _noise(near: NDArray[np.int64]) -> float:
    """Return the distance within which border pixels are mixtures, by pixels exactly, within 10 and within 20."""
    exact, within_10, within_20 = near.tolist()
    mean = (SQUARES[0] * within_10 + SQUARES[1] * within_20) / max(exact + within_10 + within_20, 1)
    return min(max(NOISE_OF_BORDERS * math.sqrt(mean), MIN_NOISE), MAX_NOISE)


def _middle_of(places: NDArray[np.int64], width: int) -> tuple[int, ...]:
    """Return left, top, right and bottom of the middle 80 % of pixels, given by their place in the image's line."""
    if not len(places):
        return ()
    columns, rows = np.sort(places % width), places // width
    first, last = len(places) // 10, len(places) - 1 - len(places) // 10
    return int(columns[first]), int(rows[first]), int(columns[last]), int(rows[last])


def explained_shares(images: Mapping[str, MatchCounts]) -> dict[str, float]:
    """Return the shares over all images, as metrics."""
    names = ("exact", "near", "reassigned", "unmatched", "farther_than_10", "farther_than_40")
    sums: Counter[str] = Counter()
    for row in images.values():
        sums.update({name: getattr(row, name) for name in (*names, "pixels", "blocks", "consistent")})
    shares = {f"palette/{name}": sums[name] / sums["pixels"] for name in names}
    if sums["blocks"]:
        shares["mask/consistent"] = sums["consistent"] / sums["blocks"]
    return shares


def note_unmatched(images: Mapping[str, MatchCounts], palette: Palette) -> list[str]:
    """Say which images have many unmatched pixels, where in the worst, and which class is nearest."""
    over = sum(row.unmatched > WORTH_A_NOTE * row.pixels for row in images.values())
    if not over:
        return []
    key = worst_first(images)[0]
    row = images[key]
    name = palette.names[row.nearest] if 0 <= row.nearest < len(palette) else "no class"
    left, top, right, bottom = row.where
    return [
        f"{over} of {len(images)} images have over {WORTH_A_NOTE:.0%} unmatched pixels, neither near a class "
        f"nor between two around them; most {key}: {row.unmatched / row.pixels:.1%}, mainly in x {left} to {right}, "
        f"y {top} to {bottom}, given to {name} (images.csv)"
    ]


def write_images(path: Path, images: Mapping[str, MatchCounts], palette: Palette) -> Path:
    """Write the shares of each image, the one with most unmatched pixels first."""
    examined = any(row.blocks for row in images.values())
    rows = (  # one at a time: a list of those of 100,000 images would take 50 MB
        [key, row.pixels]
        + [f"{count / row.pixels:.6f}" for count in (row.exact, row.near, row.reassigned, row.unmatched)]
        + [row.damage]
        + ([f"{row.consistent / row.blocks:.6f}" if row.blocks else ""] if examined else [])
        + [palette.names[row.nearest] if 0 <= row.nearest < len(palette) else "", *(row.where or ("",) * 4)]
        for key, row in ((key, images[key]) for key in worst_first(images))
    )
    return write_csv(
        path,
        ["image", "pixels", "exact", "near", "reassigned", "unmatched", "damage"]
        + ["consistent"] * examined
        + ["unmatched_given_to", "left", "top", "right", "bottom"],
        rows,
    )


def refuse_unmatched(limit: float, images: Mapping[str, MatchCounts], table: Path, notes: Sequence[str]) -> None:
    """Raise if the share of unmatched pixels of an image is above `limit`; the message names the images."""
    shares = {key: share for key, row in images.items() if (share := row.unmatched / row.pixels) > limit}
    over = [f"{key} ({shares[key]:.1%})" for key in worst_first(images) if key in shares]
    if over:
        raise UserError(
            f"{len(over)} of {len(images)} images have more than max_unmatched={limit:g} of their pixels in colors "
            f"that the palette lacks: {', '.join(over[:5])}{', ...' if len(over) > 5 else ''}; "
            f"add the missing colors to the palette ({table} lists all images)"
            + "".join(f"\nnote: {warning}" for warning in notes)
        )


def worst_first(images: Mapping[str, MatchCounts]) -> list[str]:
    """Return the keys of the images sorted by their share of unmatched pixels, largest first."""
    keys = list(images)
    shares = np.fromiter((row.unmatched / row.pixels for row in images.values()), np.float64, len(keys))
    by_key = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    return [keys[place] for place in by_key[np.argsort(-shares[by_key], kind="stable")].tolist()]
