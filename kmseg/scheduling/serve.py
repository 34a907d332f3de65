"""The scheduler: store the times of the jobs in the state folder and run them until it is stopped."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmseg.errors import UserError
from kmseg.files import home
from kmseg.scheduling.job import Job
from kmseg.scheduling.runner import Runner

if TYPE_CHECKING:
    from apscheduler.events import JobExecutionEvent
    from apscheduler.schedulers.background import BackgroundScheduler

LOG = logging.getLogger("kmseg")

_RUNNERS: dict[str, Runner] = {}
"""The runner of each state folder. APScheduler's store pickles the trigger of a job, the function `_fire` and its
arguments; the runner itself is looked up here."""


def state_folder() -> Path:
    """Return the folder of times, history and logs; created if it does not exist."""
    folder = home() / "schedule"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def serve(runner: Runner, stop: threading.Event) -> None:
    """Run the jobs at their times until `stop` is set; then stop the active runs cleanly.

    A job whose runs were missed or interrupted is caught up once.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(runner.folder / "scheduler.lock", timeout=0):
            _serve(runner, stop)
    except Timeout:
        raise UserError(
            f"another scheduler uses {runner.folder}; stop it, or set KMSEG_HOME to a folder of its own"
        ) from None


def _serve(runner: Runner, stop: threading.Event) -> None:
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED

    _RUNNERS[str(runner.folder)] = runner
    runner.history.shorten()
    interrupted = runner.history.interrupted()
    with opened(runner.folder, threads=len(runner.jobs) + 1) as scheduler:
        scheduler.add_listener(lambda event: runner.overlapped(event.job_id), EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(_log_failure, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        update_times(scheduler, runner.jobs, str(runner.folder))
        for name in set(interrupted) & set(runner.jobs):
            scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        scheduler.resume()
        try:
            stop.wait()
        finally:
            runner.stop()
    _RUNNERS.pop(str(runner.folder), None)


def _log_failure(event: JobExecutionEvent) -> None:
    LOG.error("the job %s was not run: %s", event.job_id, event.exception or "it is later than its grace time")


@contextmanager
def opened(folder: Path, threads: int = 1) -> Iterator[BackgroundScheduler]:
    """Yield a paused APScheduler on the state folder's store; at the end wait for active runs and close it."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # reported in the history
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(f"sqlite:///{folder / 'times.db'}")},
        executors={"default": ThreadPoolExecutor(threads)},
    )
    scheduler.start(paused=True)
    try:
        yield scheduler
    finally:
        scheduler.pause()
        # shutdown() marks jobs that are due as done; remove the store first.
        scheduler.remove_jobstore("default")
        scheduler.shutdown(wait=True)


def update_times(scheduler: BackgroundScheduler, jobs: Mapping[str, Job], folder: str) -> None:
    """Add jobs that are new or have changed times; remove those that no longer exist.

    A job with unchanged times keeps its stored next time, from which missed runs are detected.
    """
    known = {job.id: job for job in scheduler.get_jobs()}
    for name in known.keys() - jobs.keys():
        scheduler.remove_job(name)
    for name, job in jobs.items():
        settings: dict[str, Any] = {"misfire_grace_time": _to_integer(job.seconds["grace"]), "coalesce": True}
        if name in known and known[name].kwargs.get("timing") == job.timing:
            scheduler.modify_job(name, **settings)
            continue
        scheduler.add_job(
            _fire,
            job.trigger(),
            id=name,
            name=name,
            args=[folder, name],
            kwargs={"timing": job.timing},
            max_instances=1,
            replace_existing=True,
            **settings,
        )


def next_times(folder: Path, jobs: Mapping[str, Job]) -> dict[str, datetime | None]:
    """Return the next time of each job: from the state folder, else as if a scheduler started now."""
    with opened(folder) as scheduler:
        known = {job.id: job for job in scheduler.get_jobs()}
    return {
        name: known[name].next_run_time
        if name in known and known[name].kwargs.get("timing") == job.timing
        else job.trigger().get_next_fire_time(None, datetime.now(UTC))
        for name, job in jobs.items()
    }


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Yield an event that is set by SIGTERM and Ctrl-C."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fire(folder: str, name: str, timing: str) -> None:
    """Run a job; the function that APScheduler's store refers to."""
    _RUNNERS[folder].fire(name)


def _to_integer(seconds: float | None) -> int | None:
    return None if seconds is None else max(int(seconds), 1)
