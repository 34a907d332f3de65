"""Runs jobs: each as a fresh process, anew after a pause if it fails, and with a rule for runs that overlap."""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from kmseg.errors import DRIFTED, STOPPED, UserError
from kmseg.scheduling.history import Entry, History, now
from kmseg.scheduling.job import Job
from kmseg.scheduling.process import ENDS_WITHIN, run_process

OUTCOMES = {0: "done", DRIFTED: "drift", STOPPED: "stopped"}
"""What the exit codes of kmseg's command mean; any other is a failure."""

LOGS = 30
"""Logs kept of each job."""


class Runner:
    """Runs the jobs of a schedule.

    Parameters
    ----------
    jobs : mapping of str to Job
    folder : Path
        The state folder: history, logs, and a lock for each job.
    words : sequence of str
        Words of every run's command line, before the job's own.
    command : sequence of str
        The command; None is kmseg's own.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        folder: Path,
        words: Sequence[str] = (),
        command: Sequence[str] | None = None,
        ends_within: float = ENDS_WITHIN,
    ) -> None:
        self.jobs, self.folder, self.words = jobs, folder, words
        self.history = History(folder)
        self._command = (sys.executable, "-m", "kmseg") if command is None else command
        self._ends_within = ends_within
        self._stopping = threading.Event()
        self._again: set[str] = set()
        self._to_end: set[str] = set()

    def fire(self, name: str) -> None:
        """Run a job, with its retries; once more if its time came again meanwhile and the job waits for that."""
        self._again.discard(name)
        while True:
            self._to_end.discard(name)
            self._with_retries(name)
            if name not in self._again or self._stopping.is_set():
                return
            self._again.discard(name)

    def overlapped(self, name: str) -> None:
        """Do what the job says for a time that comes while its last run is still at work."""
        overlap = self.jobs[name].overlap
        if overlap == "skip":
            self._left_out(name)
            return
        self._again.add(name)
        if overlap == "stop":
            self._to_end.add(name)

    def run_once(self, name: str, attempt: int = 1, foreground: bool = False) -> Entry:
        """Run a job once, its output in a log, or `foreground` of the person who asked for it."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.folder / f"{name}.lock", timeout=0):
                return self._run(name, attempt, foreground)
        except Timeout:
            raise UserError(f"the job {name} is at work already; wait for its end") from None

    def stop(self) -> None:
        """Tell every run to end, and begin none any more."""
        self._stopping.set()

    def _with_retries(self, name: str) -> None:
        job = self.jobs[name]
        for attempt in range(1, job.retries + 2):
            if self._stopping.is_set():
                return
            try:
                entry = self.run_once(name, attempt)
            except UserError:  # a person runs it right now
                self._left_out(name)
                return
            if entry.outcome not in ("failed", "timed out") or attempt > job.retries:
                return
            until = time.monotonic() + job.pause_before(attempt)
            while time.monotonic() < until and name not in self._to_end:
                if self._stopping.wait(min(0.2, max(until - time.monotonic(), 0))):
                    return

    def _run(self, name: str, attempt: int, foreground: bool) -> Entry:
        job, run, began = self.jobs[name], uuid.uuid4().hex[:12], now()
        log = Path("logs") / name / f"{began.replace(':', '-')}-{run}.log"
        self.history.add(Entry(run, name, began, attempt, "running", log="" if foreground else str(log)))
        started = time.monotonic()
        words = [*self._command, *without_repeats([*self.words, *job.overrides])]
        environment = {"KMSEG_JOB": name, "PYTHONPATH": _import_path()}

        def should_stop() -> bool:
            return self._stopping.is_set() or name in self._to_end

        if not foreground:
            (self.folder / log).parent.mkdir(parents=True, exist_ok=True)
        with nullcontext() if foreground else (self.folder / log).open("wb") as output:
            limit = job.seconds["time_limit"]
            ended = run_process(words, environment, output, limit, should_stop, self._ends_within)
        self._keep_last_logs(name)
        entry = Entry(
            run,
            name,
            began,
            attempt,
            outcome=ended.early or OUTCOMES.get(ended.code, "failed"),
            code=ended.code,
            seconds=round(time.monotonic() - started, 1),
            log="" if foreground else str(log),
        )
        self.history.add(entry)
        return entry

    def _left_out(self, name: str) -> None:
        self.history.add(Entry(uuid.uuid4().hex[:12], name, now(), 1, "skipped"))

    def _keep_last_logs(self, name: str) -> None:
        logs = sorted((self.folder / "logs" / name).glob("*.log"), key=lambda log: log.stat().st_mtime_ns)
        for log in logs[:-LOGS]:
            with suppress(OSError):
                log.unlink()


def without_repeats(words: Sequence[str]) -> list[str]:
    """Leave out a word whose setting a later one sets again.

    >>> without_repeats(["dataset=folder", "tracker=none", "tracker=mlflow"])
    ['dataset=folder', 'tracker=mlflow']
    """
    last = {word.lstrip("+~").partition("=")[0]: number for number, word in enumerate(words)}
    return [words[number] for number in sorted(last.values())]


def _import_path() -> str:
    """Return a PYTHONPATH by which the process finds this very package, also where it is not installed."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
