"""Who takes part in `task=compare`: K-Means' ways and HSV's, learnt and tuned on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.comparison.contest import Contestant
from kmseg.comparison.tuning import ClassColors, CountClassColors, Tuned, tune
from kmseg.datasets import Item
from kmseg.histogram import Histogram
from kmseg.maskers.hsv_range import HsvRange
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.stages import Stages
from kmseg.tasks import Plan
from kmseg.tasks.find_palette import count_colors, find_palette

PAPER_K, PAPER_IMAGES = 13, 10
"""The report's number of clusters, and of images that they are learnt from."""

GIVEN = "given the legend"


def kmeans_ways(plan: Plan, learning: Sequence[Item], found: Palette, stages: Stages) -> list[Contestant]:
    """Return K-Means' ways with a legend of its own: the report's, and the plan's with the legend it found."""
    report = f"K-Means as in the report (k={PAPER_K}, nearest)"
    own = f"K-Means (k={getattr(plan.clusterer, 'k', '?')}, {plan.choices['masker']})"
    return [
        Contestant("paper", report, _paper(plan, learning, stages), Nearest(), Rgb()),
        Contestant("kmeans", f"{own} with the legend it found", found, plan.masker, plan.color_space),
    ]


def given_ways(plan: Plan, legend: Palette) -> list[Contestant]:
    """Return K-Means' ways with a legend that is given: the nearest colour, and the plan's masker."""
    masker = f"K-Means' masker ({plan.choices['masker']})"
    own = Contestant("kmeans_given", f"{masker} {GIVEN}", legend, plan.masker, plan.color_space)
    if plan.masker == Nearest():
        return [own]
    return [Contestant("nearest_given", f"nearest color {GIVEN}", legend, Nearest(), plan.color_space), own]


def hsv_ways(legend: Palette, owner: str, tuned: Tuned | None) -> list[Contestant]:
    """Return the untuned HSV ranges of a legend, and those that were tuned; `owner` says whose legend it is."""
    maskers = {"untuned": ("untuned", HsvRange())}
    if tuned is not None:
        maskers["single"] = ("best single tolerance", tuned.single)
        maskers["per_class"] = ("best tolerance per class", tuned.per_class)
    return [
        Contestant(f"hsv_{key}", f"HSV ranges ({words}) {owner}", legend, masker, Rgb())
        for key, (words, masker) in maskers.items()
    ]


def tuned_on(plan: Plan, learning: Sequence[Item], legend: Palette, stages: Stages) -> Tuned | None:
    """Tune HSV ranges on items; None where there are no true masks, or no usable one of these."""
    truth = plan.measured_against
    if truth.masks is None or truth.palette is None:
        return None
    work = CountClassColors(plan.dataset, truth, len(truth.palette))
    colors = stages.over("tune", "counting true colors", plan.executor, work, learning, ClassColors.merge)
    if not any(len(histogram.codes) for histogram in colors.histograms):
        return None
    with stages.timed("tune"):
        return tune(legend, truth.palette, colors)


def _paper(plan: Plan, learning: Sequence[Item], stages: Stages) -> Palette:
    """Return the legend of the report's procedure; where there are fewer colours than clusters, k is lowered."""
    sampled = replace(plan.sampling, images=PAPER_IMAGES).choose(learning)
    counted = count_colors(plan, sampled, Histogram, stages)
    k = min(PAPER_K, len(counted.counts.codes))
    with stages.timed("fit"):
        return find_palette(counted.counts, KMeans(k=k, n_init=10, seed=plan.sampling.seed), Rgb()).palette
