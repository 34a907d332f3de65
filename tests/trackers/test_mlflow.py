from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys

import pytest

from kmseg.trackers.mlflow import MlflowTracker
from kmseg.trackers.mlflow.errors import unusable
from tests.conftest import REPO
from tests.support.crashes import Forked


@pytest.mark.slow
def test_a_run_is_found_again_in_mlflow(kmseg, labels, tmp_path, monkeypatch):
    home = tmp_path / "home"
    ran = kmseg(
        "dataset=folder",
        f"dataset.root={labels}",
        "clusterer.k=4",
        tracker="mlflow",
        env={"KMSEG_HOME": str(home)},
    )
    assert ran.code == 0, ran.err
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    experiment = client.get_experiment_by_name("kmseg")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("k=4 kmeans rgb")
    assert run.data.params["k"] == "4"
    assert run.data.metrics["palette/classes"] == 4
    assert "time/total" in run.data.metrics
    logged = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"palette.csv", "palette.png", "preview.png", "centroids.csv", "centroids.json", "config.yaml"} <= logged
    assert experiment.artifact_location == f"file://{home}/artifacts/kmseg"
    assert "view     kmseg task=ui" in ran.out


@pytest.mark.slow
def test_a_failed_run_is_recorded_as_failed(tmp_path, make_home):
    tracker = MlflowTracker(folder=str(make_home(tmp_path / "home")))
    with pytest.raises(RuntimeError), tracker.start("a run", "that fails", tmp_path):
        raise RuntimeError("broken")
    with sqlite3.connect(tmp_path / "home" / "mlflow.db") as store:
        assert store.execute("select status, name from runs").fetchall() == [("FAILED", "a run")]


@pytest.mark.slow
def test_processes_that_open_a_new_store_at_once_log_all_their_runs(tmp_path, prepared):
    calls = [["tests.support.records", "record_many_metrics", str(tmp_path / "new"), str(n)] for n in range(4)]
    for process in [Forked(prepared(), tmp_path, call=call) for call in calls]:
        said, _ = process.communicate()
        assert process.returncode == 0, said
    with sqlite3.connect(tmp_path / "new" / "mlflow.db") as store:
        assert store.execute("select count(distinct name) from runs where status = 'FINISHED'").fetchone() == (24,)
        assert store.execute("select count(*) from metrics").fetchone() == (24 * 30,)
        assert store.execute("select count(*) from experiments where name = 'kmseg'").fetchone() == (1,)


def test_a_server_that_does_not_answer_is_said_in_a_sentence(kmseg, labels):
    ran = kmseg(
        "dataset=folder",
        f"dataset.root={labels}",
        "tracker.uri=http://127.0.0.1:9",
        tracker="mlflow",
        env={"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
    )
    assert ran.code == 1
    assert "http://127.0.0.1:9 cannot be used" in ran.err
    assert "tracker=none" in ran.err
    assert "Traceback" not in ran.err


def test_the_environments_store_wins_over_the_default_one(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:7777")
    assert MlflowTracker().tracking_uri == "http://127.0.0.1:7777"
    assert MlflowTracker(uri="sqlite:///x.db").tracking_uri == "sqlite:///x.db"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert MlflowTracker(folder=str(tmp_path)).tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"


def test_a_file_may_be_the_store_and_a_deleted_experiment_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert MlflowTracker(uri="mlflow.db").tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"
    fault = Exception("Cannot set a deleted experiment 'kmseg' as the active experiment.")
    assert "restore it with `mlflow experiments restore`" in str(unusable("sqlite:///mlflow.db", fault))


def test_nothing_is_tracked_and_mlflow_not_imported_without_a_tracker(labels, tmp_path):
    code = (
        "import sys; sys.argv = ['run.py', *sys.argv[1:]]\n"
        "import kmseg.cli.main\n"
        "kmseg.cli.main.main()\n"
        "sys.exit('mlflow' in sys.modules)\n"
    )
    words = ["tracker=none", "dataset=folder", f"dataset.root={labels}", "clusterer.k=3", f"hydra.run.dir={tmp_path}/r"]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=REPO, env=os.environ, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
def test_another_sqlite_store_keeps_its_artifacts_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with MlflowTracker(uri=f"sqlite:///{tmp_path}/elsewhere/runs.db").start("a run", "", tmp_path) as run:
        run.file(REPO / "LICENSE")
    assert list((tmp_path / "elsewhere" / "artifacts").rglob("LICENSE"))
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.slow
def test_a_record_that_is_gone_on_with_holds_everything_once(tmp_path, make_home):
    from mlflow import MlflowClient

    tracker = MlflowTracker(folder=str(make_home(tmp_path / "store")))
    with tracker.start("a sweep", "summed up before its failed runs were done anew", tmp_path) as run:
        run.table("sweep.json", {"k": [1]})
    with tracker.reopen(run.key) as again:
        again.table("sweep.json", {"k": [1, 2]})
        again.describe("whole")
    client = MlflowClient(tracker.tracking_uri)
    (kept,) = client.search_runs(["1"])
    assert (kept.info.status, kept.data.tags["mlflow.note.content"]) == ("FINISHED", "whole")
    (table,) = tmp_path.rglob("sweep.json")
    assert json.loads(table.read_text()) == {"columns": ["k"], "data": [[1], [2]]}
    tracker.forget(tmp_path)
    assert client.search_runs(["1"]) == []
