"""The scheduler: keeps the times of the jobs in its state folder, and runs them until it is told to end."""

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

_AT_WORK: dict[str, Runner] = {}
"""The runner of each state folder; the store keeps the function `_fire` and names, and no objects of ours."""


def state_folder() -> Path:
    """Return the folder of the times, the history and the logs, which is made if it is not there."""
    folder = home() / "schedule"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def serve(runner: Runner, stop: threading.Event) -> None:
    """Run the jobs at their times until `stop` is set; then end the runs at work, in order.

    A run that was missed, or cut off with the scheduler, is made up for once.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(runner.folder / "scheduler.lock", timeout=0):
            _serve(runner, stop)
    except Timeout:
        raise UserError(
            f"another scheduler is at work on {runner.folder}; end it first, or set KMSEG_HOME to a folder of its own"
        ) from None


def _serve(runner: Runner, stop: threading.Event) -> None:
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED

    _AT_WORK[str(runner.folder)] = runner
    runner.history.shorten()
    cut_off = runner.history.cut_off()
    with opened(runner.folder, threads=len(runner.jobs) + 1) as scheduler:
        scheduler.add_listener(lambda event: runner.overlapped(event.job_id), EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(_say_what_is_wrong, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
        keep_times(scheduler, runner.jobs, str(runner.folder))
        for name in set(cut_off) & set(runner.jobs):
            scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        scheduler.resume()
        try:
            stop.wait()
        finally:
            runner.stop()
    _AT_WORK.pop(str(runner.folder), None)


def _say_what_is_wrong(event: JobExecutionEvent) -> None:
    LOG.error("the job %s was not run: %s", event.job_id, event.exception or "its time is too long past")


@contextmanager
def opened(folder: Path, threads: int = 1) -> Iterator[BackgroundScheduler]:
    """Yield APScheduler on the state folder's store, started and paused; close it at the end of the runs at work."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # what it says is in the history
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(f"sqlite:///{folder / 'times.db'}")},
        executors={"default": ThreadPoolExecutor(threads)},
    )
    scheduler.start(paused=True)
    try:
        yield scheduler
    finally:
        scheduler.pause()
        # Closing goes over the jobs once more and takes what is due by then for done; so the store goes first.
        scheduler.remove_jobstore("default")
        scheduler.shutdown(wait=True)


def keep_times(scheduler: BackgroundScheduler, jobs: Mapping[str, Job], folder: str) -> None:
    """Add the jobs that are new or have other times than before; forget those that are no more.

    A job whose times are as they were is left alone: when it was due last is what tells that a run was missed.
    """
    known = {job.id: job for job in scheduler.get_jobs()}
    for name in known.keys() - jobs.keys():
        scheduler.remove_job(name)
    for name, job in jobs.items():
        settings: dict[str, Any] = {"misfire_grace_time": _whole(job.seconds["grace"]), "coalesce": True}
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
    """Return when each job is due next: as the state folder has it, else as if a scheduler started now."""
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
    """Yield an event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fire(folder: str, name: str, timing: str) -> None:
    """What the store names as the function of every job."""
    _AT_WORK[folder].fire(name)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else max(int(seconds), 1)
