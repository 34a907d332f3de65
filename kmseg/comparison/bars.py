"""The bar chart of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.comparison.verdict import Verdict
from kmseg.files import replacing

INK, FAINT, GRID = "#19191c", "#82828c", "#e6e6ea"
COLORS = {
    "paper": "#7fb8e6",
    "kmeans": "#0072b2",
    "nearest_given": "#7fcdbb",
    "kmeans_given": "#009e73",
    "hsv_untuned": "#f3d27a",
    "hsv_single": "#e69f00",
    "hsv_per_class": "#d55e00",
}
"""K-Means' ways are cold and HSV's warm, which people who see colours differently can tell apart too."""


def draw_bars(path: Path, verdict: Verdict) -> Path:
    """Draw mean IoU and boundary F1 of every contestant, and the IoU per class of those of the headline."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    results = verdict.results if verdict.truth else [r for r in verdict.results if r is not verdict.kmeans]
    headline = [r for r in (verdict.kmeans, verdict.fair, verdict.hsv) if r is not None and r in results]
    shown = sorted(headline[0].shown, key=lambda k: -headline[0].iou[k])
    tall = max(len(results) + 2, len(shown))
    figure = Figure(figsize=(13, 0.36 * tall + 1.4), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.15)
    FigureCanvasAgg(figure)
    places: dict[str, Any] = figure.subplot_mosaic([["all", "each"], ["key", "each"]], height_ratios=(len(results), 2))
    left, right, key = places["all"], places["each"], places["key"]
    for place, title in ((left, "mean over the classes"), (right, "IoU of each class")):
        place.set_title(title, loc="left", fontsize=12, color=INK, fontweight="bold")
        place.set_xlim(0, 1.0)
        place.grid(axis="x", color=GRID, linewidth=0.8)
        place.set_axisbelow(True)
        place.spines[["top", "right", "left"]].set_visible(False)
        place.tick_params(colors=INK, labelsize=10, length=0)
        place.invert_yaxis()
        place.margins(y=0.02)
    rows = np.arange(len(results))
    figures = [result.figures for result in results]
    _bars(left, rows - 0.12, [f["miou"] for f in figures], [COLORS[r.contestant.key] for r in results], 0.44)
    _bars(left, rows + 0.24, [f["boundary_f1"] for f in figures], [FAINT] * len(results), 0.2)
    left.set_yticks(rows, [result.contestant.title for result in results])
    left.set_xlabel("thick: mean IoU, thin: boundary F1", color=FAINT)
    height = 0.8 / len(headline)
    for number, result in enumerate(headline):
        at = np.arange(len(shown)) + (number - (len(headline) - 1) / 2) * height
        name = result.contestant.title
        right.barh(at, result.iou[shown], height * 0.9, color=COLORS[result.contestant.key], label=name)
    right.set_yticks(range(len(shown)), [verdict.classes.names[k] for k in shown])
    key.set_axis_off()
    key.legend(*right.get_legend_handles_labels(), loc="center", frameon=False, fontsize=10, labelcolor=INK)
    with replacing(path) as part:
        figure.savefig(part, dpi=110, format="png")
    return path


def _bars(place: Any, at: NDArray[Any], values: Sequence[float], colors: Sequence[str], height: float) -> None:
    place.barh(at, values, height, color=colors)
    for y, value in zip(at, values, strict=True):
        place.text(value + 0.008, y, f"{value:.3f}", va="center", fontsize=9, color=INK, clip_on=True)
