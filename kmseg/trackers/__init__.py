"""Trackers: where the record of a run is kept, one file per option."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

PARENT = "KMSEG_PARENT_RUN"
"""Environment variable: the key of the record that new records are children of, as the runs of a sweep are."""


JOB = "KMSEG_JOB"
"""Environment variable: the name of the scheduled job whose run this is."""


def parent_key() -> str:
    """Return the key of the record that a new one is a child of; empty where there is none."""
    return os.environ.get(PARENT, "")


class TrackedRun(Protocol):
    """The record of one run, while it is being made."""

    @property
    def key(self) -> str:
        """By which `Tracker.reopen` finds the record again; empty where nothing is kept."""

    def describe(self, text: str) -> None:
        """Replace the description, which is Markdown."""

    def params(self, values: Mapping[str, Any]) -> None:
        """Record parameters, few and numeric where they can be."""

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record figures by name."""

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Record a table under a file name."""

    def curve(self, name: str, points: Mapping[int, float]) -> None:
        """Record a figure at each of several steps."""

    def file(self, path: Path, under: str = "") -> None:
        """Record a file, if it exists, in the folder `under` of the record."""

    def model(self, folder: Path) -> None:
        """Record the segmenter that a run left in `folder`, as something that can be loaded and asked for masks."""

    def view(self) -> str:
        """Tell how to look at the record: an address, or a command; empty where there is none."""


class Tracker(Protocol):
    """What every tracker does."""

    def start(self, name: str, description: str, folder: Path) -> AbstractContextManager[TrackedRun]:
        """Begin the record of a run that writes to `folder`; it ends well or as failed with the block."""

    def reopen(self, key: str) -> AbstractContextManager[TrackedRun]:
        """Go on with a record that was left, instead of beginning another."""

    def pages(self, port: int) -> AbstractContextManager[tuple[str, Callable[[], object]]]:
        """Serve the pages of the records; yield their address, and a function that returns when they end."""

    def forget(self, folder: Path) -> None:
        """Take back the records of runs that wrote to `folder`, since it is done anew."""
