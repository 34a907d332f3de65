"""The bar chart of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.comparison.summary import ComparisonResult
from kmseg.draw.style import METHODS, PLOT_DPI, PLOT_FAINT, PLOT_GRID, PLOT_INK
from kmseg.files import replacing

MAX_CLASSES_PER_COLUMN = 14
"""Classes listed in one column of the chart."""


def draw_bars(path: Path, comparison: ComparisonResult) -> Path:
    """Draw mean IoU and boundary F1 of every method, and the IoU per class of the methods in the conclusion."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    results = comparison.results if comparison.truth else [r for r in comparison.results if r is not comparison.kmeans]
    headline = [
        r for r in (comparison.kmeans, comparison.kmeans_given, comparison.hsv) if r is not None and r in results
    ]
    shown = sorted(headline[0].shown, key=lambda k: -headline[0].iou[k])
    columns = np.array_split(shown, -(-len(shown) // MAX_CLASSES_PER_COLUMN))
    tall = max(len(results) + 2, len(columns[0]))
    figure = Figure(figsize=(8 + 5 * len(columns), 0.36 * tall + 1.4), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.12)
    FigureCanvasAgg(figure)
    row_heights = (len(results), tall - len(results))  # equal bar height on both sides
    names = [f"column {number}" for number in range(len(columns))]
    places: dict[str, Any] = figure.subplot_mosaic([["all", *names], ["key", *names]], height_ratios=row_heights)
    left, key = places["all"], places["key"]
    each = "IoU of each class" if comparison.truth else "IoU of each class, of K-Means' masks"
    titles = ("mean over the classes", each, *[""] * (len(columns) - 1))
    for place, title in zip((left, *(places[name] for name in names)), titles, strict=True):
        place.set_title(title, loc="left", fontsize=12, color=PLOT_INK, fontweight="bold")
        place.set_xlim(0, 1.1)  # room for the values behind the bars
        place.set_xticks(np.linspace(0, 1, 6))
        place.grid(axis="x", color=PLOT_GRID, linewidth=0.8)
        place.set_axisbelow(True)
        place.spines[["top", "right", "left"]].set_visible(False)
        place.tick_params(colors=PLOT_INK, labelsize=10, length=0)
        place.invert_yaxis()
        place.margins(y=0.02)
    rows = np.arange(len(results))
    figures = [result.figures for result in results]
    _bars(left, rows - 0.12, [f["miou"] for f in figures], [METHODS[r.method.key] for r in results], 0.44)
    _bars(left, rows + 0.24, [f["boundary_f1"] for f in figures], [PLOT_FAINT] * len(results), 0.2)
    left.set_yticks(rows, [result.method.title for result in results])
    left.set_xlabel("thick: mean IoU, thin: boundary F1", color=PLOT_FAINT)
    height = 0.8 / len(headline)
    for name, column in zip(names, columns, strict=True):
        for number, result in enumerate(headline):
            at = np.arange(len(column)) + (number - (len(headline) - 1) / 2) * height
            colors, title = [METHODS[result.method.key]] * len(at), result.method.title
            _bars(places[name], at, result.iou[column].tolist(), colors, height * 0.9, 7, title)
        places[name].set_yticks(range(len(column)), [comparison.classes.names[k] for k in column])
        places[name].set_ylim(len(columns[0]) - 0.4, -0.6)
    key.set_axis_off()
    handles = places[names[0]].get_legend_handles_labels()
    key.legend(*handles, loc="upper right", frameon=False, fontsize=10, labelcolor=PLOT_INK)
    with replacing(path) as part:
        figure.savefig(part, dpi=PLOT_DPI, format="png")
    return path


def _bars(
    place: Any,
    at: NDArray[Any],
    values: Sequence[float],
    colors: Sequence[str],
    height: float,
    size: float = 9,
    name: str = "",
) -> None:
    """Draw horizontal bars, each followed by its value."""
    place.barh(at, values, height, color=colors, label=name)
    for y, value in zip(at, values, strict=True):
        place.text(value + 0.008, y, f"{value:.3f}", va="center", fontsize=size, color=PLOT_INK)
