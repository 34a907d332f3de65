"""Track runs in MLflow. Only this folder imports MLflow."""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmseg.errors import UserError
from kmseg.files import home
from kmseg.trackers import JOB, TrackedRun, parent_key
from kmseg.trackers.mlflow.errors import faults, first_line, shown, unusable
from kmseg.trackers.mlflow.model import forget_models, log_model, model_uri
from kmseg.trackers.mlflow.spool import PREFIX, Record, SpooledRun, spool_folder, spooled_records
from kmseg.trackers.mlflow.view import page_address, share_view
from kmseg.validation import check_bool, check_text

if TYPE_CHECKING:
    from mlflow import MlflowClient


DESCRIPTION = "mlflow.note.content"
"""MLflow's tag for a run's description."""

FOLDER = "kmseg.folder"
"""kmseg's tag for the folder that a run wrote to, as a file URI, which has no quotes."""

TABLES = "mlflow.loggedArtifacts"
"""MLflow's tag for the files that its pages show as tables."""

RECORD = "kmseg.record"
"""kmseg's tag for the key of the record, to find a run that was created before its store failed."""

DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")
"""URI schemes of databases that MLflow writes to directly, without a server."""

DATABASE_FILES = (".db", ".sqlite", ".sqlite3")
"""Suffixes by which a path is known as an SQLite file."""

