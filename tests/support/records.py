"""Runs recorded with MLflow without a command, in this process or in forked ones (`tests/support/prepared.py`)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from kmseg.trackers.mlflow import MlflowTracker


def make_tables(uri: str) -> None:
    """Make the tables of a store."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(uri, "artifacts")


def record(tracker: MlflowTracker, folder: Path, name: str, between: Callable[[], object] = lambda: None) -> str:
    """Track a run with every kind of call; `between` is called in the middle."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "palette.csv").write_text("name,r,g,b\n")
    with tracker.start(name, "text", folder) as run:
        run.params({"k": 13})
        between()
        run.metrics({"mask/miou": 0.5, "time/total": 2.0})
        run.table("centroids.json", {"name": ["road"]})
        run.file(folder / "palette.csv")
        return run.view()


def record_some(uri: str, folder: str, *numbers: int) -> None:
    """Track runs one after the other."""
    for number in numbers:
        record(MlflowTracker(uri=uri), Path(folder) / str(number), f"run {number}")


def record_many_metrics(folder: str, name: str) -> None:
    """Track six runs of thirty metrics each, in the default store."""
    for number in range(6):
        with MlflowTracker(folder=folder).start(f"{name}.{number}", "", Path()) as run:
            run.params({"process": name, "number": number})
            run.metrics({f"mask/iou/{row}": row for row in range(30)})


def is_whole(tracker: MlflowTracker, name: str) -> bool:
    """Return whether exactly one complete run of this name is in the store."""
    from mlflow import MlflowClient

    client = MlflowClient(tracker.tracking_uri)
    experiment = client.get_experiment_by_name("kmseg").experiment_id
    runs = [run for run in client.search_runs([experiment]) if run.info.run_name == name]
    (run,) = runs
    assert (run.info.status, run.data.params) == ("FINISHED", {"k": "13"})
    assert run.data.metrics == {"mask/miou": 0.5, "time/total": 2.0}
    assert len(client.get_metric_history(run.info.run_id, "mask/miou")) == 1
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"centroids.json", "palette.csv"}
    return True


def all_are_there(uri: str, folder: Path, runs: int, processes: int) -> bool:
    """Track runs from many processes at once; check that each is stored once and completely: `benchmarks/soak.py`."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        shares = [range(first, runs, processes) for first in range(processes)]
        for done in [pool.submit(record_some, uri, str(folder), *share) for share in shares]:
            done.result()
    return all(is_whole(MlflowTracker(uri=uri), f"run {number}") for number in range(runs))
