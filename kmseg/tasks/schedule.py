"""Run scheduled jobs, each in a new process of the kmseg command."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kmseg.errors import UserError
from kmseg.pipeline.plan import Listing, Plan
from kmseg.scheduling.history import History, HistoryEntry
from kmseg.scheduling.runner import Runner
from kmseg.scheduling.schedule import Schedule

MAX_HISTORY_ROWS = 30
"""Number of runs that the history shows."""


@dataclass(frozen=True)
class ScheduleJobs:
    """Run or show the jobs of `schedule`, depending on `schedule.command`; writes no files into a run's folder."""

    def run(self, plan: Plan) -> Listing:
        """Carry out `schedule.command`."""
        from kmseg.scheduling.serve import serve, state_folder, stopped_by_signals

        schedule = plan.schedule
        if schedule is None:
            raise UserError("task=schedule needs a schedule; choose one with schedule=nightly")
        folder = state_folder()
        if schedule.command == "history":
            return list_history(schedule, History(folder))
        if schedule.command == "list":
            return list_jobs(schedule)
        runner = Runner(schedule.jobs, folder, overrides_for_jobs(plan.overrides))
        with stopped_by_signals() as stop:
            if schedule.command == "run-now":
                return run_now(runner, str(schedule.job), stop)
            print(f"{len(schedule.jobs)} jobs; state in {folder}; stop with Ctrl-C or SIGTERM", flush=True)
            serve(runner, stop)
        return Listing(("stopped",), ())


def overrides_for_jobs(overrides: Sequence[str]) -> list[str]:
    """Return the overrides of a command line without those for the scheduler itself.

    >>> overrides_for_jobs(["task=schedule", "schedule=nightly", "schedule.job=x", "dataset=folder"])
    ['dataset=folder']
    """
    return [word for word in overrides if word.lstrip("+~").partition("=")[0].split(".")[0] not in ("task", "schedule")]


def run_now(runner: Runner, name: str, stop: threading.Event) -> Listing:
    """Run one job now, in the foreground; the command exits with the run's exit code."""

    def stop_runner() -> None:
        stop.wait()
        runner.stop()

    threading.Thread(target=stop_runner, daemon=True).start()
    entry = runner.run_once(name, foreground=True)
    return Listing(("job", "outcome", "exit code", "seconds"), (_row(entry),), code=entry.code or 0)


def list_jobs(schedule: Schedule) -> Listing:
    """List the jobs with the time of the next run and the outcome of the last."""
    from kmseg.scheduling.serve import next_times, state_folder

    folder = state_folder()
    times = next_times(folder, schedule.jobs)
    last = {entry.job: entry for entry in History(folder).runs().values() if entry.outcome != "skipped"}
    rows = [
        (
            name,
            job.when,
            job.timezone or "local",
            _time(times[name]),
            f"{last[name].outcome} {_short(last[name].began)}" if name in last else "never",
            " ".join(job.overrides),
        )
        for name, job in schedule.jobs.items()
    ]
    return Listing(("job", "when", "time zone", "next", "last", "overrides"), tuple(rows))


def list_history(schedule: Schedule, history: History) -> Listing:
    """List the last runs of all jobs, or of one, including jobs that were removed from the schedule."""
    entries = [entry for entry in history.runs().values() if schedule.job in (None, entry.job)]
    rows = [
        (entry.began, entry.job, str(entry.attempt), entry.outcome, _code(entry), f"{entry.seconds:g}", entry.log)
        for entry in entries[-MAX_HISTORY_ROWS:]
    ]
    return Listing(("began", "job", "attempt", "outcome", "exit code", "seconds", "log"), tuple(rows))


def _row(entry: HistoryEntry) -> tuple[str, ...]:
    return entry.job, entry.outcome, _code(entry), f"{entry.seconds:g}"


def _code(entry: HistoryEntry) -> str:
    return "" if entry.code is None else str(entry.code)


def _time(time: datetime | None) -> str:
    return "never" if time is None else _short(time.isoformat())


def _short(time: str) -> str:
    """Return an ISO 8601 time without seconds and time zone."""
    return time[:16].replace("T", " ")
