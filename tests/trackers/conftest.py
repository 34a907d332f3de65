from __future__ import annotations

import importlib

import pytest


@pytest.fixture(scope="session", autouse=True)
def _mlflow():
    """Import MLflow once: runs of a process that has not are recorded by a second process."""
    importlib.import_module("mlflow")
