"""Sweeps by the public command: one parent with a summary, whatever becomes of the runs."""

from __future__ import annotations

import csv

import pytest


def table(folder):
    with (folder / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def store(home):
    """Return the runs that a store shows: parents and children, without what differs from run to run."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    experiment = client.get_experiment_by_name("kmseg").experiment_id
    runs = client.search_runs([experiment])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run not in parents]
    return client, parents, children


@pytest.mark.slow
def test_a_sweep_is_one_parent_that_names_the_best_run_and_the_failed_one(kmseg, labels, legend, tmp_path):
    home, folder = tmp_path / "home", tmp_path / "sweep"
    words = ("dataset=folder", f"dataset.root={labels}", f"truth.legend={legend}", f"hydra.sweep.dir={folder}")
    ran = kmseg(*words, "clusterer.k=99,2,4", "--multirun", tracker="mlflow", env={"KMSEG_HOME": str(home)})
    assert ran.code == 1
    assert "1 of 3 runs failed" in ran.err
    assert "k is 99" in ran.err
    assert "Best of 2 runs by legend/f1: run 2, k=4" in ran.out
    client, (parent,), children = store(home)
    assert parent.info.status == "FAILED"
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert sorted(child.info.status for child in children) == ["FAILED", "FINISHED", "FINISHED"]
    said = parent.data.tags["mlflow.note.content"]
    assert "run 2, k=4" in said
    assert "run 0, k=99: k is 99" in said
    logged = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"sweep.csv", "sweep.png", "sweep.json"} <= logged
    assert [(row["k"], row["best"], bool(row["failed"])) for row in table(folder)] == [
        ("99", "", True),
        ("2", "", False),
        ("4", "best", False),
    ]


def test_a_sweep_that_is_repeated_with_resume_runs_only_what_is_not_finished(kmseg, labels, tmp_path):
    words = ("dataset=folder", f"dataset.root={labels}", "task=discover", "clusterer.k=2,3")
    assert kmseg(*words, "--multirun").code == 0
    (folder,) = (tmp_path / "multirun").glob("*/*")
    (folder / "1" / "point.json").unlink()  # as if cut off before its end
    before = {run: (folder / run / "metrics.json").stat().st_mtime_ns for run in "01"}
    ran = kmseg(*words, "resume=true", "--multirun")
    assert ran.code == 0, ran.err
    assert "1 of 2 runs are finished; 1 to go" in ran.out
    assert list((tmp_path / "multirun").glob("*/*")) == [folder]
    after = {run: (folder / run / "metrics.json").stat().st_mtime_ns for run in "01"}
    assert after["0"] == before["0"]
    assert after["1"] > before["1"]
    assert [row["k"] for row in table(folder)] == ["2", "3"]
