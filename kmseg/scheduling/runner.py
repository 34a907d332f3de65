"""Run jobs: each as a new process, with retries and a rule for overlapping runs."""

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
from kmseg.scheduling.history import History, HistoryEntry, now
from kmseg.scheduling.job import Job
from kmseg.scheduling.process import STOP_TIMEOUT, run_process

OUTCOMES = {0: "done", DRIFTED: "drift", STOPPED: "stopped"}
"""Outcomes by the exit code of the kmseg command; any other is a failure."""

LOGS_PER_JOB = 30
"""Newest logs of each job; older ones are deleted."""


class Runner:
    """Runs the jobs of a schedule.

    Parameters
    ----------
    jobs : mapping of str to Job
    folder : Path
        The state folder: history, logs, and a lock for each job.
    words : sequence of str
        Overrides of every run's command line, before the job's own.
    command : sequence of str
        The command; None is the kmseg command.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        folder: Path,
        words: Sequence[str] = (),
        command: Sequence[str] | None = None,
        stop_timeout: float = STOP_TIMEOUT,
    ) -> None:
        self.jobs, self.folder, self.words = jobs, folder, words
        self.history = History(folder)
        self._command = (sys.executable, "-m", "kmseg") if command is None else command
        self._stop_timeout = stop_timeout
        self._stopping = threading.Event()
        self._repeat: set[str] = set()
        self._stop_requested: set[str] = set()

    def fire(self, name: str) -> None:
        """Run a job with its retries; repeat it if its time came again meanwhile and its overlap rule is not `skip`."""
        self._repeat.discard(name)
        while True:
            self._stop_requested.discard(name)
            self._with_retries(name)
            if name not in self._repeat or self._stopping.is_set():
                return
            self._repeat.discard(name)

    def overlapped(self, name: str) -> None:
        """Apply the job's overlap rule to a time that comes while its last run is active."""
        overlap = self.jobs[name].overlap
        if overlap == "skip":
            self._record_skipped(name)
            return
        self._repeat.add(name)
        if overlap == "stop":
            self._stop_requested.add(name)

    def run_once(self, name: str, attempt: int = 1, foreground: bool = False) -> HistoryEntry:
        """Run a job once, with its output in a log, or in the terminal if `foreground`."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.folder / f"{name}.lock", timeout=0):
                return self._run(name, attempt, foreground)
        except Timeout:
            raise UserError(f"the job {name} is already running; wait until it ends") from None

    def stop(self) -> None:
        """Stop every run and start no more."""
        self._stopping.set()

    def _with_retries(self, name: str) -> None:
        job = self.jobs[name]
        for attempt in range(1, job.retries + 2):
            if self._stopping.is_set():
                return
            try:
                entry = self.run_once(name, attempt)
            except UserError:  # a user runs it right now with run-now
                self._record_skipped(name)
                return
            if entry.outcome not in ("failed", "timed out") or attempt > job.retries:
                return
            until = time.monotonic() + job.pause_before(attempt)
            while time.monotonic() < until and name not in self._stop_requested:
                if self._stopping.wait(min(0.2, max(until - time.monotonic(), 0))):
                    return

    def _run(self, name: str, attempt: int, foreground: bool) -> HistoryEntry:
        job, run, began = self.jobs[name], uuid.uuid4().hex[:12], now()
        log = Path("logs") / name / f"{began.replace(':', '-')}-{run}.log"
        self.history.add(HistoryEntry(run, name, began, attempt, "running", log="" if foreground else str(log)))
        started = time.monotonic()
        words = [*self._command, *without_repeats([*self.words, *job.overrides])]
        environment = {"KMSEG_JOB": name, "PYTHONPATH": _import_path()}

        def should_stop() -> bool:
            return self._stopping.is_set() or name in self._stop_requested

        if not foreground:
            (self.folder / log).parent.mkdir(parents=True, exist_ok=True)
        with nullcontext() if foreground else (self.folder / log).open("wb") as output:
            limit = job.seconds["time_limit"]
            ended = run_process(words, environment, output, limit, should_stop, self._stop_timeout)
        self._keep_last_logs(name)
        entry = HistoryEntry(
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

    def _record_skipped(self, name: str) -> None:
        self.history.add(HistoryEntry(uuid.uuid4().hex[:12], name, now(), 1, "skipped"))

    def _keep_last_logs(self, name: str) -> None:
        logs = sorted((self.folder / "logs" / name).glob("*.log"), key=lambda log: log.stat().st_mtime_ns)
        for log in logs[:-LOGS_PER_JOB]:
            with suppress(OSError):
                log.unlink()


def without_repeats(words: Sequence[str]) -> list[str]:
    """Drop overrides whose setting a later one sets again.

    >>> without_repeats(["dataset=folder", "tracker=none", "tracker=mlflow"])
    ['dataset=folder', 'tracker=mlflow']
    """
    last = {word.lstrip("+~").partition("=")[0]: number for number, word in enumerate(words)}
    return [words[number] for number in sorted(last.values())]


def _import_path() -> str:
    """Return a PYTHONPATH that includes this package, which may not be installed."""
    root = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