LOG = logging.getLogger("kmseg")


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
    required : bool
        Whether a run fails if its store does; if false, the record is spooled and replayed later.
    model : bool
        Whether the segmenter is logged as a model; for a sweep, that of the best run.
    register : str or None
        Name in MLflow's model registry; the model becomes its next version.
    """

    uri: str | None = None
    folder: str | None = None
    experiment: str = "kmseg"
    required: bool = True
    model: bool = True
    register: str | None = None

    def __post_init__(self) -> None:
        check_bool("tracker.required", self.required)
        check_bool("tracker.model", self.model)
        check_text("tracker.register", self.register, optional=True)
        check_text("tracker.uri", self.uri, optional=True)
        if self.uri is not None and "://" not in self.uri and not self.uri.endswith(DATABASE_FILES):
            raise UserError(
                f"tracker.uri is {self.uri!r}; expected an address such as sqlite:///mlflow.db or http://HOST:5000, or "
                "a file such as mlflow.db (for a folder: tracker.folder=DIR)"
            )
        if self.register is not None and not self.model:
            raise UserError("tracker.register needs the model, but tracker.model is false; leave one of them out")

    @property
    def store(self) -> Path:
        """The folder of the default store."""
        return Path(self.folder).expanduser().resolve() if self.folder else home()

    @property
    def tracking_uri(self) -> str:
        """The address of the store in use."""
        if self.uri is not None and "://" not in self.uri:
            return f"sqlite:///{Path(self.uri).expanduser().resolve()}"
        return self.uri or os.environ.get("MLFLOW_TRACKING_URI") or self._own_uri

    @property
    def _own_uri(self) -> str:
        return f"sqlite:///{self.store / 'mlflow.db'}"

    @contextmanager
    def start(self, name: str, description: str, folder: Path) -> Iterator[TrackedRun]:
        """Start a run in MLflow."""
        tags = {
            DESCRIPTION: description,
            "mlflow.source.name": "kmseg",
            "mlflow.user": _user(),
            FOLDER: folder.resolve().as_uri(),
            **({"kmseg.job": os.environ[JOB]} if os.environ.get(JOB) else {}),
        }
        with self._spooled(Record(self.tracking_uri, self.experiment, name, tags, parent_key()), new=True) as run:
            yield run

    @contextmanager
    def reopen(self, key: str) -> Iterator[TrackedRun]:
        """Continue a run in MLflow that was interrupted."""
        record = Record(self.tracking_uri, self.experiment, "", {})
        record = replace(record, id=key) if key.startswith(PREFIX) else replace(record, run=key)
        with self._spooled(record) as run:
            yield run

    @contextmanager
    def pages(self, port: int) -> Iterator[tuple[str, Callable[[], object]]]:
        """Serve MLflow's pages of the store; for a tracking server, only yield its address."""
        from kmseg.trackers.mlflow.server import serving

        silence_mlflow()
        try:
            page = share_view(*self._connect())
        except faults() as fault:
            raise unusable(self.tracking_uri, fault) from fault
        if self.tracking_uri.startswith(("http://", "https://")):
            yield f"{self.tracking_uri.rstrip('/')}/{page}", lambda: None
            return
        self.store.mkdir(parents=True, exist_ok=True)
        with serving(self.tracking_uri, self.store, port) as (address, process):
            yield f"{address}/{page}", process.wait

    def view(self, experiment: str) -> str:
        """Return the address of an experiment's page on a server, else the command that serves it."""
        if self.tracking_uri.startswith(("http://", "https://")):
            return f"{self.tracking_uri.rstrip('/')}/{page_address(experiment)}"
        named = {"uri": self.uri and shown(self.uri), "folder": self.folder, "experiment": self.experiment}
        words = [f"tracker.{f.name}={named[f.name]}" for f in fields(self) if named.get(f.name, f.default) != f.default]
        return shlex.join(["kmseg", "task=ui", *words])

    def forget(self, folder: Path) -> None:
        """Delete the runs that wrote to `folder`; MLflow moves them to its trash."""
        silence_mlflow()
        written_to = folder.resolve().as_uri()
        for record in spooled_records(self.tracking_uri):
            if record.tags.get(FOLDER) == written_to:
                record.path.unlink(missing_ok=True)
        try:
            client, experiment = self._connect()
            for run in client.search_runs([experiment], f"tags.`{FOLDER}` = '{written_to}'"):
                forget_models(client, experiment, run.info.run_id)
                client.delete_run(run.info.run_id)
        except faults() as fault:
            if self.required:
                raise unusable(self.tracking_uri, fault) from fault

    @contextmanager
    def _spooled(self, record: Record, new: bool = False) -> Iterator[TrackedRun]:
        """Start a `new` run or continue one; calls that the store does not take are spooled and replayed later.

        If MLflow is not imported yet, a second process imports it and records the run, or this one after a while
        (`kmseg.trackers.mlflow.recorder`).
        """
        from kmseg.trackers.mlflow.recorder import Opening, fault_types

        silence_mlflow()
        refuse = partial(unusable, self.tracking_uri) if self.required else None
        with Opening(self, record, new) as opening:
            run = SpooledRun(record, opening.open, fault_types, refuse, opening.is_due)
            try:
                yield run
            except BaseException as error:
                if run.is_refused:
                    raise
                if isinstance(error, KeyboardInterrupt) and not (run.is_open or opening.is_ready()):
                    raise  # the user waits for the end, and nothing is recorded yet
                run.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
                self._flush(record)
                raise
            run.end("FINISHED")
        lost = self._flush(record)
        if lost is not None and self.required:
            raise UserError(
                f"the run is complete, but the MLflow store {shown(record.uri)} failed during it "
                f"({first_line(lost)}); the record is in {record.path} and the next tracked run replays it"
            )

    def begin(self, record: Record, new: bool = False) -> TrackedRun:
        """Replay what earlier runs left in the spool; open the run of a record, a `new` one or one to go on with."""
        self._replay_spool()
        return self._open(record, new)

    def _flush(self, record: Record) -> Exception | None:
        """Replay the calls that the store has not taken; if it fails again, spool them and return the error."""
        if not record.calls:
            return None
        try:
            self._replay(record)
        except faults() as fault:
            record.save()
            return fault
        return None

    def _replay_spool(self) -> None:
        """Replay the spooled records of earlier runs, in one process at a time; those that fail again stay."""
        from filelock import FileLock, Timeout

        if not spool_folder().exists():
            return
        try:
            with FileLock(spool_folder() / "lock", timeout=0):
                for record in spooled_records(self.tracking_uri):
                    with suppress(*faults()):
                        self._replay(record)
                        record.path.unlink(missing_ok=True)
        except Timeout:
            return

    def _replay(self, record: Record) -> None:
        """Replay the calls that the store has not taken. Every call is idempotent."""
        run = self._open(record)
        for call, *values in record.calls:
            getattr(run, call)(*values)

    def _open(self, record: Record, new: bool = False) -> _MlflowRun:
        """Return the run of a record; create it if the record is `new` or its run does not exist."""
        client, experiment = replace(self, experiment=record.experiment)._connect()
        record.run = record.run or ("" if new else _known(client, experiment, record.id))
        if record.run:
            client.update_run(record.run, status="RUNNING")
        else:
            parent = _known(client, experiment, record.parent) if record.parent.startswith(PREFIX) else record.parent
            tags = {**record.tags, RECORD: record.id, **({"mlflow.parentRunId": parent} if parent else {})}
            begun = client.create_run(experiment, start_time=record.started, tags=tags, run_name=record.name)
            record.run = begun.info.run_id
        return _MlflowRun(client, experiment, record.run, self, record.started)

    def _connect(self) -> tuple[MlflowClient, str]:
        """Return a client and the experiment's id, created if necessary.

        MLflow creates a database's tables on the first connection, which fails if two processes do so at once; hence
        the file lock. Artifacts are stored in the store's folder (beside an SQLite file), not in the working directory,
        which is MLflow's default.
        """
        from filelock import FileLock
        from mlflow import MlflowClient

        if not self.tracking_uri.startswith(DATABASES):
            client = MlflowClient(self.tracking_uri)
            return client, self._experiment(client, None)
        own_file = self.tracking_uri.startswith("sqlite:///")
        store = Path(self.tracking_uri.removeprefix("sqlite:///")).resolve().parent if own_file else self.store
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / "mlflow.lock", timeout=300), _explain_missing_driver():
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
def _explain_missing_driver() -> Iterator[None]:
    """Turn a missing database driver into a `UserError` with the install command."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"the store needs the Python package {error.name}; for PostgreSQL: pip install 'kmseg[postgres]'"
        ) from None


def _known(client: MlflowClient, experiment: str, record: str) -> str:
    """Return the run of a record, or "". If a lost response led to two, delete the second."""
    runs = [run.info.run_id for run in client.search_runs([experiment], f"tags.`{RECORD}` = '{record}'")]
    for other in runs[1:]:
        client.delete_run(other)
    return str(runs[0]) if runs else ""


@dataclass(frozen=True)
class _MlflowRun:
    client: MlflowClient
    experiment: str
    run_id: str
    tracker: MlflowTracker
    at: int

    @property
    def key(self) -> str:
        return self.run_id

    def check(self) -> None:
        """Nothing to check: an open store fails when it is called."""

    def describe(self, text: str) -> None:
        self.client.set_tag(self.run_id, DESCRIPTION, text)

    def params(self, values: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        self.client.log_batch(self.run_id, params=[Param(key, str(value)) for key, value in values.items()])

    def metrics(self, values: Mapping[str, float]) -> None:
        self._log([(key, value, 0) for key, value in values.items()])

    def curve(self, name: str, points: Mapping[int, float]) -> None:
        # A record that was spooled as JSON has its steps as text.
        self._log([(name, value, int(step)) for step, value in points.items()])

    def _log(self, values: Sequence[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric

        # With the run's start as timestamp, a metric that is replayed twice is stored once.
        entities = [Metric(_metric_name(key), float(value), self.at, step) for key, value, step in values]
        for start in range(0, len(entities), 1000):  # MLflow's limit for one batch
            self.client.log_batch(self.run_id, metrics=entities[start : start + 1000])

    def table(self, name: str, columns: Mapping[str, Sequence[Any]]) -> None:
        # The format of MLflow's log_table, which would append to the table of an interrupted sweep.
        rows = [list(row) for row in zip(*columns.values(), strict=True)]
        self.client.log_dict(self.run_id, {"columns": list(columns), "data": rows}, name)
        self.client.set_tag(self.run_id, TABLES, json.dumps([{"path": name, "type": "table"}]))

    def file(self, path: str | Path, under: str = "") -> None:
        if Path(path).exists():
            self.client.log_artifact(self.run_id, str(path), under or None)

    def model(self, folder: str | Path) -> None:
        if self.tracker.model:
            log_model(self.client, self.experiment, self.run_id, Path(folder), self.tracker.register)

    def end(self, status: str, at: int) -> None:
        self.client.set_terminated(self.run_id, status, at)

    def view(self) -> str:
        page, model = self.tracker.view(self.experiment), model_uri(self.client, self.experiment, self.run_id)
        return f"{page}\nmodel {model}" if model else page


def _metric_name(name: str) -> str:
    """Replace characters that MLflow does not allow in metric names."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # in a container the user id may have no name
        return ""


def silence_mlflow() -> None:
    """Turn off MLflow's telemetry and migration messages, unless the user set them.

    Call it before MLflow is imported.
    """
    logging.getLogger("mlflow.store.db.utils").setLevel(
        logging.CRITICAL
    )  # prints the traceback of errors that are handled
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # Notice a dead server within seconds; MLflow's defaults take many minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
