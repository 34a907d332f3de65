"""Spool: calls that a tracking store has not taken, saved in kmseg's home folder and replayed later."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import home, write_json
from kmseg.trackers import TrackedRun
from kmseg.trackers.mlflow.errors import first_line

LOG = logging.getLogger("kmseg")

PREFIX = "spooled-"
"""Prefix of kmseg's own keys, which tells them from the run ids of a store."""


def now() -> int:
    """Return the Unix time in milliseconds, as in MLflow."""
    return int(time.time() * 1000)


@dataclass
class Record:
    """The record of one run.

    Attributes
    ----------
    uri, experiment : str
        Tracking store and experiment of the record.
    parent : str
        Key of the parent run, or "".
    run : str
        The store's run id, once it has created the run.
    calls : list
        Calls that the store has not taken yet: names and arguments of `TrackedRun`'s methods, in order.
    """

    uri: str
    experiment: str
    name: str
    tags: dict[str, str]
    parent: str = ""
    run: str = ""
    started: int = field(default_factory=now)
    id: str = field(default_factory=lambda: PREFIX + uuid.uuid4().hex)
    calls: list[list[Any]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The record's file in the spool."""
        return spool_folder() / f"{self.id}.json"

    def save(self) -> None:
        """Write the record to its file in the spool."""
        write_json(self.path, asdict(self))


def spool_folder() -> Path:
    """Return the folder of the spooled records."""
    return home() / "spool"


def spooled_records(uri: str) -> list[Record]:
    """Read the spooled records of a store, oldest first, so that a parent comes before its children."""
    records = [
        Record(**json.loads(path.read_text(encoding="utf-8"))) for path in spool_folder().glob(f"{PREFIX}*.json")
    ]
    return sorted((record for record in records if record.uri == uri), key=lambda record: record.started)


class SpooledRun:
    """A tracked run whose store is not open yet or may fail: calls are spooled meanwhile.

    Parameters
    ----------
    record : Record
        Collects the calls that the store did not take.
    start : callable
        Opens the store and starts the run in it.
    faults : callable
        Returns the exceptions of a failing store.
    refuse : callable or None
        Makes the error that ends the run if the store cannot be opened; if None, the run continues without it.
    due : callable
        Tells whether the store shall be opened: calls are spooled until then.
    """

    def __init__(
        self,
        record: Record,
        start: Callable[[], TrackedRun],
        faults: Callable[[], tuple[type[Exception], ...]],
        refuse: Callable[[Exception], UserError] | None,
        due: Callable[[], bool],
    ) -> None:
        self.record = record
        self.live: TrackedRun | None = None
        self.is_open = self.is_refused = False
        self._start, self._faults, self._refuse, self._due = start, faults, refuse, due

    def check(self) -> None:
        """Open the store once it is time; fail if that is not possible and the run requires it."""
        if not self.is_open and self._due():
            self.settle()

    def settle(self) -> None:
        """Open the store and make the spooled calls; fail if that is not possible and the run requires it."""
        if self.is_open:
            return
        faults = self._faults()
        try:
            self.live = self._start()
        except faults as fault:
            self.is_open = True
            if self._refuse is not None:
                self.is_refused = True
                raise self._refuse(fault) from fault
            LOG.warning("the MLflow store does not answer; the record of this run is spooled: %s", first_line(fault))
            return
        except UserError:
            self.is_open = self.is_refused = True
            raise
        self.is_open = True
        pending, self.record.calls = self.record.calls, []
        for method, *values in pending:
            self._call(method, *values)

    @property
    def key(self) -> str:
        """The key for `Tracker.reopen`."""
        self.settle()
        return self.record.run or self.record.id

    def describe(self, text: str) -> None:
        """Replace the description."""
        self._call("describe", text)

    def params(self, values: Mapping[str, Any]) -> None:
        """Record parameters."""
        self._call("params", {key: str(value) for key, value in values.items()})

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record metrics by name."""
        self._call("metrics", {key: float(value) for key, value in values.items()})

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Record a table under a file name."""
        self._call("table", name, {key: list(values) for key, values in columns.items()})

    def curve(self, name: str, points: Mapping[int, float]) -> None:
        """Record a metric at several steps."""
        self._call("curve", name, {step: float(value) for step, value in points.items()})

    def file(self, path: Path, under: str = "") -> None:
        """Record a file, if it exists."""
        self._call("file", str(path.absolute()), under)

    def model(self, folder: Path) -> None:
        """Record the segmenter of the run in `folder`."""
        self._call("model", str(folder.absolute()))

    def end(self, status: str) -> None:
        """Record how the run ended."""
        self.settle()
        self._call("end", status, now())

    def view(self) -> str:
        """Return the address of the tracked run, or of its spooled record."""
        self.settle()
        if self.live is not None:
            try:
                return self.live.view()
            except self._faults() as fault:
                self._lose(fault)
        return f"{self.record.path}\nspooled until {self.record.uri} answers; the next tracked run replays it"

    def _call(self, method: str, *values: Any) -> None:
        self.check()
        if self.live is not None:
            try:
                getattr(self.live, method)(*values)
                return
            except self._faults() as fault:
                self._lose(fault)
        self.record.calls.append([method, *values])

    def _lose(self, fault: Exception) -> None:
        """Spool from now on, and the earlier calls that a fault says were not taken."""
        LOG.warning("the MLflow store failed; the record of this run is spooled: %s", first_line(fault))
        self.live = None
        self.record.calls += getattr(fault, "calls", ())
