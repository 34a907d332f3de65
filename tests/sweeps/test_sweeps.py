"""Sweeps from the command line: one parent run with a summary, also if runs fail."""

from __future__ import annotations

import csv
import random
import time

import pytest
from filelock import FileLock

from kmseg.errors import UserError
from kmseg.sweeps.score import Score
from tests.support.crashes import Forked, kill


def table(folder):
    with (folder / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def store(home):
    """Return a client for a store, and the parents and the children that it shows."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("kmseg").experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    return client, [run for run in runs if run not in children], children


def point_for_point(home):
    """Return what a store says of each run, without addresses and times."""
    client, (parent,), children = store(home)
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    return sorted(
        (
            run.info.run_name,
            run.info.status,
            sorted(run.data.params.items()),
            sorted((name, value) for name, value in run.data.metrics.items() if not name.startswith("time/")),
            sorted(file.path for file in client.list_artifacts(run.info.run_id)),
        )
        for run in (parent, *children)
    )


@pytest.mark.slow
def test_a_sweep_is_one_parent_that_names_the_best_run_and_the_failed_one(kmseg, labels, legend, tmp_path, make_home):
    home, folder = make_home(tmp_path / "home"), tmp_path / "sweep"
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


@pytest.mark.slow
def test_a_sweep_with_second_processes_leaves_what_one_process_does(kmseg, labels, legend, tmp_path, make_home):
    words = ("dataset=folder", f"dataset.root={labels}", f"truth.legend={legend}", "clusterer.k=99,3,auto", "-m")
    homes = {name: make_home(tmp_path / name) for name in ("one", "three")}
    for name, anew in (("one", {}), ("three", {"KMSEG_TRACEBACK": "1"})):
        env = {"KMSEG_HOME": str(homes[name]), **anew}
        ran = kmseg(*words, f"hydra.sweep.dir={tmp_path}/{name}-sweep", tracker="mlflow", env=env)
        assert "1 of 3 runs failed" in ran.err
        assert "k is 99" in ran.err
    assert point_for_point(homes["three"]) == point_for_point(homes["one"])


@pytest.mark.slow
def test_a_sweep_that_was_killed_and_resumed_leaves_what_one_does_that_was_not(
    kmseg, labels, tmp_path, make_home, prepared
):
    words = ("dataset=folder", f"dataset.root={labels}", "clusterer.k=2,3", "sampling.images=2,3")
    homes = {name: make_home(tmp_path / name) for name in ("whole", "killed")}
    where = {name: f"hydra.sweep.dir={tmp_path}/{name}-sweep" for name in homes}
    env = {name: {"KMSEG_HOME": str(home)} for name, home in homes.items()}
    assert kmseg(*words, where["whole"], "--multirun", tracker="mlflow", env=env["whole"]).code == 0

    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("KMSEG_HOME", str(homes["killed"]))
        process = Forked(prepared(), tmp_path, words=[*words, where["killed"], "--multirun"])
    while not (tmp_path / "killed-sweep" / "1" / "point.json").exists():
        assert process.poll() is None
        time.sleep(0.01)
    moment = random.uniform(0, 1)
    time.sleep(moment)
    kill(process)
    resumed = kmseg(*words, where["killed"], "resume=true", "--multirun", tracker="mlflow", env=env["killed"])

    assert resumed.code == 0, resumed.err
    assert point_for_point(homes["killed"]) == point_for_point(homes["whole"]), f"killed after {moment:.3f} s"
    for number in range(4):
        one, other = (tmp_path / f"{name}-sweep" / str(number) for name in homes)
        files = {path.relative_to(one) for path in one.rglob("*.png")}
        assert files == {path.relative_to(other) for path in other.rglob("*.png")}
        assert all((one / file).read_bytes() == (other / file).read_bytes() for file in files)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "tried"),
    # Both points in one process, and one in the other: each process that starts imports MLflow anew.
    [(("joblib", "hydra.launcher.n_jobs=2", "hydra.launcher.batch_size=2"), "99,4"), (("submitit_local",), "4")],
    ids=["joblib", "submitit_local"],
)
def test_runs_nest_under_the_sweep_with_every_launcher(kmseg, labels, tmp_path, make_home, launcher, tried):
    home, folder = make_home(tmp_path / "home"), tmp_path / "it's a sweep"
    words = (
        "dataset=folder",
        f"dataset.root={labels}",
        "task=discover",
        f"clusterer.k={tried}",
        f"hydra/launcher={launcher[0]}",
        *launcher[1:],
    )
    quoted = str(folder).replace("'", r"\'")
    ran = kmseg(*words, f"hydra.sweep.dir='{quoted}'", "--multirun", tracker="mlflow", env={"KMSEG_HOME": str(home)})
    fails = "99" in tried
    assert ran.code == int(fails), ran.err
    assert ("k is 99" in ran.err) == fails
    assert "Traceback" not in ran.err
    _, (parent,), children = store(home)
    assert sorted(child.info.status for child in children) == ["FAILED", "FINISHED"][not fails :]
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert table(folder)[-1]["best"] == "best"


def test_the_search_finds_the_best_and_repeats_its_proposals(kmseg, labels, legend, tmp_path):
    words = ("dataset=folder", f"dataset.root={labels}", f"truth.legend={legend}", "task=discover")
    search = ("hydra/sweeper=search", "hydra.sweeper.trials=6", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    space = ("clusterer.k=range(1,5)", "color_space=rgb,lab")
    ran = kmseg(*words, *search, *space, "--multirun")
    assert ran.code == 0, ran.err
    rows = table(tmp_path / "sweep")
    assert len({(row["k"], row["color_space"]) for row in rows}) == 6
    assert [row["k"] for row in rows if row["best"]] == ["4"]
    (tmp_path / "sweep" / "5" / "point.json").unlink()
    again = kmseg(*words, *search, *space, "resume=true", "--multirun")
    assert again.code == 0, again.err
    assert [row["folder"] for row in table(tmp_path / "sweep")] == [row["folder"] for row in rows]
    assert [row["k"] for row in table(tmp_path / "sweep")] == [row["k"] for row in rows]


def test_a_wrong_value_is_refused_before_any_run(kmseg, tmp_path):
    ran = kmseg("color_space=rgb,rbg", f"hydra.sweep.dir={tmp_path / 'sweep'}", "--multirun")
    assert ran.code == 1
    assert "no option 'rbg'" in ran.err
    assert not (tmp_path / "sweep").exists()


def test_a_sweep_that_still_runs_is_not_resumed(kmseg, labels, tmp_path):
    (tmp_path / "sweep").mkdir()
    words = ("dataset=folder", f"dataset.root={labels}", "clusterer.k=2,3", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    with FileLock(tmp_path / "sweep" / ".sweep.lock"):
        ran = kmseg(*words, "resume=true", "--multirun")
    assert ran.code == 1
    assert "still running" in ran.err


def test_without_truth_a_further_class_must_explain_a_thousandth_of_the_pixels():
    def metrics(classes, farther):
        return {"palette/classes": classes, "palette/farther_than_10": farther}

    best = max([metrics(8, 0.40), metrics(22, 0.20), metrics(30, 0.195)], key=Score().value)
    assert best["palette/classes"] == 22


def test_a_figure_that_shall_be_small_is_compared_so():
    assert Score("legend/spurious").value({"legend/spurious": 1}) > Score("legend/spurious").value(
        {"legend/spurious": 5}
    )
    with pytest.raises(UserError, match=r"no metric 'mask/miu'.*mask/miou"):
        Score("mask/miu").value({"mask/miou": 1})
