"""Jobs that run by themselves at their times, each in a fresh process of kmseg's command."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kmseg.errors import UserError
from kmseg.pipeline.plan import Listing, Plan
from kmseg.scheduling.history import Entry, History
from kmseg.scheduling.runner import Runner
from kmseg.scheduling.schedule import Schedule

SHOWN = 30
"""Runs that the history shows."""


@dataclass(frozen=True)
class ScheduleJobs:
    """Runs the jobs of `schedule`, or shows them, as `schedule.command` says; it leaves no files in a run's folder."""

    def run(self, plan: Plan) -> Listing:
        """Do what `schedule.command` says."""
        from kmseg.scheduling.serve import serve, state_folder, stopped_by_signals

        schedule = plan.schedule
        if schedule is None:
            raise UserError("task=schedule needs a schedule; choose one with schedule=nightly")
        folder = state_folder()
        if schedule.command == "history":
            return history(schedule, History(folder))
        if schedule.command == "list":
            return listed(schedule)
        runner = Runner(schedule.jobs, folder, words_for_runs(plan.overrides))
        with stopped_by_signals() as stop:
            if schedule.command == "run-now":
                return run_now(runner, str(schedule.job), stop)
            print(f"{len(schedule.jobs)} jobs; state in {folder}; stop with Ctrl-C or SIGTERM", flush=True)
            serve(runner, stop)
        return Listing(("stopped",), ())


def words_for_runs(words: Sequence[str]) -> list[str]:
    """Leave out the words of a command line that are for the scheduler itself.

    >>> words_for_runs(["task=schedule", "schedule=nightly", "schedule.job=x", "dataset=folder"])
    ['dataset=folder']
    """
    return [word for word in words if word.lstrip("+~").partition("=")[0].split(".")[0] not in ("task", "schedule")]


def run_now(runner: Runner, name: str, stop: threading.Event) -> Listing:
    """Run one job at once, in sight; the command ends with the exit code of the run."""

    def end_in_order() -> None:
        stop.wait()
        runner.stop()

    threading.Thread(target=end_in_order, daemon=True).start()
    entry = runner.run_once(name, foreground=True)
    return Listing(("job", "outcome", "exit code", "seconds"), (_row(entry),), code=entry.code or 0)


def listed(schedule: Schedule) -> Listing:
    """Show the jobs, when they run next, and what became of their last runs."""
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


def history(schedule: Schedule, history: History) -> Listing:
    """Show the last runs of all jobs, or of one; also of jobs that the schedule has no more."""
    entries = [entry for entry in history.runs().values() if schedule.job in (None, entry.job)]
    rows = [
        (entry.began, entry.job, str(entry.attempt), entry.outcome, _code(entry), f"{entry.seconds:g}", entry.log)
        for entry in entries[-SHOWN:]
    ]
    return Listing(("began", "job", "attempt", "outcome", "exit code", "seconds", "log"), tuple(rows))


def _row(entry: Entry) -> tuple[str, ...]:
    return entry.job, entry.outcome, _code(entry), f"{entry.seconds:g}"


def _code(entry: Entry) -> str:
    return "" if entry.code is None else str(entry.code)


def _time(time: datetime | None) -> str:
    return "never" if time is None else _short(time.isoformat())


def _short(time: str) -> str:
    """Leave out the seconds and the zone of a time in ISO 8601."""
    return time[:16].replace("T", " ")
