"""The columns of MLflow's list of runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

VIEW = "kmseg"
"""Key of the shared view in the address of the list of runs."""

METRICS = ("mask/miou", "legend/recall", "legend/spurious", "palette/classes", "time/total")
PARAMS = ("k", "sampling.images", "color_space", "dataset")
"""The columns besides name, start and duration."""


def page_address(experiment: str) -> str:
    """Return the address of an experiment's page; without the workflow type, MLflow 3 opens its GenAI page."""
    return f"#/experiments/{experiment}/runs?workflowType=machine_learning"


def share_view(client: MlflowClient, experiment: str) -> str:
    """Store the view with these columns as a tag of the experiment; return the address that shows it."""
    state = {
        "selectedColumns": [
            "attributes.`Duration`",
            *(f"metrics.`{name}`" for name in METRICS),
            *(f"params.`{name}`" for name in PARAMS),
        ],
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "searchFilter": "",
        "runsPinned": [],
        "runsHidden": [],
        "runListHidden": False,
    }
    client.set_experiment_tag(experiment, f"mlflow.sharedViewState.{VIEW}", json.dumps(state))
    return f"{page_address(experiment)}&viewStateShareKey={VIEW}"
