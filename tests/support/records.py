"""Runs recorded with MLflow without a command, in this process or in forked ones (`tests/support/prepared.py`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kmseg.trackers.mlflow import MlflowTracker


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
