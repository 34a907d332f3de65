"""The main task: find the palette (or take one), mask every image, write, measure and track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kmseg.datasets import Item
from kmseg.finding.candidates import find_candidates
from kmseg.finding.census import Census
from kmseg.legends.check import check_legend
from kmseg.metrics import legend_scores, mask_scores
from kmseg.palette import Palette
from kmseg.stages import Stages
from kmseg.tasks import Outcome, Plan
from kmseg.tasks.explained import explained_shares, refuse_unmatched, worst_first, write_images
from kmseg.tasks.find_palette import count_colors, learn_palette
from kmseg.tasks.finish_writers import finish_writers
from kmseg.tasks.incremental import saved_palette
from kmseg.tasks.manifest import only_run_in
from kmseg.tasks.mask_dataset import mask_dataset
from kmseg.tasks.record import finish_run, record_found, refuse_unwritable, tracked_run
from kmseg.tasks.tally import Tally

CHECKED_IMAGES = 10
"""Images that a given legend is held against: a wrong legend shows in a few."""


@dataclass(frozen=True)
class Segment:
    """Label images in; palette, masks, metrics and a tracked run out."""

    def run(self, plan: Plan) -> Outcome:
        """Do the whole job in `plan.folder`."""
        refuse_unwritable(plan)
        stages = Stages()
        palette = plan.palette.given
        if palette is None and plan.incremental:
            palette = saved_palette(plan)
        if palette is not None:
            check_writers(plan, palette)
        items = plan.dataset.items()
        metrics: dict[str, float] = {}
        warnings = [*plan.palette.doubts, *plan.truth.doubts]
        candidates = None
        with only_run_in(plan.folder), tracked_run(plan, len(items)) as tracked:
            with stages.timed("total"):
                if palette is None:
                    found, sampled = learn_palette(plan, items, stages)
                    palette, candidates = found.palette, found.candidates
                    record_found(tracked, plan, found)
                    warnings += [found.said]
                    check_writers(plan, palette)
                    metrics |= {"palette/inertia": found.inertia, "images/sampled": sampled.read}
                masked = mask_dataset(plan, items, palette, stages)
                tally = masked.tally
                if plan.incremental:
                    metrics |= masked.counts
                elif plan.palette.given is not None:
                    warnings += hold_against_data(plan, items, palette, tally, stages)
                warnings += judged_few(plan, tally)
                metrics |= measure(plan, palette, tally)
                with stages.timed("finish"):
                    files = finish_writers(plan, items, palette, tally, metrics, warnings, candidates)
            files.append(write_images(plan.folder / "images.csv", tally.explained))
            pixels = tally.class_pixels[:-1]
            outcome = finish_run(
                plan, tracked, stages, palette, pixels, metrics, tally.failures, tuple(warnings), files
            )
            if plan.max_unmatched is not None:
                refuse_unmatched(plan.max_unmatched, tally.explained, outcome)
            return outcome


def check_writers(plan: Plan, palette: Palette) -> None:
    """Fail before masking if a writer's options ask for what the palette lacks."""
    for writer in plan.writers.values():
        writer.check(palette)


def hold_against_data(plan: Plan, items: Sequence[Item], palette: Palette, tally: Tally, stages: Stages) -> list[str]:
    """Hold a given legend against the colours of some images, and say what does not fit.

    They are a few of the sampled ones and the few that the legend explains worst: a colour that it lacks is there.
    """
    readable = [item for item in items if item.key in tally.explained]
    drawn = replace(plan.sampling, images=CHECKED_IMAGES).choose(readable)
    worst = {key for key, _ in worst_first(tally.explained)[:CHECKED_IMAGES]}
    chosen = [*drawn, *(item for item in readable if item.key in worst and item not in drawn)]
    counted = count_colors(plan, chosen, Census, stages)
    candidates = find_candidates(counted.counts)
    kept = candidates.kept
    colors = np.array([candidate.color for candidate in kept], np.uint8).reshape(-1, 3)
    total = max(sum(candidate.pixels for candidate in kept), 1)
    shares = [candidate.pixels / total for candidate in kept]
    return check_legend(palette, colors, shares, tally.near_pixels, candidates.exact)


def judged_few(plan: Plan, tally: Tally) -> list[str]:
    """Say so if not every image has a true mask to be measured against."""
    masks = plan.measured_against.masks
    if masks is None or tally.judged == tally.masked:
        return []
    return [
        f"{tally.judged} of {tally.masked} images have a usable true mask in {masks}; the mask metrics speak of those "
        "alone (a mask belongs to the image of the same relative path or name)"
    ]


def measure(plan: Plan, palette: Palette, tally: Tally) -> dict[str, float]:
    """Return the figures of the masked images, with those against the truth where there is one."""
    figures = explained_shares(tally.explained)
    figures |= {"images/read": tally.masked, "images/judged": tally.judged}
    true = plan.measured_against.palette
    if true is not None:
        figures |= legend_scores(palette, true, tally.flat_pixels)
    if true is not None and tally.judged:
        figures |= mask_scores(tally.confusion, palette, true)
    return figures
