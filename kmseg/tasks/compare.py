"""Compare K-Means with HSV ranges on the same images.

Everything that is learned or tuned is learned on one part of the images (a seeded sample) and measured on the rest. HSV
ranges need a legend: `palette.file`, else the true legend, else the one that K-Means found. K-Means is evaluated with
the legend it finds and with the legend that HSV has, so that finding a legend and using one are measured separately.
HSV is evaluated untuned, with the best single tolerance and with the best tolerance per class; the conclusion compares
with the one that is best on the measured images, which favors HSV. The procedure of the report (k=13 on ten images,
nearest centroid) is evaluated too. Each class of a legend counts as the true class of the nearest color. Without true
masks the masks of K-Means are the reference, and the result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from kmseg.comparison.chart import draw_bars
from kmseg.comparison.class_sheets import ClassSheet, DrawClasses
from kmseg.comparison.evaluate import EvaluateImages, Evaluation, MethodResult, Scores
from kmseg.comparison.methods import GIVEN, given_methods, hsv_methods, kmeans_methods, tune_on
from kmseg.comparison.summary import ComparisonResult
from kmseg.comparison.tune_hsv import GRID, Tuned
from kmseg.datasets import Item, list_items
from kmseg.datasets.sampling import Sampling
from kmseg.errors import UserError
from kmseg.files import safe_names, write_csv
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import learn_palette, nothing_read
from kmseg.pipeline.outputs import description, finish_run, prepare_folder, record_found, tracked_run
from kmseg.pipeline.plan import Outcome, Plan
from kmseg.pipeline.progress import Progress
from kmseg.trackers import TrackedRun
from kmseg.validation import check_integer, check_number


@dataclass(frozen=True)
class Compare:
    """Evaluate K-Means and HSV ranges on the same label images. Writers are not used.

    Parameters
    ----------
    tuning : float
        Share of the images used to learn legends and tune tolerances; the rest is evaluated.
    tolerance : int
        Boundary pixels within this distance, in pixels, match.
    classes : list of str or int, one str or int
        Names (or rows of the palette) of the classes to compare; empty means all that occur.
    """

    tuning: float = 0.5
    tolerance: int = 2
    classes: Sequence[str | int] | str | int = ()

    def __post_init__(self) -> None:
        check_number("task.tuning", self.tuning, at_least=0.05, at_most=0.95)
        check_integer("task.tolerance", self.tolerance, at_least=0, at_most=50)

    def run(self, plan: Plan) -> Outcome:
        """Run the task in `plan.folder`."""
        truth = plan.measured_against
        given = plan.palette.given or truth.palette
        if given is not None:
            self._class_indices(truth.palette or given)  # fail early on an unknown class
        prepare_folder(plan)
        progress = Progress()
        items, notes = list_items(plan.dataset)
        truth = truth.for_items(items)
        plan = replace(plan, truth=truth)
        training, held_out, skipped = self._split(plan, items)
        with tracked_run(plan, len(items), progress) as tracked:
            with progress.timed("total"):
                found, counted = learn_palette(plan, training, progress)
                record_found(tracked, plan, found, progress)
                legend, owner = (given, GIVEN) if given else (found.palette, "with K-Means' legend")
                tuned = tune_on(plan, training, legend, progress)
                methods = (
                    *kmeans_methods(plan, training, found.palette, progress),
                    *(given_methods(plan, given) if given else ()),
                    *hsv_methods(legend, owner, tuned),
                )
                classes = truth.palette if truth.masks and truth.palette else legend
                reference = None if truth.masks else "kmeans"
                evaluation = Evaluation(plan.dataset, truth, classes, methods, reference, self.tolerance)
                scores = progress.run_stage(
                    "compare", "comparing", plan.executor, EvaluateImages(evaluation), held_out, Scores.merge
                )
                if not scores.pixels:
                    raise nothing_read(scores.failures)
                result = self._summarize(evaluation, scores)
                files = [result.write(plan.folder / "compare.csv")]
                with progress.timed("pictures"):
                    files.append(draw_bars(plan.folder / "compare.png", result))
                    for picture in self._draw_classes(plan, evaluation, result, scores, held_out):
                        tracked.file(picture, under="classes")
            if tuned is not None:
                files.append(_write_tolerances(plan.folder / "hsv_tolerances.csv", tuned))
            tracked.describe(f"{result.markdown()}\n\n{description(plan)}")
            metrics = {**result.metrics(), "images/sampled": counted.read, "images/evaluated": len(scores.pixels)}
            failures = (*counted.failures, *scores.failures)
            said = (*notes, found.said, skipped)
            outcome = finish_run(
                plan, tracked, progress, found.palette, found.clusters.pixels, metrics, failures, said, files
            )
            if tuned is not None:
                _record_curves(tracked, tuned)
            return replace(outcome, conclusion=result.sentence)

    def _split(self, plan: Plan, items: Sequence[Item]) -> tuple[Sequence[Item], list[Item], str]:
        """Sample the training images; return them, the held-out images, and a warning on unusable images."""
        truth = plan.measured_against
        usable = [item for item in items if truth.masks is None or truth.mask_file(item.key) is not None]
        if len(usable) < 2:
            what = f"true mask in {truth.masks}" if truth.masks else "label image"
            raise UserError(
                f"task=compare trains on some images and measures on the others, so it needs two with a {what}; "
                f"found {len(usable)}"
            )
        number = min(max(round(self.tuning * len(usable)), 1), len(usable) - 1)
        training = Sampling(number, plan.sampling.seed).choose(usable)
        missing = len(items) - len(usable)
        warning = (
            f"{missing} of {len(items)} images have no true mask in {truth.masks} and are not used" if missing else ""
        )
        return training, [item for item in usable if item not in training], warning

    def _class_indices(self, classes: Palette) -> list[int]:
        """Return the indices of `self.classes`, ascending; of all classes if it is empty."""
        is_empty = not isinstance(self.classes, int) and not len(self.classes)
        return sorted(set(classes.find_classes(None if is_empty else self.classes)))

    def _summarize(self, evaluation: Evaluation, scores: Scores) -> ComparisonResult:
        class_pixels = sum(scores.pixels.values(), np.zeros(len(evaluation.classes), np.int64))
        shown = np.array([k for k in self._class_indices(evaluation.classes) if class_pixels[k]], np.intp)
        if not len(shown):
            raise UserError(
                "none of task.classes occurs in the evaluated images; name others, or leave task.classes out for all"
            )
        results = {
            method.key: MethodResult(method, scores.confusions[method.key], scores.boundaries[method.key], shown)
            for method in evaluation.methods
        }
        hsv = max((r for key, r in results.items() if key.startswith("hsv_")), key=lambda r: r.figures["miou"])
        return ComparisonResult(
            list(results.values()), results["kmeans"], hsv, results.get("kmeans_given"), evaluation.classes,
            len(scores.pixels), evaluation.reference is None,
        )  # fmt: skip

    def _draw_classes(
        self, plan: Plan, evaluation: Evaluation, result: ComparisonResult, scores: Scores, held_out: Sequence[Item]
    ) -> list[Path]:
        """Draw each class on the image that has most of its pixels."""
        items = {item.key: item for item in held_out}
        kmeans, hsv = result.kmeans, result.hsv
        sheets = []
        for k, name in zip(kmeans.shown, safe_names([evaluation.classes.names[k] for k in kmeans.shown]), strict=True):
            key = max(scores.pixels, key=lambda key: scores.pixels[key][k])
            title = f"{evaluation.classes.names[k]}   IoU over all evaluated images: HSV {hsv.iou[k]:.3f}"
            title += f", K-Means {kmeans.iou[k]:.3f}" if result.truth else " of K-Means' mask"
            sheets.append(
                ClassSheet(int(k), items[key], f"{title}   (image {key})", plan.folder / f"classes/{name}.png")
            )
        work = DrawClasses(evaluation, (kmeans.method.key, hsv.method.key), ("K-Means", "HSV"))
        return list(chain.from_iterable(plan.executor.map(work, sheets)))


def _write_tolerances(path: Path, tuned: Tuned) -> Path:
    """Write the tuned tolerances in the form of `masker.by_class`."""
    rows = [["(single)", tuned.single.hue, tuned.single.saturation, tuned.single.value]]
    rows += [[name, *tolerances] for name, tolerances in tuned.per_class.by_class.items()]
    return write_csv(path, ["class", "hue", "saturation", "value"], rows)


def _record_curves(tracked: TrackedRun, tuned: Tuned) -> None:
    """Record the best mean IoU on the training images at each tolerance of hue, saturation and value."""
    for axis, name in enumerate(("hue", "saturation", "value")):
        points = {int(step): float(tuned.scores[GRID[:, axis] == step].max()) for step in np.unique(GRID[:, axis])}
        tracked.curve(f"compare/tuning/{name}", points)
