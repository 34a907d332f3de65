"""Trackers: where the record of a run is kept, one file per option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class TrackedRun(Protocol):
    """The record of one run, while it is being made."""

    def params(self, values: Mapping[str, Any]) -> None:
        """Record parameters, few and numeric where they can be."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record figures by name."""

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Record a table under a file name."""

    def file(self, path: Path) -> None:
        """Record a file, if it exists."""

    def view(self) -> str:
        """Tell how to look at the record; empty where there is nothing to look at."""


class Tracker(Protocol):
    """What every tracker does."""

    def start(self, name: str, description: str) -> AbstractContextManager[TrackedRun]:
        """Begin the record of a run; it ends well or as failed with the block."""
