"""Records that outlast their store: what it does not take is kept in kmseg's home folder until it is handed in."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kmseg.files import home, write_json
from kmseg.trackers import TrackedRun
from kmseg.trackers.mlflow.errors import first_line

LOG = logging.getLogger("kmseg")

PREFIX = "kept-"
"""What our own keys begin with; the keys that a store gives to its runs do not."""


def now() -> int:
    """Return the time in milliseconds, as MLflow counts it."""
    return int(time.time() * 1000)


@dataclass
class Record:
    """What is to be recorded of one run.

    Attributes
    ----------
    uri, experiment : str
        Where the record belongs.
    parent : str
        Key of the record that it is a child of, or nothing.
    run : str
        The store's own key, once it has given one.
    calls : list
        What the store has not taken yet: the names and arguments of `TrackedRun`'s methods, in order.
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
        """The file that keeps it."""
        return spool_folder() / f"{self.id}.json"

    def keep(self) -> None:
        """Write it to its file, from which it is handed in later."""
        write_json(self.path, asdict(self))


def spool_folder() -> Path:
    """Return the folder of the records that wait to be handed in."""
    return home() / "spool"


def spooled_records(uri: str) -> list[Record]:
    """Read the records that wait for a store, the oldest first, so that a parent comes before its children."""
    records = [
        Record(**json.loads(path.read_text(encoding="utf-8"))) for path in spool_folder().glob(f"{PREFIX}*.json")
    ]
    return sorted((record for record in records if record.uri == uri), key=lambda record: record.started)


class SpooledRun:
    """The record of a run whose store may die: from then on what it is told is kept.

    Parameters
    ----------
    record : Record
        Gathers what the store did not take.
    faults : tuple of exception types
        The errors by which a store shows that it cannot take something.
    """

    def __init__(self, record: Record, faults: tuple[type[Exception], ...]) -> None:
        self.record = record
        self.live: TrackedRun | None = None
        self._faults = faults

    @property
    def key(self) -> str:
        """By which the tracker finds the record again."""
        return self.record.run or self.record.id

    def describe(self, text: str) -> None:
        """Replace the description."""
        self._tell("describe", text)

    def params(self, values: Mapping[str, Any]) -> None:
        """Record parameters."""
        self._tell("params", {key: str(value) for key, value in values.items()})

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record figures by name."""
        self._tell("metrics", {key: float(value) for key, value in values.items()})

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Record a table under a file name."""
        self._tell("table", name, {key: list(values) for key, values in columns.items()})

    def curve(self, name: str, points: Mapping[int, float]) -> None:
        """Record a figure at each of several steps."""
        self._tell("curve", name, {step: float(value) for step, value in points.items()})

    def file(self, path: Path, under: str = "") -> None:
        """Record a file, if it exists."""
        self._tell("file", str(path.absolute()), under)

    def model(self, folder: Path) -> None:
        """Record the segmenter that a run left in `folder`."""
        self._tell("model", str(folder.absolute()))

    def end(self, status: str) -> None:
        """Say how the run ended."""
        self._tell("end", status, now())

    def view(self) -> str:
        """Tell how to look at the record, or where it is kept meanwhile."""
        if self.live is not None:
            return self.live.view()
        return f"{self.record.path}\nkept there until {self.record.uri} answers; the next tracked run hands it in"

    def _tell(self, call: str, *values: Any) -> None:
        if self.live is not None:
            try:
                getattr(self.live, call)(*values)
                return
            except self._faults as fault:
                LOG.warning("the record of this run is kept, since its store failed: %s", first_line(fault))
                self.live = None
        self.record.calls.append([call, *values])
