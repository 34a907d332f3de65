"""The methods of `task=compare`: K-Means and HSV ranges, learned and tuned on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.comparison.evaluate import Method
from kmseg.comparison.tune_hsv import ClassColors, CountClassColors, Tuned, tune
from kmseg.datasets import Item
from kmseg.discovery.palette import find_palette
from kmseg.histogram import Histogram
from kmseg.maskers.hsv_range import HsvRange
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import count_colors
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress

PAPER_K, PAPER_IMAGES = 13, 10
"""The report's number of clusters and of training images."""

GIVEN = "given the legend"


def kmeans_methods(plan: Plan, training: Sequence[Item], found: Palette, progress: Progress) -> list[Method]:
    """Return the K-Means methods that find their own legend: the report's procedure and the plan's."""
    report = f"K-Means as in the report (k={PAPER_K}, nearest)"
    own = f"K-Means (k={getattr(plan.clusterer, 'k', '?')}, {plan.choices['masker']})"
    return [
        Method("paper", report, _paper(plan, training, progress), Nearest(), Rgb()),
        Method("kmeans", f"{own} with the legend it found", found, plan.masker, plan.color_space),
    ]


def given_methods(plan: Plan, legend: Palette) -> list[Method]:
    """Return the methods that use a given legend: nearest color, and the plan's masker."""
    masker = f"K-Means' masker ({plan.choices['masker']})"
    own = Method("kmeans_given", f"{masker} {GIVEN}", legend, plan.masker, plan.color_space)
    if plan.masker == Nearest():
        return [own]
    return [Method("nearest_given", f"nearest color {GIVEN}", legend, Nearest(), plan.color_space), own]


def hsv_methods(legend: Palette, owner: str, tuned: Tuned | None) -> list[Method]:
    """Return the untuned and the tuned HSV ranges of a legend; `owner` says where the legend comes from."""
    maskers = {"untuned": ("untuned", HsvRange())}
    if tuned is not None:
        maskers["single"] = ("best single tolerance", tuned.single)
        maskers["per_class"] = ("best tolerance per class", tuned.per_class)
    return [
        Method(f"hsv_{key}", f"HSV ranges ({words}) {owner}", legend, masker, Rgb())
        for key, (words, masker) in maskers.items()
    ]


def tune_on(plan: Plan, training: Sequence[Item], legend: Palette, progress: Progress) -> Tuned | None:
    """Tune HSV ranges on items; None where there is no usable true mask."""
    truth = plan.measured_against
    if truth.masks is None or truth.palette is None:
        return None
    work = CountClassColors(plan.dataset, truth, len(truth.palette))
    colors = progress.run_stage("tune", "counting true colors", plan.executor, work, training, ClassColors.merge)
    if not any(len(histogram.codes) for histogram in colors.histograms):
        return None
    with progress.timed("tune"):
        return tune(legend, truth.palette, colors)


def _paper(plan: Plan, training: Sequence[Item], progress: Progress) -> Palette:
    """Return the legend of the report's procedure; k is lowered if there are fewer colors than clusters."""
    sampled = replace(plan.sampling, images=PAPER_IMAGES).choose(training)
    counted = count_colors(plan, sampled, Histogram, progress)
    k = min(PAPER_K, len(counted.counts.codes))
    with progress.timed("fit"):
        return find_palette(counted.counts, KMeans(k=k, n_init=10, seed=plan.sampling.seed), Rgb()).palette
