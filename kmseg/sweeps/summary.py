"""The summary of a sweep: table and text, made from the results of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kmseg.files import write_csv
from kmseg.sweeps.points import PointResult, label, short
from kmseg.sweeps.score import Score

SHOWN = {
    "palette/classes": ("classes", "g"),
    "legend/recall": ("recall", ".3f"),
    "legend/spurious": ("spurious colors", "g"),
    "mask/miou": ("mean IoU", ".4f"),
    "palette/inertia": ("inertia", ".4g"),
    "time/total": ("seconds", ".2f"),
}
"""The metrics of the table, with heading and format; those that not all runs have are left out."""


@dataclass(frozen=True)
class Summary:
    """The results of a sweep over the settings `swept`, compared by `score`."""

    results: Sequence[PointResult]
    swept: Mapping[str, Sequence[str]]
    score: Score

    @cached_property
    def finished(self) -> list[PointResult]:
        """The runs that succeeded."""
        return [result for result in self.results if not result.failed]

    @cached_property
    def failed(self) -> list[PointResult]:
        """The runs that failed."""
        return [result for result in self.results if result.failed]

    @cached_property
    def best(self) -> PointResult | None:
        """The best run; the first of several that are equal."""
        return max(self.finished, key=lambda result: self.score.value(result.metrics), default=None)

    def settings(self, result: PointResult) -> dict[str, str]:
        """Return the swept settings of a run."""
        return {key: value for key, value in result.point.settings.items() if key in self.swept}

    def name(self, result: PointResult) -> str:
        """Return a run's name, made from its swept settings."""
        return label(self.settings(result)) or "as the command says"

    def columns(self) -> dict[str, list[Any]]:
        """Return the table by columns: settings, metrics, and the error of each failed run."""
        settings = {short(key): [result.point.settings.get(key, "") for result in self.results] for key in self.swept}
        figures = {
            heading: [result.metrics.get(name) for result in self.results] for name, (heading, _) in self._shown.items()
        }
        return {
            "run": [result.point.number for result in self.results],
            "best": ["best" if result is self.best else "" for result in self.results],
            **settings,
            **figures,
            "failed": [result.failed for result in self.results],
            "folder": [str(result.point.folder) for result in self.results],
        }

    def figures(self) -> dict[str, float]:
        """Return the metrics of the parent run: the best run's, and the number of runs."""
        best = {} if self.best is None else {name: self.best.metrics[name] for name in self._shown}
        return {**best, "sweep/runs": len(self.results), "sweep/failed": len(self.failed)}

    def write_table(self, folder: Path) -> Path:
        """Write `sweep.csv`."""
        columns = self.columns()
        return write_csv(folder / "sweep.csv", list(columns), list(zip(*columns.values(), strict=True)))

    def markdown(self, command: Sequence[str], folder: Path) -> str:
        """Describe the sweep in Markdown; `command` are its overrides, `folder` is where its files are."""
        header = [*map(short, self.swept), *(heading for heading, _ in self._shown.values())]
        lines = [
            self.conclusion,
            "",
            f"Command: `{' '.join(command)}`",
            "",
            *(f"- **failed**: run {bad.point.number}, {self.name(bad)}: {bad.failed}" for bad in self.failed),
            "",
            f"| {' | '.join(header)} |",
            f"|{'---|' * len(header)}",
            *(f"| {' | '.join(self._row(result))} |" for result in self.finished),
            "",
            f"Artifacts: `sweep.png` (plots), `sweep.csv` (table). Files: `{folder}`",
        ]
        return "\n".join(lines) + "\n"

    @property
    def conclusion(self) -> str:
        """One sentence that names the best run."""
        if self.best is None:
            return f"None of the {len(self.results)} runs finished."
        by = self.score.name(self.best.metrics)
        figures = ", ".join(
            f"{heading} {self.best.metrics[name]:{form}}" for name, (heading, form) in self._shown.items()
        )
        named = f"run {self.best.point.number}, {self.name(self.best)}"
        return f"**Best of {len(self.finished)} runs by {by}: {named}** ({figures})."

    def show(self, folder: Path, view: str) -> None:
        """Print the table, the best run and the output folder."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for key in ("run", *map(short, self.swept)):
            table.add_column(key)
        for heading, _ in self._shown.values():
            table.add_column(heading, justify="right")
        for result in self.finished:
            style = "bold" if result is self.best else ""
            table.add_row(str(result.point.number), *self._row(result), style=style)
        console = Console(highlight=False)
        if self.finished:
            console.print(table)
        console.print(Text(self.conclusion.replace("**", "")), soft_wrap=True)
        console.print(Text(f"files    {folder}"), soft_wrap=True)
        for number, line in enumerate(view.splitlines()):
            console.print(Text(("view     " if number == 0 else "         ") + line), soft_wrap=True)

    @cached_property
    def _shown(self) -> dict[str, tuple[str, str]]:
        own = {self.score.metric: (self.score.metric, ".4g")} if self.score.metric else {}
        return {
            name: shown
            for name, shown in {**SHOWN, **{key: value for key, value in own.items() if key not in SHOWN}}.items()
            if all(name in result.metrics for result in self.finished)
        }

    def _row(self, result: PointResult) -> list[str]:
        settings = [result.point.settings.get(key, "") for key in self.swept]
        return settings + [f"{result.metrics[name]:{form}}" for name, (_, form) in self._shown.items()]
