"""What the runs of a sweep need, made ready before they need it: compiled code here, palettes in a second process."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from omegaconf import DictConfig, open_dict

BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
"""Hydra's launcher that makes the runs in this process, one after the other."""


def learn_ahead(configs: Iterable[DictConfig]) -> None:
    """Let a second process find the palettes of the next runs, if it was started; a wrong config is met by its run."""
    from kmseg.cli.config import build
    from kmseg.executors.threads import Threads
    from kmseg.pipeline import learn_apart
    from kmseg.pipeline.count_colors import Learning
    from kmseg.tasks.discover import Discover
    from kmseg.tasks.segment import Segment

    if not learn_apart.is_there():
        return
    learnings = []
    for config in configs:
        with suppress(Exception):
            set_cache_limit(config)
            choices, overrides = dict(config.hydra.runtime.choices), list(config.hydra.overrides.task)
            with open_dict(config):
                del config["hydra"]
            task, plan = build(config, Path(), choices, overrides)
            searches = plan.palette.file is None and not plan.incremental
            if isinstance(task, Segment | Discover) and searches and isinstance(plan.executor, Threads):
                true = plan.measured_against.palette if isinstance(task, Discover) else None
                learnings.append(Learning.of(plan, true))
    learn_apart.learn_ahead(learnings)


def set_cache_limit(config: DictConfig) -> None:
    """Turn the cache of color counts on for a run of a sweep, unless the command says otherwise."""
    from kmseg.pipeline.disk_cache import SWEEP_LIMIT_MB

    if config.cache.limit is None:
        config.cache.limit = SWEEP_LIMIT_MB


@cache
def warm_up() -> None:
    """Load and compile what most runs need on a tiny label image, so that the first run of a sweep is not slower.

    What a second process does is not loaded here.
    """
    import numpy as np

    from kmseg.api import discover, segment
    from kmseg.palette import Palette
    from kmseg.pipeline import learn_apart

    label = np.zeros((16, 16, 3), np.uint8)
    label[:, 8:] = 200
    label[:, 7:9] += np.arange(2, dtype=np.uint8)[:, None]
    if learn_apart.is_there():
        segment(label, Palette(["one", "other"], label[0, [0, -1]]))
        return
    for k in ("auto", 2):
        segment(label, discover(label, k=k))
