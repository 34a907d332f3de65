"""Who takes part in `task=compare`: K-Means' ways and HSV's, learnt and tuned on the same images."""

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
"""The report's number of clusters, and of images that they are learnt from."""

GIVEN = "given the legend"


def kmeans_ways(plan: Plan, learning: Sequence[Item], found: Palette, progress: Progress) -> list[Method]:
    """Return K-Means' ways with a legend of its own: the report's, and the plan's with the legend it found."""
    report = f"K-Means as in the report (k={PAPER_K}, nearest)"
    own = f"K-Means (k={getattr(plan.clusterer, 'k', '?')}, {plan.choices['masker']})"
    return [
        Method("paper", report, _paper(plan, learning, progress), Nearest(), Rgb()),
        Method("kmeans", f"{own} with the legend it found", found, plan.masker, plan.color_space),
    ]


def given_ways(plan: Plan, legend: Palette) -> list[Method]:
    """Return K-Means' ways with a legend that is given: the nearest color, and the plan's masker."""
    masker = f"K-Means' masker ({plan.choices['masker']})"
    own = Method("kmeans_given", f"{masker} {GIVEN}", legend, plan.masker, plan.color_space)
    if plan.masker == Nearest():
        return [own]
    return [Method("nearest_given", f"nearest color {GIVEN}", legend, Nearest(), plan.color_space), own]


def hsv_ways(legend: Palette, owner: str, tuned: Tuned | None) -> list[Method]:
    """Return the untuned HSV ranges of a legend, and those that were tuned; `owner` says whose legend it is."""
    maskers = {"untuned": ("untuned", HsvRange())}
    if tuned is not None:
        maskers["single"] = ("best single tolerance", tuned.single)
        maskers["per_class"] = ("best tolerance per class", tuned.per_class)
    return [
        Method(f"hsv_{key}", f"HSV ranges ({words}) {owner}", legend, masker, Rgb())
        for key, (words, masker) in maskers.items()
    ]


def tuned_on(plan: Plan, learning: Sequence[Item], legend: Palette, progress: Progress) -> Tuned | None:
    """Tune HSV ranges on items; None where there are no true masks, or no usable one of these."""
    truth = plan.measured_against
    if truth.masks is None or truth.palette is None:
        return None
    work = CountClassColors(plan.dataset, truth, len(truth.palette))
    colors = progress.run_stage("tune", "counting true colors", plan.executor, work, learning, ClassColors.merge)
    if not any(len(histogram.codes) for histogram in colors.histograms):
        return None
    with progress.timed("tune"):
        return tune(legend, truth.palette, colors)


def _paper(plan: Plan, learning: Sequence[Item], progress: Progress) -> Palette:
    """Return the legend of the report's procedure; where there are fewer colors than clusters, k is lowered."""
    sampled = replace(plan.sampling, images=PAPER_IMAGES).choose(learning)
    counted = count_colors(plan, sampled, Histogram, progress)
    k = min(PAPER_K, len(counted.counts.codes))
    with progress.timed("fit"):
        return find_palette(counted.counts, KMeans(k=k, n_init=10, seed=plan.sampling.seed), Rgb()).palette
