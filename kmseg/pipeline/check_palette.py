"""A palette that was given or kept, held against the colors that the images really have."""

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
from kmseg.pipeline.tally import Tally

CHECKED_IMAGES = 10
"""Images that a given legend is held against: a wrong legend shows in a few."""


@dataclass(frozen=True)
class PaletteCheck:
    """What does not fit, in a sentence each, and the colors that the palette lacks."""

    said: list[str]
    drift: Drift


NOTHING_TO_CHECK = PaletteCheck([], Drift((), images=0, pixels=1))
"""Of a palette that was just found in the images."""


def check_palette(
    plan: Plan, items: Sequence[Item], palette: Palette, masked: Masked, progress: Progress
) -> PaletteCheck:
    """Hold a palette that was given, or left by an earlier run, against the images that show colors it lacks.

    A legend that is given is also held against a few others, but for an incremental run: it was when it was new.
    What the palette of an earlier run lacked from the beginning is no news.
    """
    tally, given = masked.tally, plan.palette.given is not None
    chosen = _representative_items(items, tally)
    whole = given and not plan.incremental
    if whole:
        chosen += [item for item in _checked(plan, items, tally) if item not in chosen]
    candidates = _candidates(plan, chosen, progress)
    drift = _drift(candidates, palette, items, tally, () if given else masked.manifest.known)
    said = drift.sentence("the legend")
    if not given:
        copy = "give palette.file=COPY, a copy of its palette.csv with a row more for each"
        said = drift.sentence(f"the palette in {plan.folder}", copy)
    colors = np.array([candidate.color for candidate in candidates.accepted], np.uint8).reshape(-1, 3)
    misfits = check_legend(palette, colors, tally.near_pixels, candidates.exact) if whole else []
    return PaletteCheck([said, *misfits], drift)


def record_known_gaps(
    plan: Plan, items: Sequence[Item], palette: Palette, masked: Masked, progress: Progress
) -> list[str]:
    """Note in the manifest what a palette that was just found does without, so that it is no news later; say it."""
    candidates = _candidates(plan, _representative_items(items, masked.tally), progress)
    drift = _drift(candidates, palette, items, masked.tally)
    masked.manifest.know(unknown.color for unknown in drift.unknown)
    return [drift.sentence("the palette found")]


def _checked(plan: Plan, items: Sequence[Item], tally: Tally) -> list[Item]:
    """Return a few of the sampled images, and the few that the palette explains worst."""
    readable = [item for item in items if item.key in tally.explained]
    drawn = replace(plan.sampling, images=CHECKED_IMAGES).choose(readable)
    worst = {key for key, _ in worst_first(tally.explained)[:CHECKED_IMAGES]}
    return [*drawn, *(item for item in readable if item.key in worst and item not in drawn)]


def _representative_items(items: Sequence[Item], tally: Tally) -> list[Item]:
    wanted = set(representative_images(tally.new_colors))
    return [item for item in items if item.key in wanted]


def _candidates(plan: Plan, chosen: Sequence[Item], progress: Progress) -> Candidates:
    """Evaluate the colors of some images as if a palette were to be found in them, with what the user asks of one."""
    if not chosen:
        return Candidates((), exact=True)
    return find_candidates(count_colors(plan, chosen, ColorStatistics, progress).counts, plan.palette.demands)


def _drift(
    candidates: Candidates, palette: Palette, items: Sequence[Item], tally: Tally, known: Sequence[RGB] = ()
) -> Drift:
    seen = {item.key: tally.new_colors[item.key] for item in items if item.key in tally.new_colors}
    pixels = sum(row.pixels for row in tally.explained.values())
    return find_drift(candidates, palette, seen, pixels, known)
