"""Find the palette: the RGB value of every class, without masks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kmseg.datasets import list_items
from kmseg.discovery.statistics import ColorStatistics
from kmseg.errors import UserError
from kmseg.histogram import Histogram
from kmseg.metrics.legend import legend_scores
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import learn_palette
from kmseg.pipeline.look_at_input import LookAtInput, explained_by, say_transparent
from kmseg.pipeline.outputs import announce_palette, finish_run, prepare_folder, record_found, tracked_run
from kmseg.pipeline.plan import Outcome, Plan
from kmseg.pipeline.progress import Progress
from kmseg.pixels.distance import squared_between


@dataclass(frozen=True)
class Discover:
    """Find the palette of the label images and measure how well it matches them."""

    def run(self, plan: Plan) -> Outcome:
        """Run the task in `plan.folder`."""
        if plan.palette.file is not None:
            raise UserError(
                "task=discover finds the palette, but palette.file gives one; leave it out, or use task=segment"
            )
        prepare_folder(plan)
        progress = Progress()
        items, notes = list_items(plan.dataset)
        with tracked_run(plan, len(items), progress) as tracked:
            with progress.timed("total"):
                look = LookAtInput(plan, items, progress)
                with explained_by(look):
                    found, counted = learn_palette(plan, items, progress, plan.measured_against.palette)
                announce_palette(plan, found.palette)
                doubt = look.doubt.remaining(found, counted.read, plan.dataset, items)
                record_found(tracked, plan, found, progress)
            metrics = {"palette/inertia": found.clusters.inertia, **_distance_shares(counted.counts, found.palette)}
            metrics["images/sampled"] = counted.read
            true = plan.measured_against.palette
            if true is not None:
                metrics |= legend_scores(found.palette, true, counted.flat_pixels)
            outcome = finish_run(
                plan,
                tracked,
                progress,
                found.palette,
                found.clusters.pixels,
                metrics,
                counted.failures,
                (*notes, *say_transparent(look.chosen), found.said, found.damage, *found.remarks),
            )
            return replace(outcome, doubt=doubt, palette_shown=True)


def _distance_shares(counts: Histogram | ColorStatistics, palette: Palette) -> dict[str, float]:
    """Return the shares of the counted pixels farther than 10 and 40 RGB units from every color of the palette."""
    colors = counts.colors
    weights = counts.weights if isinstance(counts, ColorStatistics) else counts.counts
    best = np.full(len(colors), np.inf)
    for color in palette.colors:
        best = np.minimum(best, squared_between(colors, color[None])[:, 0])
    return {
        f"sampled/farther_than_{limit}": float(weights[best > limit**2].sum() / max(weights.sum(), 1))
        for limit in (10, 40)
    }
