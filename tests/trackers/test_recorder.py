"""Runs that a second process records: what it says and how it ends."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from kmseg import second_process
from kmseg.errors import UserError
from kmseg.trackers.mlflow import MlflowTracker, recorder
from kmseg.trackers.mlflow.recorder import RecordedRun, fault_types
from kmseg.trackers.mlflow.spool import Record, SpooledRun
from tests.support.records import is_whole, record


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One store for all runs: to make its tables takes seconds."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def process(home, monkeypatch):
    """The second process, started as the command line does."""
    monkeypatch.setenv("KMSEG_HOME", str(home))
    second_process.start_early(recorder.__name__)
    started = second_process._STARTED[recorder.__name__]
    yield started
    assert started.poll() is not None


def statuses(home, name):
    with sqlite3.connect(home / "mlflow.db") as store:
        return [status for (status,) in store.execute("select status from runs where name = ?", (name,))]


def answering(monkeypatch, code):
    """Start another program in place of the second process: one line, which reads its input as `read()`."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    program = f"import sys; read = sys.stdin.readline; say = lambda text: print(text, flush=True); {code}"
    process = subprocess.Popen([sys.executable, "-c", program], **pipes)
    monkeypatch.setitem(second_process._STARTED, recorder.__name__, process)
    return process


@pytest.mark.slow
def test_a_second_process_records_all_of_a_run_and_ends_with_it(process, tmp_path):
    said = record(MlflowTracker(), tmp_path / "run", "a run")
    assert said.startswith("kmseg task=ui")
    assert process.poll() == 0
    assert is_whole(MlflowTracker(), "a run")


@pytest.mark.slow
def test_a_run_whose_first_process_is_gone_is_recorded_as_killed(process, home, tmp_path):
    with MlflowTracker().start("gone", "text", tmp_path) as run:
        run.settle()
        process.stdin.close()
        assert process.wait(60) == 0
        assert statuses(home, "gone") == ["KILLED"]
    assert statuses(home, "gone") == ["FINISHED"]  # this one is not gone, and records the end


def test_a_run_interrupted_while_mlflow_is_imported_is_not_recorded(process, home, tmp_path):
    with pytest.raises(KeyboardInterrupt), MlflowTracker().start("interrupted", "text", tmp_path):
        raise KeyboardInterrupt
    assert process.poll() is not None
    assert not (home / "mlflow.db").exists() or statuses(home, "interrupted") == []


def test_a_store_that_the_second_process_cannot_open_is_told_in_the_same_sentence(home, tmp_path, monkeypatch):
    monkeypatch.setenv("KMSEG_HOME", str(home))
    answering(monkeypatch, """read(); say('{"fault": "disk I/O error"}'); read()""")
    with pytest.raises(UserError, match=r"cannot be used \(disk I/O error\).*tracker.required=false"):
        record(MlflowTracker(), tmp_path / "run", "a run")


@pytest.mark.slow
@pytest.mark.parametrize("code", ["", """read(); say('{"result": ""}'); read()"""])
def test_a_run_is_recorded_here_if_the_second_process_dies(home, tmp_path, monkeypatch, code):
    monkeypatch.setenv("KMSEG_HOME", str(home))
    process = answering(monkeypatch, code)
    if not code:
        process.wait()
    name = f"dies {code}"
    with MlflowTracker().start(name, "text", tmp_path) as run:
        run.params({"k": 13})
    assert statuses(home, name) == ["FINISHED"]
    with sqlite3.connect(home / "mlflow.db") as store:
        params = store.execute("select key, value from params natural join runs where name = ?", (name,))
        assert params.fetchall() == [("k", "13")]


@pytest.mark.slow
def test_a_run_that_begins_during_another_is_recorded_by_the_same_process(process, home, tmp_path):
    with MlflowTracker().start("outer", "text", tmp_path / "outer"):
        record(MlflowTracker(), tmp_path / "inner", "inner")
        assert process.poll() is None
        assert (statuses(home, "outer"), statuses(home, "inner")) == (["RUNNING"], ["FINISHED"])
    assert process.poll() == 0
    assert statuses(home, "outer") == ["FINISHED"]
    assert is_whole(MlflowTracker(), "inner")


def test_a_call_that_the_store_does_not_take_is_spooled_with_those_after_it():
    class Failing:
        def call(self, run, method, *values):
            answer = second_process.Answer()
            answer.put({"fault": "disk full"} if method == "metrics" else {"result": None})
            return answer

    run = SpooledRun(Record("uri", "kmseg", "name", {}), lambda: RecordedRun(Failing(), "id"), fault_types, None, bool)
    run.settle()
    run.params({"k": 3})
    run.metrics({"a": 1})
    run.describe("text")
    run.end("FINISHED")
    assert [method for method, *_ in run.record.calls] == ["metrics", "describe", "end"]
