"""What became of every run of every job: lines of JSON in the state folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

KEPT = 10_000
"""Lines of the history that are kept when a scheduler starts."""


@dataclass(frozen=True)
class Entry:
    """A run of a job that began, or came to an end.

    Attributes
    ----------
    run : str
        Key of the run; the two entries of a run share it.
    began : str
        Time, with the offset of its zone.
    attempt : int
        1, and one more with each retry.
    outcome : str
        `running`, until another entry says `done`, `drift`, `failed`, `timed out`, `stopped`, or `skipped` for a run
        that was left out.
    code : int or None
        Exit code of the process.
    seconds : float
        How long it ran.
    log : str
        What it printed, below the state folder.
    """

    run: str
    job: str
    began: str
    attempt: int
    outcome: str
    code: int | None = None
    seconds: float = 0.0
    log: str = ""


class History:
    """The history in one file; every line is written at once, so that several processes may write."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "history.jsonl"

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        line = json.dumps(asdict(entry), ensure_ascii=False) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)

    def runs(self) -> dict[str, Entry]:
        """Return the last entry of every run by its key, in the order in which they began."""
        return {entry.run: entry for entry in self._entries()}

    def cut_off(self) -> list[str]:
        """Return the jobs whose last run began and never came to an end, as when the machine went down."""
        last = {entry.job: entry for entry in self.runs().values() if entry.outcome != "skipped"}
        return [job for job, entry in last.items() if entry.outcome == "running"]

    def shorten(self) -> None:
        """Leave out all but the last lines; for the one scheduler, when it starts."""
        from kmseg.files import write_text

        if self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            if len(lines) > KEPT:
                write_text(self.path, "".join(lines[-KEPT // 2 :]))

    def _entries(self) -> Iterator[Entry]:
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
                entry = Entry(**values)
            except (ValueError, TypeError):  # cut off by a power failure
                continue
            yield entry


def now() -> str:
    """Return the time, to the second, with the offset of the machine's zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
