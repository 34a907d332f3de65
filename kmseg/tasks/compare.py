"""K-Means or HSV ranges? Both on the same images, each with a fair chance, and one sentence at the end.

What is fair: everything that is learnt or tuned is learnt on one part of the images (a seeded draw) and measured on the
rest. HSV ranges need a legend before they can start, so they are given one: `palette.file`, else the true legend, else
the one that K-Means found. K-Means finds its own, and also enters with the legend that HSV is given, so that
finding a legend and using one are told apart. HSV enters untuned, with the best single tolerance, and with the best
tolerance per class; the conclusion speaks of the one that did best on the rest, a choice in HSV's favour. The report's
own way (k=13 on ten images, nearest centroid) enters too. A legend's class is read as the true class of the nearest
color, whoever's legend it is. Without true masks K-Means' masks stand for the truth, and the run says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from kmseg.comparison.chart import draw_bars
from kmseg.comparison.class_sheets import ClassSheet, DrawClasses
from kmseg.comparison.evaluate import EvaluateImages, Evaluation, Result, Scores
from kmseg.comparison.methods import GIVEN, given_ways, hsv_ways, kmeans_ways, tuned_on
from kmseg.comparison.summary import ComparisonResult
from kmseg.comparison.tune_hsv import GRID, Tuned
from kmseg.datasets import Item
from kmseg.datasets.sampling import Sampling
from kmseg.errors import UserError
from kmseg.files import safe_names, write_csv
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import learn_palette, nothing_read
from kmseg.pipeline.outputs import description, finish_run, record_found, refuse_unwritable, tracked_run
from kmseg.pipeline.plan import Outcome, Plan
from kmseg.pipeline.progress import Progress
from kmseg.trackers import TrackedRun
from kmseg.validation import check_integer, check_number


@dataclass(frozen=True)
class Compare:
    """Label images in; K-Means and HSV ranges measured side by side out. The writers play no part.

    Parameters
    ----------
    tuning : float
        Share of the images that legends are learnt and tolerances are tuned on; the rest is measured.
    tolerance : int
        Pixels within which a boundary counts as right.
    classes : list of str
        The classes that are compared, by name; none means all that occur.
    """

    tuning: float = 0.5
    tolerance: int = 2
    classes: Sequence[str | int] = ()

    def __post_init__(self) -> None:
        check_number("task.tuning", self.tuning, at_least=0.05, at_most=0.95)
        check_integer("task.tolerance", self.tolerance, at_least=0, at_most=50)

    def run(self, plan: Plan) -> Outcome:
        """Do the whole job in `plan.folder`."""
        truth = plan.measured_against
        given = plan.palette.given or truth.palette
        if given is not None:
            self._shown(truth.palette or given)
        refuse_unwritable(plan)
        progress = Progress()
        items = plan.dataset.items()
        learning, rest, left_out = self._split(plan, items)
        with tracked_run(plan, len(items)) as tracked:
            with progress.timed("total"):
                found, counted = learn_palette(plan, learning, progress)
                record_found(tracked, plan, found)
                legend, owner = (given, GIVEN) if given else (found.palette, "with K-Means' legend")
                tuned = tuned_on(plan, learning, legend, progress)
                ways = (
                    *kmeans_ways(plan, learning, found.palette, progress),
                    *(given_ways(plan, given) if given else ()),
                    *hsv_ways(legend, owner, tuned),
                )
                classes = truth.palette if truth.masks and truth.palette else legend
                reference = None if truth.masks else "kmeans"
                evaluation = Evaluation(plan.dataset, truth, classes, ways, reference, self.tolerance)
                scores = progress.run_stage(
                    "compare", "comparing", plan.executor, EvaluateImages(evaluation), rest, Scores.merge
                )
                if not scores.pixels:
                    raise nothing_read(scores.failures)
                verdict = self._verdict(evaluation, scores)
                files = [verdict.write(plan.folder / "compare.csv")]
                with progress.timed("pictures"):
                    files.append(draw_bars(plan.folder / "compare.png", verdict))
                    for picture in self._draw_classes(plan, evaluation, verdict, scores, rest):
                        tracked.file(picture, under="classes")
            if tuned is not None:
                files.append(_write_tolerances(plan.folder / "hsv_tolerances.csv", tuned))
            tracked.describe(f"{verdict.markdown()}\n\n{description(plan)}")
            metrics = {**verdict.metrics(), "images/sampled": counted.read, "images/evaluated": len(scores.pixels)}
            failures = (*counted.failures, *scores.failures)
            outcome = finish_run(
                plan, tracked, progress, found.palette, found.pixels, metrics, failures, (found.said, left_out), files
            )
            if tuned is not None:
                _record_curves(tracked, tuned)
            return replace(outcome, conclusion=verdict.sentence)

    def _split(self, plan: Plan, items: Sequence[Item]) -> tuple[list[Item], list[Item], str]:
        """Draw the images that are learnt from; return them, the rest, and a word on those that take no part."""
        truth = plan.measured_against
        able = [item for item in items if truth.masks is None or truth.mask_file(item.key) is not None]
        if len(able) < 2:
            what = f"true mask in {truth.masks}" if truth.masks else "label image"
            raise UserError(
                f"task=compare learns from some images and measures on the rest, so it needs two with a {what}; "
                f"found {len(able)}"
            )
        number = min(max(round(self.tuning * len(able)), 1), len(able) - 1)
        learning = Sampling(number, plan.sampling.seed).choose(able)
        lacking = len(items) - len(able)
        said = (
            f"{lacking} of {len(items)} images have no true mask in {truth.masks} and take no part" if lacking else ""
        )
        return learning, [item for item in able if item not in learning], said

    def _shown(self, classes: Palette) -> list[int]:
        """Return the classes asked for; all where none is named."""
        return (
            sorted({classes.find_class(name) for name in self.classes}) if self.classes else list(range(len(classes)))
        )

    def _verdict(self, evaluation: Evaluation, scores: Scores) -> ComparisonResult:
        occur = sum(scores.pixels.values(), np.zeros(len(evaluation.classes), np.int64))
        shown = np.array([k for k in self._shown(evaluation.classes) if occur[k]], np.intp)
        if not len(shown):
            raise UserError("none of task.classes occurs in the images that are measured; name others, or none for all")
        results = {
            way.key: Result(way, scores.confusions[way.key], scores.boundaries[way.key], shown)
            for way in evaluation.methods
        }
        hsv = max((r for key, r in results.items() if key.startswith("hsv_")), key=lambda r: r.figures["miou"])
        return ComparisonResult(
            list(results.values()), results["kmeans"], hsv, results.get("kmeans_given"), evaluation.classes,
            len(scores.pixels), evaluation.reference is None,
        )  # fmt: skip

    def _draw_classes(
        self, plan: Plan, evaluation: Evaluation, verdict: ComparisonResult, scores: Scores, rest: Sequence[Item]
    ) -> list[Path]:
        """Draw each class on the image that has most of it: not one that was picked for its errors."""
        items = {item.key: item for item in rest}
        kmeans, hsv = verdict.kmeans, verdict.hsv
        sheets = []
        for k, name in zip(kmeans.shown, safe_names([evaluation.classes.names[k] for k in kmeans.shown]), strict=True):
            key = max(scores.pixels, key=lambda key: scores.pixels[key][k])
            title = f"{evaluation.classes.names[k]}   IoU over all measured images: HSV {hsv.iou[k]:.3f}"
            title += f", K-Means {kmeans.iou[k]:.3f}" if verdict.truth else " of K-Means' mask"
            sheets.append(
                ClassSheet(int(k), items[key], f"{title}   (image {key})", plan.folder / f"classes/{name}.png")
            )
        work = DrawClasses(evaluation, (kmeans.method.key, hsv.method.key), ("K-Means", "HSV"))
        return list(chain.from_iterable(plan.executor.map(work, sheets)))


def _write_tolerances(path: Path, tuned: Tuned) -> Path:
    """Write the tolerances that were found, in the form of `masker.by_class`."""
    rows = [["(single)", tuned.single.hue, tuned.single.saturation, tuned.single.value]]
    rows += [[name, *tolerances] for name, tolerances in tuned.per_class.by_class.items()]
    return write_csv(path, ["class", "hue", "saturation", "value"], rows)


def _record_curves(tracked: TrackedRun, tuned: Tuned) -> None:
    """Record the best mean IoU on the images tuned on at each tolerance: of hue, of saturation, of value."""
    for axis, name in enumerate(("hue", "saturation", "value")):
        points = {int(step): float(tuned.scores[GRID[:, axis] == step].max()) for step in np.unique(GRID[:, axis])}
        tracked.curve(f"compare/tuning/{name}", points)
