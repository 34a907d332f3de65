"""The main task: find the palette (or take one), mask every image, write, measure and track."""

from __future__ import annotations

from dataclasses import dataclass

from kmseg.metrics import legend_scores, mask_scores
from kmseg.palette import Palette
from kmseg.stages import Stages
from kmseg.tasks import Outcome, Plan
from kmseg.tasks.explained import explained_shares, refuse_unmatched, write_images
from kmseg.tasks.find_palette import learn_palette
from kmseg.tasks.mask_images import Tally, mask_images
from kmseg.tasks.record import finish_run, record_centroids, refuse_unwritable, tracked_run


@dataclass(frozen=True)
class Segment:
    """Label images in; palette, masks, metrics and a tracked run out."""

    def run(self, plan: Plan) -> Outcome:
        """Do the whole job in `plan.folder`."""
        refuse_unwritable(plan)
        stages = Stages()
        palette = plan.palette.given
        if palette is not None:
            check_writers(plan, palette)
        items = plan.dataset.items()
        metrics: dict[str, float] = {}
        with tracked_run(plan, len(items)) as tracked:
            with stages.timed("total"):
                if palette is None:
                    found, counted = learn_palette(plan, items, stages)
                    palette = found.palette
                    record_centroids(tracked, plan, found)
                    check_writers(plan, palette)
                    metrics |= {"palette/inertia": found.inertia, "images/sampled": counted.images}
                tally = mask_images(plan, items, palette, stages)
            write_images(plan.folder / "images.csv", tally.explained)
            if plan.max_unmatched is not None:
                refuse_unmatched(plan.max_unmatched, tally.explained)
            metrics |= measure(plan, palette, tally)
            return finish_run(plan, tracked, stages, palette, tally.class_pixels[:-1], metrics, tally.failures)


def check_writers(plan: Plan, palette: Palette) -> None:
    """Fail before masking if a writer's options ask for what the palette lacks."""
    for writer in plan.writers.values():
        writer.check(palette)


def measure(plan: Plan, palette: Palette, tally: Tally) -> dict[str, float]:
    """Return the figures of the masked images, with those against the truth where there is one."""
    figures = explained_shares(tally.explained)
    figures["images/read"] = tally.masked
    true = plan.measured_against.palette
    if true is not None:
        figures |= legend_scores(palette, true, tally.flat_pixels)
    if true is not None and tally.judged:
        figures |= mask_scores(tally.confusion, palette, true)
    return figures
