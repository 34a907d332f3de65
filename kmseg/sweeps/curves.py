"""Plots of a sweep: each metric against the swept setting, with the best run marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmseg.draw.style import PLOT_DPI, PLOT_FAINT, PLOT_GRID, PLOT_INK, SERIES
from kmseg.files import replacing
from kmseg.sweeps.points import PointResult, label, short

if TYPE_CHECKING:
    from kmseg.sweeps.summary import Summary

PANELS = {
    "legend/recall": ("classes found", "share of those present"),
    "legend/spurious": ("spurious colors", "near no true color"),
    "mask/miou": ("mean IoU", "of the masks"),
    "palette/inertia": ("inertia", "k=auto: of flat pixels alone"),
    "time/total": ("seconds", "of one run"),
}
"""One panel per metric that all runs have: title and subtitle."""

ACTUAL = {"clusterer.k": "palette/classes", "sampling.images": "images/sampled"}
"""The metric with the actual value where a setting is `auto` or `all`."""


def draw_curves(path: Path, summary: Summary) -> Path:
    """Draw the figures of a sweep's finished runs as PNG.

    The horizontal axis is `clusterer.k` where it was swept, else the first setting with numbers, else the first;
    there is one line per combination of the other settings. A run with `k=auto` is a diamond at the number of
    classes that it found.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = {name: panel for name, panel in PANELS.items() if all(name in r.metrics for r in summary.finished)}
    columns = 3 if len(panels) > 3 else len(panels) + 1
    rows = 2 if len(panels) > 3 else 1
    width, height = 4.4 * columns, 3.7 * rows
    figure = Figure(figsize=(width, height), facecolor="white")
    # Margins in inches; twice as fast as a layout engine.
    figure.subplots_adjust(0.6 / width, 0.6 / height, 1 - 0.2 / width, 1 - 0.4 / height, 0.22, 0.3)
    FigureCanvasAgg(figure)
    places = figure.subplots(rows, columns).ravel()
    axis = _axis(summary.swept)
    for place, (name, (title, meaning)) in zip(places, panels.items(), strict=False):
        _panel(place, summary, axis, name)
        place.set_title(title, loc="left", fontsize=12, color=PLOT_INK, fontweight="bold")
        place.set_title(meaning, loc="right", fontsize=9, color=PLOT_FAINT)
    for place in places[len(panels) :]:
        place.set_axis_off()
    _legend(places[len(panels)], places[0], summary)
    with replacing(path) as part:
        figure.savefig(part, dpi=PLOT_DPI, format="png")
    return path


def _panel(place: Any, summary: Summary, axis: str, name: str) -> None:
    """Draw one metric of every run."""
    for color, (line, results) in zip(cycle(SERIES), _lines(summary, axis).items()):
        chosen = [(_position(r, axis, summary), r.metrics[name]) for r in results if not _is_automatic(r, axis)]
        found = [(_position(r, axis, summary), r.metrics[name]) for r in results if _is_automatic(r, axis)]
        if chosen:
            place.plot(*zip(*sorted(chosen), strict=True), "o-", color=color, label=line, markersize=4, clip_on=False)
        if found:
            place.plot(
                *zip(*found, strict=True), "D", color=color, label="k=auto, at the classes it found", clip_on=False
            )
    if summary.best is not None:
        at = _position(summary.best, axis, summary), summary.best.metrics[name]
        ring = {"markersize": 16, "markerfacecolor": "none", "markeredgecolor": PLOT_INK, "clip_on": False}
        place.plot(*at, "o", label="best", **ring)
    if name == "palette/inertia":
        place.set_yscale("log")
    else:
        place.set_ylim(bottom=0)
    if not _has_numbers(summary.swept.get(axis, ())):
        place.set_xticks(range(len(summary.swept[axis])), summary.swept[axis])
    place.set_xlabel(short(axis), color=PLOT_INK)
    place.grid(color=PLOT_GRID, linewidth=0.8)
    place.spines[["top", "right"]].set_visible(False)
    place.tick_params(colors=PLOT_INK, labelsize=9)


def _legend(place: Any, panel: Any, summary: Summary) -> None:
    """Draw the legend of the lines and name the best run."""
    handles, names = panel.get_legend_handles_labels()
    once = dict(zip(names, handles, strict=True))
    columns = 1 + len(once) // 10
    place.legend(list(once.values()), list(once), loc="upper left", frameon=False, labelcolor=PLOT_INK, ncols=columns)
    if summary.best is not None:
        text = f"best: {summary.name(summary.best)}\nby {summary.score.name(summary.best.metrics)}"
        place.text(0.03, 0.0, text, transform=place.transAxes, fontsize=11, color=PLOT_INK, va="bottom", wrap=True)


def _axis(swept: Mapping[str, Sequence[str]]) -> str:
    """Choose the setting of the horizontal axis."""
    if "clusterer.k" in swept or not swept:
        return "clusterer.k"
    return next((key for key, values in swept.items() if _has_numbers(values)), next(iter(swept)))


def _lines(summary: Summary, axis: str) -> dict[str, list[PointResult]]:
    """Group the runs by the settings that are not on the axis."""
    lines: dict[str, list[PointResult]] = {}
    for result in summary.finished:
        others = {key: value for key, value in summary.settings(result).items() if key != axis}
        lines.setdefault(label(others) or "runs", []).append(result)
    return lines


def _position(result: PointResult, axis: str, summary: Summary) -> float:
    """Return the position of a run on the axis."""
    value = result.point.settings.get(axis, "")
    if _is_number(value):
        return float(value)
    if axis in ACTUAL:
        return result.metrics[ACTUAL[axis]]
    return list(summary.swept[axis]).index(value)


def _is_automatic(result: PointResult, axis: str) -> bool:
    """Return whether k was chosen from the data."""
    return axis == "clusterer.k" and not _is_number(result.point.settings.get(axis, ""))


def _has_numbers(values: Sequence[str]) -> bool:
    return any(_is_number(value) for value in values) or not values


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
