"""The result of a comparison: tables, and one sentence made from the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.comparison.evaluate import MethodResult
from kmseg.files import write_csv
from kmseg.palette import Palette

EQUAL_MIOU = 0.005
"""Mean IoUs that differ by less are reported as equal."""

CLASS_FIGURES = ("iou", "precision", "recall", "boundary_f1")


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """The results of all methods over the compared classes.

    Parameters
    ----------
    results : sequence of MethodResult
        All methods.
    kmeans, hsv : MethodResult
        The two methods of the conclusion: K-Means as the run is configured, and the best HSV ranges.
    kmeans_given : MethodResult or None
        K-Means with the legend that HSV has; None if no legend was given.
    images : int
        Images that were evaluated.
    truth : bool
        Whether there are true masks; otherwise the masks of `kmeans` are the reference.
    """

    results: Sequence[MethodResult]
    kmeans: MethodResult
    hsv: MethodResult
    kmeans_given: MethodResult | None
    classes: Palette
    images: int
    truth: bool

    @property
    def sentence(self) -> str:
        """The conclusion."""
        shown = self.hsv.shown
        if not self.truth:
            worst = int(shown[self.hsv.iou[shown].argmin()])
            return (
                f"There are no true masks, so neither method can be scored: on {_images(self.images)}, "
                f"{self.hsv.method.title}, and {self.kmeans.method.title} agree on "
                f"{self.hsv.figures['accuracy']:.2%} of the pixels, with a mean IoU of {_miou(self.hsv):.3f} between "
                f"them over {_classes(len(shown))}; least on {self.classes.names[worst]} ({self.hsv.iou[worst]:.3f})."
            )
        conclusion = (
            f"On {_images(self.images)} not used for tuning, with {_classes(len(shown))}, "
            f"{_versus(self.kmeans, self.hsv)}"
        )
        if self.kmeans_given is None:
            return f"{conclusion}."
        return f"{conclusion}; with the legend that HSV has, {_against(self.kmeans_given, self.hsv)}."

    def rows(self) -> list[tuple[str, int, str, float, float, float, float]]:
        """Return the table: class, true pixels, method, IoU, precision, recall, boundary F1."""
        pixels = self.kmeans.counts.sum(axis=1)
        order = sorted(self.kmeans.shown, key=lambda k: -pixels[k])
        return [
            (
                self.classes.names[k],
                int(pixels[k]),
                result.method.key,
                *(round(float(getattr(result, figure)[k]), 6) for figure in CLASS_FIGURES),
            )
            for k in order
            for result in self.results
        ]

    def write(self, path: Path) -> Path:
        """Write the table as CSV; an undefined score is an empty cell."""
        rows = [[*row[:3], *("" if np.isnan(v) else v for v in row[3:])] for row in self.rows()]
        return write_csv(path, ["class", "pixels", "method", *CLASS_FIGURES], rows)

    def metrics(self) -> dict[str, float]:
        """Return the figures of every method."""
        return {
            f"compare/{result.method.key}/{name}": value
            for result in self.results
            for name, value in result.figures.items()
        }

    def markdown(self) -> str:
        """Return the conclusion and the tables as Markdown."""
        others = self.results if self.truth else [r for r in self.results if r is not self.kmeans]
        lines = [f"**{self.sentence}**", "", "| | mean IoU | pixel accuracy | boundary F1 |", "|---|---|---|---|"]
        for result in others:
            figures = " | ".join(f"{value:.3f}" for value in result.figures.values())
            lines.append(f"| {result.method.title} (`{result.method.key}`) | {figures} |")
        keys = " | ".join(f"`{result.method.key}`" for result in others)
        lines += ["", f"| IoU | {keys} |", "|---" * (len(others) + 1) + "|"]
        for k in sorted(self.kmeans.shown, key=lambda k: -self.kmeans.counts[k].sum()):
            best = max(result.iou[k] for result in others)
            cells = [f"**{r.iou[k]:.3f}**" if r.iou[k] == best else f"{r.iou[k]:.3f}" for r in others]
            lines.append(f"| {self.classes.names[k]} | {' | '.join(cells)} |")
        return "\n".join(lines)


def _versus(one: MethodResult, other: MethodResult) -> str:
    """Compare two methods in a clause that names the legend of each."""
    return (
        f"{one.method.title} has mean IoU {_miou(one):.3f} and {other.method.title} {_miou(other):.3f}: "
        f"{_winner(one, other)}"
    )


def _against(one: MethodResult, other: MethodResult) -> str:
    return f"K-Means' masker has {_miou(one):.3f}: {_winner(one, other)}"


def _winner(one: MethodResult, other: MethodResult) -> str:
    difference = _miou(one) - _miou(other)
    ahead = int((one.iou[one.shown] > other.iou[one.shown]).sum())
    behind = int((one.iou[one.shown] < other.iou[one.shown]).sum())
    counted = f"better in {_classes(ahead)}, worse in {behind}"
    if not ahead and not behind:
        return "the same in every class"
    if abs(difference) < EQUAL_MIOU:
        return f"K-Means and HSV are as good as each other (K-Means {counted})"
    return f"K-Means is {'ahead' if difference > 0 else 'behind'} by {abs(difference):.3f} ({counted})"


def _miou(result: MethodResult) -> float:
    return result.figures["miou"]


def _images(number: int) -> str:
    return "one image" if number == 1 else f"{number} images"


def _classes(number: int) -> str:
    return "one class" if number == 1 else f"{number} classes"
