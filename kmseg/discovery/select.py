"""Selection of the classes: modes from the surest source to the least sure, each compared with the classes so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery import thresholds as t
from kmseg.discovery.candidates import Candidate, Candidates, Demands
from kmseg.discovery.damage import LOSSLESS, ONCE_LOSSY, RESIZED, Damage, are_index_values
from kmseg.discovery.modes import (
    Evidence,
    Mode,
    Source,
    exact_modes,
    object_modes,
    patch_modes,
    pixel_modes,
    region_modes,
    thin_modes,
)
from kmseg.discovery.rules import Context, decide
from kmseg.discovery.statistics import PIXELS, ColorStatistics
from kmseg.encoding import scale_percent
from kmseg.errors import UserError
from kmseg.legends.jpeg_colors import most_plausible

NO_DEMANDS = Demands()

MOST_CLASSES = 2000
"""Classes from which on nothing is found: published legends have up to 183, and each color is compared with all
classes, which took over nine minutes of five enlarged photos of 12,000 colors."""


def find_candidates(statistics: ColorStatistics, demands: Demands = NO_DEMANDS) -> Candidates:
    """Decide about every color that may be a class.

    Examples
    --------
    >>> label = np.zeros((8, 8, 3), np.uint8)
    >>> label[:, 4:] = (128, 64, 128)
    >>> [c.color for c in find_candidates(ColorStatistics.of(label)).accepted]
    [(0, 0, 0), (128, 64, 128)]
    """
    every = [Evidence.of(statistics, damage) for damage in Damage]
    lossless, resized, compressed = every
    context = Context(
        demands,
        is_index_masks(statistics),
        len(compressed.colors) > 0,
        is_once_lossy(statistics),
        statistics.images,
        [],
        find_proof_distance(statistics.lowest_jpeg_quality),
    )
    selection = Selection(context)
    least = demands.min_pixels or t.COMPRESSED_PIXELS
    for color in (np.array(pinned) for pinned in demands.pin):
        known = [evidence.mode(color, evidence.within(color, t.CORE), Source.PINNED) for evidence in every]
        selection.add(max(known, key=lambda mode: mode.pixels))
    selection.add_all(exact_modes(lossless))
    selection.add_all(patch_modes(resized))
    selection.add_all(region_modes(compressed))
    distances = (t.BLUR - t.CORE, t.SMALL_APART - t.BLUR, t.THIN_APART)
    near, far, apart = (partial(selection.far_from_all, distance=d) for d in distances)
    if len(resized.colors):
        selection.add_all(pixel_modes(resized, least, compressed=False, apart=near))
    if len(compressed.colors):
        selection.add_all(pixel_modes(compressed, least, compressed=True, apart=near))
        selection.add_all(object_modes(compressed, least, apart=far))
        selection.add_all(thin_modes(compressed, apart=apart))
    considered = to_the_digit(selection.considered, statistics, demands)
    return Candidates(tuple(considered), not context.any_compressed, context.index_masks)


def to_the_digit(considered: Sequence[Candidate], statistics: ColorStatistics, demands: Demands) -> Sequence[Candidate]:
    """Give the classes of JPEG files the likeliest of the colors that the files cannot tell apart.

    Files of several qualities, pinned colors and those of lossless images among the JPEG files stay as they are.
    """
    quality = statistics.jpeg_quality
    if quality is None:
        return considered
    values, counts = statistics.under(Damage.COMPRESSED)
    fixed = {tuple(color) for color in statistics.under(Damage.LOSSLESS)[0].tolist()} | {tuple(c) for c in demands.pin}
    seen = [c.color for c in considered if c.verdict == "accepted"]
    if not seen:
        return considered
    likely = most_plausible(np.array(seen), values, counts[:, PIXELS], quality)
    exact = {old: new for old, new in zip(seen, map(tuple, likely.tolist()), strict=True) if old not in fixed}
    if len(set(exact.values()) | fixed) < len(exact) + len(fixed):  # two classes would be one
        return considered
    return [replace(c, color=exact[c.color]) if c.verdict == "accepted" and c.color in exact else c for c in considered]


def is_index_masks(statistics: ColorStatistics) -> bool:
    """Tell whether all images are lossless, and their colors small grays, and 255."""
    lossless = bool((statistics.keys >> 24 == Damage.LOSSLESS).all())
    return lossless and are_index_values(statistics.keys & np.uint32(0xFFFFFF))


def is_once_lossy(statistics: ColorStatistics) -> bool:
    """Tell whether so many images in lossless formats are damaged by compression that none of them is exact."""
    images = dict(zip(statistics.damages.tolist(), statistics.damage_images.tolist(), strict=True))
    damaged = sum(n for words, n in images.items() if words.startswith(ONCE_LOSSY))
    exact = sum(n for words, n in images.items() if words in (LOSSLESS, RESIZED))
    return damaged > t.ONCE_LOSSY_SHARE * (damaged + exact)


def find_proof_distance(quality: int | None) -> float:
    """Return the levels from a class within which a mode needs proof, at the lowest JPEG quality of the images.

    Examples
    --------
    >>> find_proof_distance(90), round(find_proof_distance(60), 1)
    (12.0, 19.2)
    """
    if quality is None:
        return float(t.BLUR)
    steps = scale_percent(quality) / scale_percent(t.BLUR_QUALITY)
    return float(min(max(t.BLUR, t.BLUR * steps), t.COLOR_BLEED_DISTANCE))


class Selection:
    """The modes considered so far with the verdicts, and the classes, which the next ones are compared with."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.considered: list[Candidate] = []

    def add_all(self, modes: Iterable[Mode]) -> None:
        """Decide about modes, one after the other."""
        for mode in modes:
            self.add(mode)

    def add(self, mode: Mode) -> None:
        """Decide about a mode."""
        candidate = Candidate.of(mode, *decide(mode, self.context))
        if any(c.color == candidate.color and c.verdict == "accepted" for c in self.considered):
            return
        self.considered.append(candidate)
        if candidate.verdict == "accepted":
            self.context.classes.append(mode)
            if len(self.context.classes) > MOST_CLASSES:
                raise UserError(
                    f"more than {MOST_CLASSES:,} colors stand out in the sampled images; are they labels, and not "
                    "photos or object numbers? clusterer.k=N reduces them to N classes"
                )

    def far_from_all(self, colors: NDArray[Any], distance: float) -> NDArray[np.bool_]:
        """Tell of colors `(n, 3)` which are at least `distance` from all classes."""
        far = np.ones(len(colors), bool)
        for known in self.context.colors:
            far &= ((colors - known) ** 2).sum(axis=1) >= distance**2
        return far
