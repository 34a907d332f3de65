"""Jobs run at their times; what is missed, fails, hangs or overlaps is dealt with as they say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from kmseg.errors import UserError
from kmseg.scheduling.history import History, HistoryEntry
from kmseg.scheduling.job import Job
from kmseg.scheduling.runner import Runner
from kmseg.scheduling.schedule import Schedule
from kmseg.scheduling.serve import next_times as next_times_of
from kmseg.scheduling.serve import opened, serve, update_times
from tests.conftest import REPO
from tests.support.crashes import Forked, noisy_labels

PATIENCE = 60


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_run_now_needs_an_existing_job():
    jobs = {"a": Job(interval=5), "b": Job(interval=5)}
    with pytest.raises(UserError, match=r"run-now needs a job's name; give schedule.job=a or b"):
        Schedule(jobs, command="run-now")
    with pytest.raises(UserError, match=r"schedule.job is 'c'; the schedule has a, b"):
        Schedule(jobs, command="run-now", job="c")
    with pytest.raises(UserError, match=r"a job is named '../x'"):
        Schedule({"../x": Job(interval=5)})


# Runs: a few lines of Python stand for kmseg's command


def runner(folder: Path, code: str = "", stop_timeout: float = PATIENCE, **job) -> Runner:
    """Make a runner of one job, `job`, whose command runs `code` with `folder` as its first word."""
    settings = {"interval": 3600, "pause": 0.01, **job}
    words = [sys.executable, "-c", f"import os, signal, sys, time\nfolder = sys.argv[1]\n{code}", str(folder)]
    return Runner({"job": Job(**settings)}, folder, (), words, stop_timeout)


def outcomes(folder: Path) -> list[str]:
    return [entry.outcome for entry in History(folder).runs().values()]


@contextmanager
def served(runner: Runner):
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(runner, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


LINE = "open(f'{folder}/ran', 'a').write('x')\n"
"""Leaves a mark for every run."""

HANG = LINE + "open(f'{folder}/pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"


def ran(folder: Path) -> int:
    path = folder / "ran"
    return len(path.read_text()) if path.exists() else 0


def test_a_run_that_fails_is_retried_and_one_with_drift_is_not(tmp_path):
    code = LINE + "sys.exit(0 if len(open(f'{folder}/ran').read()) == 3 else 1)"
    runner(tmp_path, code, retries=4).fire("job")
    assert outcomes(tmp_path) == ["failed", "failed", "done"]
    assert [entry.attempt for entry in History(tmp_path).runs().values()] == [1, 2, 3]
    drifting = runner(tmp_path / "b", "sys.exit(3)", retries=4)
    drifting.folder.mkdir()
    drifting.fire("job")
    assert outcomes(tmp_path / "b") == ["drift"]


def test_each_pause_is_twice_the_one_before():
    job = Job(interval=5, pause="10s", retries=3)
    assert [job.pause_before(retry) for retry in (1, 2, 3)] == [10, 20, 40]


def test_retries_end(tmp_path):
    runner(tmp_path, "sys.exit(1)", retries=2).fire("job")
    assert outcomes(tmp_path) == ["failed"] * 3


def test_the_output_of_a_run_is_logged_and_old_logs_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr("kmseg.scheduling.runner.LOGS_PER_JOB", 2)
    printing = runner(tmp_path, "print('hello'); print('oh', file=sys.stderr)")
    for _ in range(3):
        printing.fire("job")
    oldest, *kept = History(tmp_path).runs().values()
    assert set((tmp_path / kept[-1].log).read_text().split()) == {"hello", "oh"}
    assert [(tmp_path / entry.log).exists() for entry in (oldest, *kept)] == [False, True, True]


def test_a_run_that_takes_too_long_is_ended_with_its_children(tmp_path):
    import psutil

    child = "import subprocess\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    child += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    hanging = runner(tmp_path, child + HANG, stop_timeout=0.2, time_limit=3, retries=0)
    thread = threading.Thread(target=hanging.fire, args=("job",))
    thread.start()
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    children = psutil.Process(int((tmp_path / "pid").read_text())).children()
    thread.join(PATIENCE)
    assert outcomes(tmp_path) == ["timed out"]
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert children
    assert not alive


def test_child_processes_of_a_run_end_with_it(tmp_path):
    import psutil

    child = "import subprocess\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    runner(tmp_path, child + "open(f'{folder}/pid', 'w').write(str(child.pid))").fire("job")
    assert outcomes(tmp_path) == ["done"]
    left = int((tmp_path / "pid").read_text())
    wait_for(lambda: not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE)


def test_an_overlapping_run_is_skipped(tmp_path):
    with served(runner(tmp_path, HANG, interval=1)):
        wait_for(lambda: "skipped" in outcomes(tmp_path))
    assert ran(tmp_path) == 1
    assert "stopped" in outcomes(tmp_path)


def test_an_overlapping_run_waits_with_overlap_wait(tmp_path):
    code = (
        LINE + "while len(open(f'{folder}/ran').read()) == 1 and not os.path.exists(f'{folder}/go'): time.sleep(0.02)"
    )
    waiting = runner(tmp_path, code, interval=3600, overlap="wait")
    thread = threading.Thread(target=waiting.fire, args=("job",))
    thread.start()
    wait_for(lambda: ran(tmp_path) == 1)
    waiting.overlapped("job")
    waiting.overlapped("job")
    assert outcomes(tmp_path) == ["running"]
    (tmp_path / "go").touch()
    thread.join(PATIENCE)
    assert outcomes(tmp_path) == ["done", "done"]  # once more, and not twice


def test_an_overlapping_run_stops_the_last_with_overlap_stop(tmp_path):
    code = LINE + "if len(open(f'{folder}/ran').read()) == 1: time.sleep(600)"
    replacing = runner(tmp_path, code, overlap="stop")
    thread = threading.Thread(target=replacing.fire, args=("job",))
    thread.start()
    wait_for(lambda: ran(tmp_path) == 1)
    replacing.overlapped("job")
    thread.join(PATIENCE)
    assert outcomes(tmp_path) == ["stopped", "done"]


def set_due(folder: Path, job: Job, due: datetime) -> None:
    """Leave a store as a scheduler that was down at `due` has it."""
    with opened(folder) as scheduler:
        update_times(scheduler, {"job": job}, str(folder))
        scheduler.modify_job("job", next_run_time=due)


def test_missed_runs_are_caught_up_once(tmp_path):
    missed = runner(tmp_path, LINE, interval=3600)
    set_due(tmp_path, missed.jobs["job"], datetime.now(UTC) - timedelta(hours=5.5))
    with served(missed):
        wait_for(lambda: "done" in outcomes(tmp_path))
    assert outcomes(tmp_path) == ["done"]
    (due,) = next_times_of(tmp_path, missed.jobs).values()
    assert timedelta(0) < due - datetime.now(UTC) < timedelta(hours=1)  # nothing more is due, and the hours are kept


def test_a_run_past_its_grace_time_is_not_caught_up(tmp_path):
    late = runner(tmp_path, LINE, interval=7200, grace="1h")
    set_due(tmp_path, late.jobs["job"], datetime.now(UTC) - timedelta(hours=1.5))
    with served(late):
        wait_for(lambda: next_times_of(tmp_path, late.jobs)["job"] > datetime.now(UTC))
    assert outcomes(tmp_path) == []


def test_other_overrides_keep_what_was_missed_and_other_times_do_not(tmp_path):
    due = datetime.now(UTC) - timedelta(hours=5)
    set_due(tmp_path, Job(interval=3600), due)
    with opened(tmp_path) as scheduler:
        update_times(scheduler, {"job": Job(interval=3600, overrides=["tracker=none"])}, str(tmp_path))
        assert scheduler.get_job("job").next_run_time == due
        update_times(scheduler, {"job": Job(interval=1800), "new": Job(cron="@daily")}, str(tmp_path))
        assert scheduler.get_job("job").next_run_time > due
        assert scheduler.get_job("new")
        update_times(scheduler, {"new": Job(cron="@daily")}, str(tmp_path))
        assert scheduler.get_job("job") is None


def test_looking_at_the_times_leaves_what_was_missed_due(tmp_path):
    due, job = datetime.now(UTC) - timedelta(hours=5), Job(interval=3600)
    set_due(tmp_path, job, due)
    assert [next_times_of(tmp_path, {"job": job})["job"] for _ in range(2)] == [due, due]


def test_a_run_interrupted_with_its_scheduler_is_caught_up(tmp_path):
    History(tmp_path).add(HistoryEntry("1", "job", "2026-11-23T02:00:00+00:00", 1, "running"))
    with served(runner(tmp_path, LINE)):
        wait_for(lambda: "done" in outcomes(tmp_path))
    assert ran(tmp_path) == 1


def test_an_incomplete_line_of_the_history_is_ignored(tmp_path):
    history = History(tmp_path)
    history.add(HistoryEntry("1", "job", "2026-11-23T02:00:00+00:00", 1, "done"))
    with history.path.open("a") as file:
        file.write('{"run": "2", "job')
    assert list(history.runs()) == ["1"]


def test_a_second_scheduler_on_the_same_state_is_refused(tmp_path):
    with served(runner(tmp_path)):
        wait_for((tmp_path / "scheduler.lock").exists)
        wait_for((tmp_path / "times.db").exists)
        with pytest.raises(UserError, match="another scheduler uses"):
            serve(runner(tmp_path), threading.Event())


def test_run_now_does_not_run_a_job_twice_at_once(tmp_path):
    idle = runner(tmp_path)
    with FileLock(tmp_path / "job.lock"):
        with pytest.raises(UserError, match="the job job is already running"):
            idle.run_once("job", foreground=True)
        idle.fire("job")
    assert outcomes(tmp_path) == ["skipped"]


# The command


@pytest.fixture
def home(tmp_path, monkeypatch, make_home):
    monkeypatch.setenv("KMSEG_HOME", str(make_home(tmp_path / "home")))
    return tmp_path / "home" / "schedule"


@pytest.fixture
def every_second(tmp_path):
    """A folder with a schedule of one's own, as `--config-dir` takes it."""
    conf = tmp_path / "mine" / "schedule"
    conf.mkdir(parents=True)
    (conf / "mine.yaml").write_text(
        "_target_: kmseg.scheduling.schedule.Schedule\njobs:\n  often:\n    _target_: kmseg.scheduling.job.Job\n"
        "    interval: 1\n    overrides: ['writers=[index_png]', 'hydra.run.dir=often', incremental=true]\n"
    )
    return conf.parent


