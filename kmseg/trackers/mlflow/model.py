"""The segmenter of a run as an MLflow model: palette, masker and color space, as code and text.

Nothing is pickled. The model loads wherever kmseg is installed, without the run's files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from kmseg.legends.formats import read_palette
from kmseg.palette import Palette

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

NAME = "segmenter"
"""Name of the model on its run's page."""

PARTS = ("masker", "color_space")
"""The parts of a run's config that turn a label image into a mask, given a palette."""

EXAMPLE_CLASSES = 16
"""Classes in the input example at most; it is stored as JSON text."""


def log_model(client: MlflowClient, experiment: str, run: str, folder: Path, registered: str | None) -> None:
    """Log the segmenter of the run that wrote to `folder`, and register it under a name if one is given.

    It consists of the folder's `palette.csv` and `config.yaml`; if one is missing nothing is logged. An existing model
    of the run is replaced, so that the call can be replayed.
    """
    from mlflow.entities import LoggedModelOutput
    from mlflow.entities.logged_model_status import LoggedModelStatus
    from mlflow.models import Model

    palette, parts = folder / "palette.csv", _parts(folder / "config.yaml")
    if parts is None or not palette.exists():
        return
    forget_models(client, experiment, run)
    model = client.create_logged_model(experiment, NAME, source_run_id=run, params=_named(parts))
    with tempfile.TemporaryDirectory() as scratch:
        described = Model(artifact_path=model.artifact_location, model_id=model.model_id, run_id=run)
        _save(Path(scratch, "model"), palette, parts, described)
        client.log_model_artifacts(model.model_id, str(Path(scratch, "model")))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_outputs(run, [LoggedModelOutput(model.model_id, step=0)])
    if registered:
        _register(client, registered, run, model.model_id)


def model_uri(client: MlflowClient, experiment: str, run: str) -> str:
    """Return the URI with which MLflow loads the model of a run; empty if there is none."""
    return "".join(model.model_uri for model in _models(client, experiment, run))


def forget_models(client: MlflowClient, experiment: str, run: str) -> None:
    """Delete the models of a run, with their registered versions."""
    for model in _models(client, experiment, run):
        for version in client.search_model_versions(f"run_id = '{run}'"):
            client.delete_model_version(version.name, version.version)
        client.delete_logged_model(model.model_id)


def _models(client: MlflowClient, experiment: str, run: str) -> list[Any]:
    return list(client.search_logged_models([experiment], f"source_run_id = '{run}'"))


def _parts(config: Path) -> dict[str, Any] | None:
    """Read the parts that make masks from a run's config, each with its class and settings."""
    if not config.exists():
        return None
    settings = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    return {name: settings[name] for name in PARTS} if all(name in settings for name in PARTS) else None


def _named(parts: dict[str, Any]) -> dict[str, str]:
    """Return the class of each part, as the model's parameters."""
    return {name: str(part["_target_"]) for name, part in parts.items()}


def _save(path: Path, palette: Path, parts: dict[str, Any], described: Any) -> None:
    """Save the model in MLflow's form."""
    import mlflow
    from mlflow import pyfunc

    from kmseg._version import __version__

    legend = read_palette(palette)
    with _no_packages_listed():
        pyfunc.save_model(
            str(path),
            python_model=str(Path(__file__).with_name("model_code.py")),
            artifacts={"palette": str(palette)},
            model_config=parts,
            signature=_signature(legend),
            input_example=_example(legend),
            # If not given, MLflow runs the model to find out which packages it imports.
            pip_requirements=[f"kmseg=={__version__}", f"mlflow=={mlflow.__version__}"],
            mlflow_model=described,
        )


@contextmanager
def _no_packages_listed() -> Iterator[None]:
    """Keep MLflow from listing the files of all installed packages, which takes 0.7 s of each run.

    From the list it would tell which package a requirement means; those of the model are the two that run here.
    """
    from mlflow.utils import requirements_utils

    listed = "_MODULES_TO_PACKAGES"
    if getattr(requirements_utils, listed, {}) is not None:  # listed already, or by another MLflow in another way
        yield
        return
    setattr(requirements_utils, listed, {})
    try:
        yield
    finally:
        setattr(requirements_utils, listed, None)


def _signature(palette: Palette) -> ModelSignature:
    """Return the signature: n label images to n index masks."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    labels = TensorSpec(np.dtype(np.uint8), (-1, -1, -1, 3))
    masks = TensorSpec(np.dtype(palette.index_dtype), (-1, -1, -1))
    return ModelSignature(Schema([labels]), Schema([masks]))


def _example(palette: Palette) -> np.ndarray:
    """Draw one label image `(1, 4, k, 3)` uint8: a column of each of the first classes."""
    return np.tile(palette.colors[None, None, :EXAMPLE_CLASSES], (1, 4, 1, 1))


def _register(client: MlflowClient, name: str, run: str, model: str) -> None:
    """Register the model as the next version of `name`, which is created if necessary."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    client.create_model_version(name, f"models:/{model}", run_id=run, model_id=model)
