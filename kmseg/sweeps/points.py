"""One run of a sweep: its overrides, its folder and its status.

A run may happen in another process or on another machine and may be killed at any moment. So its status is read from
its folder, where the run writes it as its last step.
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
        Index of the run in the sweep, and name of its folder.
    overrides : sequence of str
        The overrides of the run, such as `clusterer.k=8`.
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

    def status(self) -> PointStatus | None:
        """Return the status of the run; None if it wrote none, or it cannot be read."""
        try:
            return PointStatus(**json.loads((self.folder / STATUS_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def metrics(self) -> dict[str, float]:
        """Return the metrics of a finished run."""
        figures: dict[str, float] = json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))
        return figures


@dataclass(frozen=True)
class PointStatus:
    """How a run of a sweep ended.

    Attributes
    ----------
    config : str
        Fingerprint of the run's config.
    failed : str
        The error message; empty if the run succeeded.
    """

    config: str
    failed: str = ""

    def write(self, folder: Path) -> None:
        """Write the status into the run's folder; the last step of a run."""
        write_json(folder / STATUS_FILE, {"config": self.config, "failed": self.failed})


def swept(points: Sequence[Point]) -> dict[str, list[str]]:
    """Return the settings in which the points differ, each with its values in their order."""
    values: dict[str, dict[str, None]] = {}
    for point in points:
        for key, value in point.settings.items():
            values.setdefault(key, {})[value] = None
    return {key: list(distinct) for key, distinct in values.items() if len(distinct) > 1}


def label(settings: Mapping[str, Any]) -> str:
    """Return a short name for settings: `k=8 images=5`."""
    return " ".join(f"{short(key)}={value}" for key, value in settings.items())


def short(key: str) -> str:
    """Return the last part of a setting's key: `k` for `clusterer.k`."""
    return key.lstrip("+~").rpartition(".")[2]


@dataclass(frozen=True)
class PointResult:
    """The result of one point: its metrics, or the error."""

    point: Point
    metrics: Mapping[str, float] = field(default_factory=dict)
    failed: str = ""

    @staticmethod
    def read(point: Point, error: str = "") -> PointResult:
        """Read the result from the point's folder; `error` is the launcher's, for a run that wrote no status."""
        status = point.status()
        if status is None:
            return PointResult(point, failed=error or "the run wrote no status; its process was killed")
        return PointResult(point, failed=status.failed) if status.failed else PointResult(point, point.metrics())
