"""Check a palette from a file or an earlier run against the colors of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kmseg.audit.drift import Drift, find_drift, representative_images
from kmseg.audit.legend_check import check_legend
from kmseg.audit.pixel_match import worst_first
from kmseg.datasets import Item
from kmseg.discovery.candidates import Candidates
from kmseg.discovery.select import find_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.palette import RGB, Palette
from kmseg.pipeline.count_colors import count_colors
from kmseg.pipeline.mask_dataset import Masked
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress
from kmseg.pipeline.tally import Tally, pack_new_colors

CHECKED_IMAGES = 10
"""Sampled images that a given legend is checked against; a wrong legend shows in a few."""


@dataclass(frozen=True)
class PaletteCheck:
    """One warning per mismatch, and the colors that the palette lacks."""

    warnings: list[str]
    drift: Drift


NOTHING_TO_CHECK = PaletteCheck([], Drift((), images=0, pixels=1))
"""The check of a palette that was just found in the images."""


def check_palette(
    plan: Plan, items: Sequence[Item], palette: Palette, masked: Masked, progress: Progress
) -> PaletteCheck:
    """Check a palette from a file or an earlier run against the images with most pixels of colors that it lacks.

    A palette from a file is also checked against a few other images, except in an incremental run, whose first run did
    so. Colors that the palette of an earlier run lacked from the beginning are not reported again.
    """
    tally, given = masked.tally, plan.palette.given is not None
    chosen = _items_with_new_colors(items, tally)
    is_new_legend = given and not plan.incremental
    if is_new_legend:
        chosen += [item for item in _sample_to_check(plan, items, tally) if item not in chosen]
    candidates = _candidates(plan, chosen, progress)
    drift = _drift(candidates, palette, items, tally, () if given else masked.manifest.known)
    warning = drift.sentence("the legend")
    if not given:
        fix = "copy its palette.csv, add a row for each and give the copy as palette.file=COPY"
        warning = drift.sentence(f"the palette in {plan.folder}", fix)
    colors = np.array([candidate.color for candidate in candidates.accepted], np.uint8).reshape(-1, 3)
    mismatches = check_legend(palette, colors, tally.near_pixels, candidates.exact) if is_new_legend else []
    return PaletteCheck([warning, *mismatches], drift)


def record_known_gaps(
    plan: Plan, items: Sequence[Item], palette: Palette, masked: Masked, progress: Progress
) -> list[str]:
    """Record the colors that a new palette lacks, so that later runs do not report them; return a warning."""
    candidates = _candidates(plan, _items_with_new_colors(items, masked.tally), progress)
    drift = _drift(candidates, palette, items, masked.tally)
    masked.manifest.set_known(unknown.color for unknown in drift.unknown)
    return [drift.sentence("the palette found")]


def _sample_to_check(plan: Plan, items: Sequence[Item], tally: Tally) -> list[Item]:
    """Return a random sample of images, and those with the largest share of unmatched pixels."""
    readable = [item for item in items if item.key in tally.explained]
    drawn = replace(plan.sampling, images=CHECKED_IMAGES).choose(readable)
    worst = set(worst_first(tally.explained)[:CHECKED_IMAGES])
    return [*drawn, *(item for item in readable if item.key in worst and item not in drawn)]


def _items_with_new_colors(items: Sequence[Item], tally: Tally) -> list[Item]:
    keys = set(representative_images(tally.new_colors))
    return [item for item in items if item.key in keys]


def _candidates(plan: Plan, chosen: Sequence[Item], progress: Progress) -> Candidates:
    """Run discovery on some images with the user's demands."""
    if not chosen:
        return Candidates((), exact=True)
    return find_candidates(count_colors(plan, chosen, ColorStatistics, progress).counts, plan.palette.demands)


def _drift(
    candidates: Candidates, palette: Palette, items: Sequence[Item], tally: Tally, known: Sequence[RGB] = ()
) -> Drift:
    seen = pack_new_colors([tally.new_colors]).in_order(item.key for item in items)
    pixels = sum(row.pixels for row in tally.explained.values())
    return find_drift(candidates, palette, seen, pixels, known)
