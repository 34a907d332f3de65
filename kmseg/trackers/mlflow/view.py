"""What MLflow's list of runs shows without a click: the columns that matter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

VIEW = "kmseg"
"""The name of the shared view, by which an address of the list of runs asks for it."""

METRICS = ("mask/miou", "legend/recall", "legend/spurious", "palette/classes", "time/total")
PARAMS = ("k", "sampling.images", "color_space", "dataset")
"""The columns, beside a run's name, start and duration."""


def render_page(experiment: str) -> str:
    """Return the address of an experiment's page; without the type, MLflow 3 opens the one of its GenAI side."""
    return f"#/experiments/{experiment}/runs?workflowType=machine_learning"


def share_view(client: MlflowClient, experiment: str) -> str:
    """Leave a view of the runs with our columns as a tag of the experiment; return the address that shows it."""
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
    return f"{render_page(experiment)}&viewStateShareKey={VIEW}"
