"""The record of a run in MLflow. This folder alone knows MLflow."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmseg.errors import UserError
from kmseg.home import home
from kmseg.tracking import TrackedRun, parent_key

if TYPE_CHECKING:
    from mlflow import MlflowClient


DESCRIPTION = "mlflow.note.content"
"""MLflow's tag for the text on a run's page."""

FOLDER = "kmseg.folder"
"""Our tag for the folder that a run wrote to, as an address, in which no quote is left."""


@dataclass(frozen=True)
class MlflowTracker:
    """Logs every run to MLflow.

    Parameters
    ----------
    uri : str or None
        Tracking store or server. None takes MLFLOW_TRACKING_URI, else an SQLite file in `folder`.
    folder : str or None
        Folder of the default store, `mlflow.db` and `artifacts/`; None is kmseg's home folder.
    experiment : str
        Name of the MLflow experiment.
    """

    uri: str | None = None
    folder: str | None = None
    experiment: str = "kmseg"

    @property
    def store(self) -> Path:
        """The folder of the default store."""
        return Path(self.folder).expanduser().resolve() if self.folder else home()

    @property
    def tracking_uri(self) -> str:
        """The address of the store in use."""
        return self.uri or os.environ.get("MLFLOW_TRACKING_URI") or self._own_uri

    @property
    def _own_uri(self) -> str:
        return f"sqlite:///{self.store / 'mlflow.db'}"

    @contextmanager
    def start(self, name: str, description: str, folder: Path) -> Iterator[TrackedRun]:
        """Begin the record of a run in MLflow."""
        client, experiment = self._connect()
        tags = {
            DESCRIPTION: description,
            "mlflow.source.name": "kmseg",
            "mlflow.user": _user(),
            FOLDER: folder.resolve().as_uri(),
        }
        if parent_key():
            tags["mlflow.parentRunId"] = parent_key()
        run_id = client.create_run(experiment, run_name=name, tags=tags).info.run_id
        with _ending(client, run_id):
            yield _MlflowRun(client, experiment, run_id, self.tracking_uri)

    @contextmanager
    def reopen(self, key: str) -> Iterator[TrackedRun]:
        """Go on with a run of MLflow that was left."""
        client, experiment = self._connect()
        client.update_run(key, status="RUNNING")
        with _ending(client, key):
            yield _MlflowRun(client, experiment, key, self.tracking_uri)

    def forget(self, folder: Path) -> None:
        """Delete the runs that wrote to `folder`; MLflow keeps what is deleted in its bin."""
        client, experiment = self._connect()
        for run in client.search_runs([experiment], f"tags.`{FOLDER}` = '{folder.resolve().as_uri()}'"):
            client.delete_run(run.info.run_id)

    def _connect(self) -> tuple[MlflowClient, str]:
        """Return a client and the experiment's id, or fail in one sentence."""
        _quieten()
        from mlflow.exceptions import MlflowException

        try:
            return self._first_contact()
        except (MlflowException, OSError) as error:
            raise UserError(
                f"the MLflow store {self.tracking_uri} cannot be used ({_first_line(error)}); start it, set "
                "tracker.uri or MLFLOW_TRACKING_URI to one that answers, or use tracker=none"
            ) from error

    def _first_contact(self) -> tuple[MlflowClient, str]:
        """Return a client and the experiment's id, both made at first contact.

        MLflow creates and migrates an SQLite store when it first meets it, and two processes that do so at once
        break each other; so first contact with one happens under a file lock. Its artifacts lie beside it, not in
        the working directory, where MLflow would put them.
        """
        from filelock import FileLock
        from mlflow import MlflowClient

        if not self.tracking_uri.startswith("sqlite:///"):
            client = MlflowClient(self.tracking_uri)
            return client, self._experiment(client, None)
        store = Path(self.tracking_uri.removeprefix("sqlite:///")).resolve().parent
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / "mlflow.lock", timeout=300):
            client = MlflowClient(self.tracking_uri)
            return client, self._experiment(client, (store / "artifacts").as_uri())

    def _experiment(self, client: MlflowClient, artifacts: str | None) -> str:
        from mlflow.exceptions import MlflowException

        known = client.get_experiment_by_name(self.experiment)
        if known is None:
            try:
                location = f"{artifacts}/{re.sub(r'[^A-Za-z0-9._-]', '_', self.experiment)}" if artifacts else None
                return str(client.create_experiment(self.experiment, artifact_location=location))
            except MlflowException:  # on a shared server another process may have been first
                known = client.get_experiment_by_name(self.experiment)
                if known is None:
                    raise
        return str(known.experiment_id)


@contextmanager
def _ending(client: MlflowClient, run_id: str) -> Iterator[None]:
    """End the run as the block does."""
    try:
        yield
    except BaseException as error:
        client.set_terminated(run_id, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


@dataclass(frozen=True)
class _MlflowRun:
    client: MlflowClient
    experiment: str
    run_id: str
    uri: str

    @property
    def key(self) -> str:
        return self.run_id

    def describe(self, text: str) -> None:
        self.client.set_tag(self.run_id, DESCRIPTION, text)

    def params(self, values: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        self.client.log_batch(self.run_id, params=[Param(key, str(value)) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float]) -> None:
        self._log([(key, value, 0) for key, value in values.items()])

    def curve(self, name: str, points: Mapping[int, float]) -> None:
        self._log([(name, value, step) for step, value in points.items()])

    def _log(self, values: Sequence[tuple[str, float, int]]) -> None:
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        entities = [Metric(_metric_name(key), float(value), now, step) for key, value, step in values]
        for start in range(0, len(entities), 1000):  # MLflow's limit for one batch
            self.client.log_batch(self.run_id, metrics=entities[start : start + 1000])

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        if any(file.path == name for file in self.client.list_artifacts(self.run_id)):
            # log_table would append to what a sweep that was cut off has left; this is its form, written anew.
            rows = [list(row) for row in zip(*columns.values(), strict=True)]
            self.client.log_dict(self.run_id, {"columns": list(columns), "data": rows}, name)
        else:
            self.client.log_table(self.run_id, {key: list(values) for key, values in columns.items()}, name)

    def file(self, path: Path, under: str = "") -> None:
        if path.exists():
            self.client.log_artifact(self.run_id, str(path), under or None)

    def view(self) -> str:
        # Without the workflow type, MLflow 3 opens the page of an experiment on its GenAI side.
        address = f"#/experiments/{self.experiment}/runs?workflowType=machine_learning"
        if self.uri.startswith(("http://", "https://")):
            return f"{self.uri.rstrip('/')}/{address}"
        return f"mlflow server --backend-store-uri {self.uri} --port 5000\nhttp://127.0.0.1:5000/{address}"


def _metric_name(name: str) -> str:
    """Keep what MLflow allows in a metric's name."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return ""


def _first_line(error: Exception) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line if len(line) <= 160 else line[:157] + "..."


def _quieten() -> None:
    """Switch off MLflow's telemetry and its chatter about migrations, unless the user chose otherwise."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
