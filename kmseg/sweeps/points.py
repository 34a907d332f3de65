"""One run of a sweep: what it changes, the folder it has, and how it ended, as its folder tells.

A run may happen in another process or on another machine, and be cut off at any moment. So it is the folder that says
what became of it: a run writes its end there, last of all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmseg.files import write_json

STATUS_FILE = "point.json"


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Attributes
    ----------
    number : int
        Its place in the sweep, and the name of its folder.
    overrides : sequence of str
        The whole command line of the run, such as `clusterer.k=8`.
    folder : Path
        Where the run writes.
    """

    number: int
    overrides: tuple[str, ...]
    folder: Path

    @property
    def settings(self) -> dict[str, str]:
        """The overrides by key."""
        return dict(override.split("=", 1) for override in self.overrides if "=" in override)

    def end(self) -> PointStatus | None:
        """Return how the run ended; None if it never did, or what it left cannot be read."""
        try:
            return PointStatus(**json.loads((self.folder / STATUS_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def metrics(self) -> dict[str, float]:
        """Return the figures of a run that has finished."""
        figures: dict[str, float] = json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))
        return figures


@dataclass(frozen=True)
class PointStatus:
    """How a run of a sweep ended.

    Attributes
    ----------
    config : str
        Fingerprint of the config that the run had.
    failed : str
        Why it failed, in a sentence; empty if it went well.
    """

    config: str
    failed: str = ""

    def write(self, folder: Path) -> None:
        """Leave word in the run's folder; the last thing that a run does."""
        write_json(folder / STATUS_FILE, {"config": self.config, "failed": self.failed})


def swept(points: Sequence[Point]) -> dict[str, list[str]]:
    """Return the settings in which the points differ, each with its values in their order."""
    values: dict[str, dict[str, None]] = {}
    for point in points:
        for key, value in point.settings.items():
            values.setdefault(key, {})[value] = None
    return {key: list(held) for key, held in values.items() if len(held) > 1}


def label(settings: Mapping[str, Any]) -> str:
    """Name settings in few words: `k=8 images=5`."""
    return " ".join(f"{short(key)}={value}" for key, value in settings.items())


def short(key: str) -> str:
    """Return the last part of a setting's key: `k` for `clusterer.k`."""
    return key.lstrip("+~").rpartition(".")[2]


@dataclass(frozen=True)
class Result:
    """What became of one point: its figures, or why it failed."""

    point: Point
    metrics: Mapping[str, float] = field(default_factory=dict)
    failed: str = ""

    @staticmethod
    def of(point: Point, died: str = "") -> Result:
        """Read what the point's folder tells; `died` is why a run may have left no word."""
        end = point.end()
        if end is None:
            return Result(point, failed=died or "the run left no word; its process was killed")
        return Result(point, failed=end.failed) if end.failed else Result(point, point.metrics())
