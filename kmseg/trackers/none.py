"""No tracking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.trackers import TrackedRun


@dataclass(frozen=True)
class NoTracker:
    """Records nothing."""

    def start(self, name: str, description: str, folder: Path) -> AbstractContextManager[TrackedRun]:
        """Return a tracked run that records nothing."""
        return nullcontext(_Unrecorded())

    def reopen(self, key: str) -> AbstractContextManager[TrackedRun]:
        """Return a tracked run that records nothing."""
        return nullcontext(_Unrecorded())

    def pages(self, port: int) -> AbstractContextManager[tuple[str, Callable[[], object]]]:
        """Raise `UserError`: there are no pages."""
        raise UserError("tracker=none records nothing, so there are no pages to show; leave tracker=none out")

    def forget(self, folder: Path) -> None:
        """Do nothing, since nothing was recorded."""


class _Unrecorded:
    key = ""

    def check(self) -> None: ...
    def describe(self, text: str) -> None: ...
    def params(self, values: Mapping[str, Any]) -> None: ...
    def metrics(self, values: Mapping[str, float]) -> None: ...
    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None: ...
    def curve(self, name: str, points: Mapping[int, float]) -> None: ...
    def file(self, path: Path, under: str = "") -> None: ...
    def model(self, folder: Path) -> None: ...
    def view(self) -> str:
        return ""
