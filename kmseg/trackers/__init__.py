"""Trackers: where runs are recorded, one file per option."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

PARENT = "KMSEG_PARENT_RUN"
"""Environment variable: the key of the parent run, set for the runs of a sweep."""


JOB = "KMSEG_JOB"
"""Environment variable: the name of the scheduled job that started this run."""


def parent_key() -> str:
    """Return the key of the parent run; empty if there is none."""
    return os.environ.get(PARENT, "")


class TrackedRun(Protocol):
    """A tracked run that is in progress."""

    @property
    def key(self) -> str:
        """The key for `Tracker.reopen`; empty if nothing is recorded."""

    def check(self) -> None:
        """Fail if the run cannot be tracked and must be; called often, so it returns immediately."""

    def describe(self, text: str) -> None:
        """Replace the description, which is Markdown."""

    def params(self, values: Mapping[str, Any]) -> None:
        """Record parameters."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record metrics by name."""

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Record a table under a file name."""

    def curve(self, name: str, points: Mapping[int, float]) -> None:
        """Record a metric at several steps."""

    def file(self, path: Path, under: str = "") -> None:
        """Record a file, if it exists, in the artifact folder `under`."""

    def model(self, folder: Path) -> None:
        """Record the segmenter of the run in `folder` as a model that can be loaded."""

    def view(self) -> str:
        """Return the address of the tracked run, or a command that shows it; empty if there is none."""


class Tracker(Protocol):
    """The protocol of a tracker."""

    def start(self, name: str, description: str, folder: Path) -> AbstractContextManager[TrackedRun]:
        """Start the tracked run of a run that writes to `folder`; it ends as finished or failed with the block."""

    def reopen(self, key: str) -> AbstractContextManager[TrackedRun]:
        """Continue a tracked run that was interrupted."""

    def pages(self, port: int) -> AbstractContextManager[tuple[str, Callable[[], object]]]:
        """Serve the tracker's pages; yield their address, and a function that waits until the server ends."""

    def forget(self, folder: Path) -> None:
        """Delete the tracked runs that wrote to `folder`, before it is written again."""