@pytest.mark.slow
def test_run_now_list_and_history_show_the_run_and_the_record_has_the_jobs_name(kmseg, home, labels, tmp_path):
    from mlflow import MlflowClient

    words = ("task=schedule", "schedule=nightly", "dataset=folder", f"dataset.root={labels}")
    done = kmseg(*words, "schedule.command=run-now", "schedule.job=nightly", tracker="mlflow")
    assert done.code == 0, done.err
    assert "nightly  done" in done.out
    assert (tmp_path / "outputs" / "nightly" / "masks" / "0.png").exists()
    client = MlflowClient(f"sqlite:///{tmp_path}/home/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("kmseg").experiment_id])
    assert run.data.tags["kmseg.job"] == "nightly"
    listed = kmseg("task=schedule", "schedule.command=list")
    assert "0 2 * * *" in listed.out
    assert "02:00" in listed.out
    assert "done 20" in listed.out
    shown = kmseg("task=schedule", "schedule.command=history")
    assert "nightly  1        done     0" in shown.out
    assert not list((tmp_path / "run").glob("*"))


@pytest.mark.slow
def test_jobs_run_by_themselves_until_sigterm_which_stops_them_cleanly(home, labels, every_second, tmp_path):
    words = ["task=schedule", "schedule=mine", "dataset=folder", f"dataset.root={labels}", "tracker=none"]
    command = [sys.executable, str(REPO / "run.py"), "--config-dir", str(every_second), *words]
    scheduler = subprocess.Popen(
        command, cwd=tmp_path, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with suppress(AssertionError):
        wait_for(lambda: home.exists() and "done" in outcomes(home))
    second = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True)
    wait_for(lambda: outcomes(home)[-1] in ("running", "skipped"))
    scheduler.send_signal(signal.SIGTERM)
    said, _ = scheduler.communicate(timeout=PATIENCE)
    assert scheduler.returncode == 0, said
    assert second.returncode == 1
    assert "another scheduler uses" in second.stderr
    assert "running" not in outcomes(home)
    assert (tmp_path / "often" / "masks" / "0.png").exists()
    logs = [json.loads(line) for line in (home / "history.jsonl").read_text().splitlines()]
    assert {entry["job"] for entry in logs} == {"often"}


@pytest.mark.slow
def test_an_interrupted_run_prints_how_to_resume(tmp_path, prepared):
    root = noisy_labels(tmp_path / "many", images=60, size=256)
    words = ["dataset=folder", f"dataset.root={root}", "tracker=none", "hydra.run.dir=run"]
    process = Forked(prepared(), tmp_path, words=words)
    wait_for(lambda: list((tmp_path / "run").glob("masks/*.png")))
    os.kill(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert "repeat the command with resume=true" in said


def test_the_time_keeping_is_imported_by_the_task_alone(tmp_path):
    code = (
        "import sys; sys.argv = ['run.py', 'task=schedule', '--cfg', 'job']\n"
        "import kmseg.cli.main\nkmseg.cli.main.main()\nprint('apscheduler' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_a_schedule_is_for_the_task_that_keeps_it(kmseg, home):
    ran = kmseg("schedule=nightly", "task=segment", "schedule.job=x")
    assert ran.code == 1
    assert "schedule.job is 'x'; the schedule has nightly" in ran.err
