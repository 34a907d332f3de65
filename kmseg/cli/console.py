"""What is printed at the end of a run: the legend with its colors, the main metrics and the output folder."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kmseg.datasets.decision import Decision
from kmseg.errors import printable
from kmseg.palette import Palette, swatches_table
from kmseg.pipeline.plan import Listing, Outcome

LOG = logging.getLogger("kmseg")

_SHOWN: set[str] = set()
"""Commands of the decisions that were printed in this process."""

MAIN = {
    "legend/found": "classes found",
    "legend/spurious": "spurious colors",
    "legend/exact": "exact colors",
    "mask/accuracy": "pixel accuracy",
    "mask/miou": "mean IoU",
    "mask/coverage": "pixels that have a class",
    "mask/miou_covered": "mean IoU of these",
    "sampled/farther_than_10": "pixels of flat areas that no palette color explains",
    "palette/farther_than_10": "pixels farther than 10 from their color",
    "palette/farther_than_40": "pixels farther than 40 from their color",
    "palette/unmatched": "unmatched pixels",
    "time/total": "seconds",
}
"""Metrics that are printed at the end of a run, in this order, with their labels."""

SHOWN_FAILURES = 10
"""Skipped files that are printed; the log names all."""

SHOWN_SHARES = 5
"""Classes whose share is printed at the end of a run: one line; `palette.csv` has all."""

SHORT = {"legend/found": "found", "legend/spurious": "spurious", "mask/miou": "mean IoU", "time/total": "seconds"}
"""Metrics of the line that is printed for one run of a sweep, with their labels."""


def show(outcome: Outcome | Listing) -> None:
    """Print the outcome of a task."""
    console = Console(highlight=False)
    if isinstance(outcome, Listing):
        console.print(_listing(outcome))
        return
    if outcome.palette_shown:  # a second table would push the first, and the notes, off the screen
        console.print(Text(f"shares   {printable(_largest(outcome.palette.names, outcome.shares))} (palette.csv)"))
    else:
        console.print(swatches_table(outcome.palette.names, outcome.palette.painted, outcome.shares))
    console.print(_figures(outcome))
    if outcome.conclusion:
        console.print(_methods(outcome.metrics))
        console.print(Text(outcome.conclusion, style="bold"))
    for warning in outcome.warnings:
        console.print(Text(f"note     {printable(warning)}", style="yellow"))
    for failure in outcome.failures[:SHOWN_FAILURES]:
        console.print(Text(f"skipped  {failure}", style="yellow"))
    if (more := len(outcome.failures) - SHOWN_FAILURES) > 0:
        console.print(Text(f"skipped  {more} more files, named in kmseg.log", style="yellow"))
    console.print(Text(f"files    {outcome.folder}"), soft_wrap=True)
    for number, line in enumerate(outcome.view.splitlines()):
        console.print(Text(("view     " if number == 0 else "         ") + line), soft_wrap=True)
    if outcome.doubt:
        console.print(Text(f"doubt    {printable(outcome.doubt)}", style="bold red"), soft_wrap=True)


def _largest(names: Sequence[str], shares: Sequence[float]) -> str:
    """Return the classes with most pixels and their shares.

    >>> _largest(["road", "sky", "car"], [0.25, 0.75, 0.0])
    'sky 75.0%, road 25.0%, car 0.0%'
    """
    order = sorted(range(len(names)), key=lambda row: -shares[row])
    listed = ", ".join(f"{names[row]} {shares[row]:.1%}" for row in order[:SHOWN_SHARES])
    return listed + (", ..." if len(order) > SHOWN_SHARES else "")


def show_palette(palette: Palette) -> None:
    """Print the palette."""
    Console(highlight=False).print(swatches_table(palette.names, palette.painted))
    sys.stdout.flush()


def show_decision(decision: Decision) -> None:
    """Print what `dataset=auto` has found, before any work, and log it; once where many runs follow each other."""
    if decision.command in _SHOWN:
        return
    _SHOWN.add(decision.command)
    console = Console(highlight=False)
    for word, line in decision.lines():
        console.print(Text(f"{word:9}{printable(line)}"), soft_wrap=True)
        LOG.info("%s %s", word, line)


def show_point(name: str, outcome: Outcome | Listing) -> None:
    """Print the outcome of one run of a sweep in one line."""
    if isinstance(outcome, Listing):
        show(outcome)
        return
    figures = [f"{label} {_figure(key, outcome.metrics)}" for key, label in SHORT.items() if key in outcome.metrics]
    print(f"{name}: {', '.join(figures)}", flush=True)


def _listing(listing: Listing) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in listing.columns:
        table.add_column(column, overflow="fold", ratio=1 if column == "what it is" else None)
    for row in listing.rows:
        table.add_row(*map(Text, row))
    return table


def _figures(outcome: Outcome) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    metrics = outcome.metrics
    for name, label in MAIN.items():
        if name in metrics:
            table.add_row(label, _figure(name, metrics))
    return table


def _methods(metrics: Mapping[str, float]) -> Table:
    """Return the table of compared methods and their metrics."""
    table = Table(box=None, pad_edge=False)
    for title in ("method", "mean IoU", "boundary F1"):
        table.add_column(title, justify="left" if title == "method" else "right")
    for key in (name.split("/")[1] for name in metrics if name.startswith("compare/") and name.endswith("/miou")):
        row = (metrics[f"compare/{key}/{figure}"] for figure in ("miou", "boundary_f1"))
        table.add_row(key, *(f"{value:.4f}" for value in row))
    return table


def _figure(name: str, metrics: Mapping[str, float]) -> str:
    value = metrics[name]
    if name in ("legend/found", "legend/exact"):
        return f"{value:g} of {metrics['legend/present']:g} present"
    if name.startswith(("palette/", "sampled/")):
        return f"{value:.3%}"
    return f"{value:g}" if value == int(value) else f"{value:.4f}" if name.startswith("mask/") else f"{value:.1f}"
