"""The palette alone: the RGB value of every class, without masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kmseg.distance import squared_between
from kmseg.errors import UserError
from kmseg.finding.census import Census
from kmseg.histogram import Histogram
from kmseg.metrics import legend_scores
from kmseg.palette import Palette
from kmseg.stages import Stages
from kmseg.tasks import Outcome, Plan
from kmseg.tasks.find_palette import learn_palette
from kmseg.tasks.record import finish_run, record_found, refuse_unwritable, tracked_run


@dataclass(frozen=True)
class Discover:
    """Label images in; their palette and how well it explains them out."""

    def run(self, plan: Plan) -> Outcome:
        """Do the whole job in `plan.folder`."""
        if plan.palette.file is not None:
            raise UserError("task=discover finds the palette and palette.file gives one; leave one of them out")
        refuse_unwritable(plan)
        stages = Stages()
        items = plan.dataset.items()
        with tracked_run(plan, len(items)) as tracked:
            with stages.timed("total"):
                found, counted = learn_palette(plan, items, stages, plan.measured_against.palette)
            record_found(tracked, plan, found)
            metrics = {"palette/inertia": found.inertia, **_explained(counted.counts, found.palette)}
            metrics["images/sampled"] = counted.read
            true = plan.measured_against.palette
            if true is not None:
                metrics |= legend_scores(found.palette, true, counted.flat_pixels)
            return finish_run(
                plan, tracked, stages, found.palette, found.pixels, metrics, counted.failures, (found.said,)
            )


def _explained(counts: Histogram | Census, palette: Palette) -> dict[str, float]:
    """Return the shares of the counted pixels farther than 10 and 40 RGB units from every colour of the palette."""
    colors = counts.colors
    weights = counts.weights if isinstance(counts, Census) else counts.counts
    best = np.full(len(colors), np.inf)
    for color in palette.colors:
        best = np.minimum(best, squared_between(colors, color[None])[:, 0])
    return {
        f"sampled/farther_than_{limit}": float(weights[best > limit**2].sum() / max(weights.sum(), 1))
        for limit in (10, 40)
    }
