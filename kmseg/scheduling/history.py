"""History of the runs of all jobs: JSON lines in the state folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

MAX_LINES = 10_000
"""Lines of the history beyond which a starting scheduler shortens it to half."""


@dataclass(frozen=True)
class HistoryEntry:
    """The start or the end of a run of a job.

    Attributes
    ----------
    run : str
        Key of the run; its two entries share it.
    began : str
        Start time, ISO 8601 with UTC offset.
    attempt : int
        1 for the first attempt, 2 for the first retry, ...
    outcome : str
        `running`, then `done`, `drift`, `failed`, `timed out` or `stopped`; `skipped` for a run that did not start.
    code : int or None
        Exit code of the process.
    seconds : float
        Run time in seconds.
    log : str
        Log file of its output, relative to the state folder.
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
    """The history file; each line is written atomically, so that several processes may append."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "history.jsonl"

    def add(self, entry: HistoryEntry) -> None:
        """Add an entry."""
        line = json.dumps(asdict(entry), ensure_ascii=False) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)

    def runs(self) -> dict[str, HistoryEntry]:
        """Return the last entry of every run by its key, ordered by start."""
        return {entry.run: entry for entry in self._entries()}

    def interrupted(self) -> list[str]:
        """Return the jobs whose last run started and never ended, as after a power failure."""
        last = {entry.job: entry for entry in self.runs().values() if entry.outcome != "skipped"}
        return [job for job, entry in last.items() if entry.outcome == "running"]

    def shorten(self) -> None:
        """Drop the oldest lines; only the scheduler calls it, when it starts."""
        from kmseg.files import write_text

        if self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            if len(lines) > MAX_LINES:
                write_text(self.path, "".join(lines[-MAX_LINES // 2 :]))

    def _entries(self) -> Iterator[HistoryEntry]:
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
                entry = HistoryEntry(**values)
            except (ValueError, TypeError):  # incomplete after a power failure
                continue
            yield entry


def now() -> str:
    """Return the local time in ISO 8601, to the second, with UTC offset."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
