"""A palette that was given or kept, held against the colours that the images really have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kmseg.datasets import Item
from kmseg.finding.candidates import Candidates
from kmseg.finding.census import Census
from kmseg.finding.judging import find_candidates
from kmseg.legends.check import check_legend
from kmseg.palette import RGB, Palette
from kmseg.stages import Stages
from kmseg.tasks import Plan
from kmseg.tasks.drift import Drift, drift_of, witnesses
from kmseg.tasks.explained import worst_first
from kmseg.tasks.find_palette import count_colors
from kmseg.tasks.mask_dataset import Masked
from kmseg.tasks.tally import Tally

CHECKED_IMAGES = 10
"""Images that a given legend is held against: a wrong legend shows in a few."""


@dataclass(frozen=True)
class Held:
    """What does not fit, in a sentence each, and the colours that the palette lacks."""

    said: list[str]
    drift: Drift


NOTHING_HELD = Held([], Drift((), images=0, pixels=1))
"""Of a palette that was just found in the images."""


def hold_against_data(plan: Plan, items: Sequence[Item], palette: Palette, masked: Masked, stages: Stages) -> Held:
    """Hold a palette that was given, or left by an earlier run, against the images that show colours it lacks.

    A legend that is given is also held against a few others, but for an incremental run: it was when it was new.
    What the palette of an earlier run lacked from the beginning is no news.
    """
    tally, given = masked.tally, plan.palette.given is not None
    chosen = _witnesses(items, tally)
    whole = given and not plan.incremental
    if whole:
        chosen += [item for item in _checked(plan, items, tally) if item not in chosen]
    candidates = _candidates(plan, chosen, stages)
    drift = _drift(candidates, palette, items, tally, () if given else masked.manifest.known)
    said = drift.sentence("the legend")
    if not given:
        copy = "give palette.file=COPY, a copy of its palette.csv with a row more for each"
        said = drift.sentence(f"the palette in {plan.folder}", copy)
    colors = np.array([candidate.color for candidate in candidates.kept], np.uint8).reshape(-1, 3)
    misfits = check_legend(palette, colors, tally.near_pixels, candidates.exact) if whole else []
    return Held([said, *misfits], drift)


def note_what_is_known(
    plan: Plan, items: Sequence[Item], palette: Palette, masked: Masked, stages: Stages
) -> list[str]:
    """Note in the manifest what a palette that was just found does without, so that it is no news later; say it."""
    candidates = _candidates(plan, _witnesses(items, masked.tally), stages)
    drift = _drift(candidates, palette, items, masked.tally)
    masked.manifest.know(stranger.color for stranger in drift.strangers)
    return [drift.sentence("the palette found")]


def _checked(plan: Plan, items: Sequence[Item], tally: Tally) -> list[Item]:
    """Return a few of the sampled images, and the few that the palette explains worst."""
    readable = [item for item in items if item.key in tally.explained]
    drawn = replace(plan.sampling, images=CHECKED_IMAGES).choose(readable)
    worst = {key for key, _ in worst_first(tally.explained)[:CHECKED_IMAGES]}
    return [*drawn, *(item for item in readable if item.key in worst and item not in drawn)]


def _witnesses(items: Sequence[Item], tally: Tally) -> list[Item]:
    wanted = set(witnesses(tally.new_colors))
    return [item for item in items if item.key in wanted]


def _candidates(plan: Plan, chosen: Sequence[Item], stages: Stages) -> Candidates:
    """Judge the colours of some images as if a palette were to be found in them, with what the user asks of one."""
    if not chosen:
        return Candidates((), exact=True)
    return find_candidates(count_colors(plan, chosen, Census, stages).counts, plan.palette.demands)


def _drift(
    candidates: Candidates, palette: Palette, items: Sequence[Item], tally: Tally, known: Sequence[RGB] = ()
) -> Drift:
    seen = {item.key: tally.new_colors[item.key] for item in items if item.key in tally.new_colors}
    pixels = sum(row.pixels for row in tally.explained.values())
    return drift_of(candidates, palette, seen, pixels, known)
