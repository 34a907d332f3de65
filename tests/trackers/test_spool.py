"""A failing tracking store loses no record and stores none twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from kmseg.errors import UserError
from kmseg.trackers.mlflow import MlflowTracker
from kmseg.trackers.mlflow.spool import Record, SpooledRun, spool_folder
from tests.support.crashes import Forked
from tests.support.records import is_whole, record

BROKEN = "create trigger broken before insert on metrics begin select raise(abort, 'disk I/O error'); end"


@pytest.fixture
def home(tmp_path, monkeypatch, make_home):
    monkeypatch.setenv("KMSEG_HOME", str(tmp_path / "home"))
    return make_home(tmp_path / "home")


def sql(store: Path, text: str) -> list[tuple]:
    with sqlite3.connect(store / "mlflow.db") as db:
        return db.execute(text).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("required", [True, False])
def test_a_store_that_fails_during_a_run_loses_nothing(home, tmp_path, required):
    tracker = MlflowTracker(required=required)
    record(tracker, tmp_path / "0", "before")
    if required:
        with pytest.raises(UserError, match=r"run is complete, but .* failed during it \(.*disk I/O.* record is in"):
            record(tracker, tmp_path / "1", "broken", lambda: sql(home, BROKEN))
    else:
        said = record(tracker, tmp_path / "1", "broken", lambda: sql(home, BROKEN))
        assert "the next tracked run replays it" in said
        assert Path(said.splitlines()[0]).parent == spool_folder()
    (spooled,) = spool_folder().glob("*.json")
    shutil.copy(spooled, tmp_path / "copy.json")
    sql(home, "drop trigger broken")
    record(tracker, tmp_path / "2", "after")
    assert not list(spool_folder().glob("*.json"))
    assert all(is_whole(tracker, name) for name in ("before", "broken", "after"))
    shutil.copy(tmp_path / "copy.json", spooled)  # killed after the replay, before the file was removed
    record(tracker, tmp_path / "3", "once more")
    assert is_whole(tracker, "broken")


def test_a_server_that_is_away_at_the_start_ends_the_run_only_if_it_is_required(home, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError, match=r"http://u:\*\*\*@127\.0\.0\.1:9 cannot be used .* tracker.required=false"):
        record(MlflowTracker(uri="http://u:secret@127.0.0.1:9"), tmp_path / "run", "away")
    record(MlflowTracker(uri="http://127.0.0.1:9", required=False), tmp_path / "run", "away")
    assert len(list(spool_folder().glob("*.json"))) == 1


@pytest.mark.slow
def test_a_run_made_again_in_its_folder_deletes_the_spooled_record(home, tmp_path):
    tracker = MlflowTracker(required=False)
    record(tracker, tmp_path / "0", "first")
    record(tracker, tmp_path / "1", "again", lambda: sql(home, BROKEN))
    sql(home, "drop trigger broken")
    tracker.forget(tmp_path / "1")
    record(tracker, tmp_path / "1", "again")
    assert is_whole(tracker, "again")


@pytest.mark.slow
def test_a_store_of_an_older_mlflow_is_taken_over_and_loses_nothing(home, tmp_path):
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config, create_sqlalchemy_engine
    from mlflow.store.tracking.dbmodels.initial_models import Base

    (home / "mlflow.db").unlink()
    uri = f"sqlite:///{home}/mlflow.db"
    Base.metadata.create_all(create_sqlalchemy_engine(uri))
    command.upgrade(_get_alembic_config(uri), "0584bdc529eb")  # the tables as MLflow 2.17 had them
    sql(home, "insert into experiments (experiment_id, name, lifecycle_stage) values (7, 'old', 'active')")
    record(MlflowTracker(), tmp_path / "run", "new")
    assert is_whole(MlflowTracker(), "new")
    assert sql(home, "select name from experiments where experiment_id = 7") == [("old",)]


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["ffffffffffff", "0584bdc529eb"])
def test_a_store_whose_tables_are_of_another_version_is_refused_in_a_sentence(home, tmp_path, revision, prepared):
    record(MlflowTracker(), tmp_path / "run", "first")
    sql(home, f"update alembic_version set version_num = '{revision}'")
    call = ["tests.support.records", "record_some", f"sqlite:///{home}/mlflow.db", str(tmp_path), 1]
    said, _ = (fresh := Forked(prepared(), tmp_path, call=call)).communicate()  # in this process MLflow knows the store
    assert fresh.returncode == 1
    assert re.search("^kmseg.errors.UserError: .*mlflow db upgrade", said, re.MULTILINE), said


@pytest.mark.slow
def test_a_store_that_cannot_be_written_is_said_before_any_work(home, tmp_path):
    record(MlflowTracker(), tmp_path / "run", "first")
    store = home / "mlflow.db"
    store.chmod(0o444)
    if os.access(store, os.W_OK) and subprocess.run(["chattr", "+i", store], capture_output=True).returncode:
        pytest.skip("this user may write to any file, and the file system knows no chattr")
    try:
        with pytest.raises(UserError, match=r"cannot be used \(.*(readonly|unable to open|disk I/O)"):
            record(MlflowTracker(), tmp_path / "run", "second")
    finally:
        subprocess.run(["chattr", "-i", store], capture_output=True)
        store.chmod(0o644)


def server(folder: Path, port: int) -> subprocess.Popen:
    """Start a real MLflow server and wait until it answers."""
    from urllib.request import urlopen

    words = ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "files")]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", *words],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/health"):
                return process
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


def kill(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_a_run_and_started_again_has_all_of_it(home, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # MLflow's own would wait for half a minute
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = server(tmp_path, port)
    tracker = MlflowTracker(uri=f"http://127.0.0.1:{port}", required=False)
    record(tracker, tmp_path / "1", "killed", lambda: kill(running))
    assert len(list(spool_folder().glob("*.json"))) == 1
    running = server(tmp_path, port)
    try:
        record(tracker, tmp_path / "2", "next")
        assert is_whole(tracker, "killed")
        assert is_whole(tracker, "next")
    finally:
        kill(running)


@pytest.fixture
def postgres(tmp_path):
    """A real PostgreSQL server of its own, on a socket in a folder."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="kmseg-pg-", dir="/tmp"))  # a socket's path has at most 107 letters
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data, control = folder / "data", found[-1].with_name("pg_ctl")
    start = ["-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "-l", str(folder / "log"), "-w", "start"]
    subprocess.run([*as_user, found[-1], "-D", data, "-U", "kmseg", "-A", "trust"], check=True, capture_output=True)
    subprocess.run([*as_user, control, "-D", data, *start], check=True, stdout=subprocess.DEVNULL, cwd="/tmp")
    yield f"postgresql://kmseg@/postgres?host={folder}"
    subprocess.run([*as_user, control, "-D", data, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, cwd="/tmp")
    shutil.rmtree(folder)


@pytest.mark.slow
def test_postgresql_keeps_the_runs_of_several_processes(home, tmp_path, postgres, prepared):
    calls = [["tests.support.records", "record_some", postgres, str(tmp_path / "runs"), n, n + 2] for n in range(2)]
    for process in [Forked(prepared(), tmp_path, call=call) for call in calls]:
        said, _ = process.communicate()
        assert process.returncode == 0, said
    assert all(is_whole(MlflowTracker(uri=postgres), f"run {number}") for number in range(4))
    assert not (tmp_path / "mlruns").exists()  # artifacts lie in kmseg's home, not in the working folder
    assert list((home / "artifacts").rglob("palette.csv"))


class Store:
    """A store that is told parameters, or does not open."""

    def __init__(self, error=None):
        self.told, self.error = [], error

    def start(self):
        if self.error is not None:
            raise self.error
        return self

    def params(self, values):
        self.told.append(values)


def run_of(store, refuse=None, due=False):
    return SpooledRun(Record("uri", "experiment", "name", {}), store.start, lambda: (OSError,), refuse, lambda: due)


def test_calls_before_the_store_is_opened_are_made_once_and_in_order():
    run = run_of(store := Store())
    run.params({"k": 1})
    run.params({"k": 2})
    run.check()
    assert store.told == []
    run.settle()
    run.params({"k": 3})
    assert store.told == [{"k": "1"}, {"k": "2"}, {"k": "3"}]
    assert run.record.calls == []


def test_a_store_is_opened_when_its_time_has_come_even_if_nothing_is_recorded():
    run = run_of(Store(), due=True)
    run.check()
    assert run.is_open


def test_a_store_that_cannot_be_opened_ends_the_run_at_its_next_check_if_it_is_required():
    run = run_of(Store(OSError("away")), refuse=UserError, due=True)
    with pytest.raises(UserError, match="away"):
        run.check()


def test_a_store_that_cannot_be_opened_leaves_the_calls_in_the_spool_if_it_is_not_required():
    run = run_of(Store(OSError("away")))
    run.params({"k": 1})
    run.settle()
    run.params({"k": 2})
    assert run.record.calls == [["params", {"k": "1"}], ["params", {"k": "2"}]]
