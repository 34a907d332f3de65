"""The command line: composes the config, runs the task, and says to people what went wrong."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from kmseg.cli.config import build, fingerprint, register
from kmseg.cli.console import show, show_point
from kmseg.cli.messages import USER_ERRORS, explain
from kmseg.errors import DRIFTED, STOPPED, printable
from kmseg.pipeline.disk_cache import IN_A_SWEEP
from kmseg.pipeline.plan import Listing, Outcome
from kmseg.plugins import what_is_wrong
from kmseg.sweeps.points import PointStatus

register()


WANTS_TRACEBACK = os.environ.setdefault("KMSEG_TRACEBACK", os.environ.get("HYDRA_FULL_ERROR", "")) == "1"
"""What the user said by HYDRA_FULL_ERROR, before `main` sets it: kept for the workers of a sweep, who inherit both."""


GC_THRESHOLDS = 50_000, 20, 20
"""When Python looks for circles of objects. As often as it does by itself, a seventh of a first run went into looking
through what the libraries had just made."""


def main() -> None:
    """Run kmseg as its command line says; exit with 1 and one sentence if that cannot be done."""
    gc.set_threshold(*GC_THRESHOLDS)
    # Hydra prints errors its own way unless told to raise them; kmseg says them in one sentence.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended in order, as by Ctrl-C
    _name_plugins(sys.argv[1:])
    try:
        _run()
    except KeyboardInterrupt:
        _stop("to go on, repeat the command with resume=true")
    except USER_ERRORS as error:
        _fail(error)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def _run(config: DictConfig) -> None:
    running = HydraConfig.get()
    _say_what_is_wrong_with_plugins()
    folder = Path(running.runtime.output_dir)
    if running.mode == RunMode.MULTIRUN:
        _run_point(config, folder)
        return
    try:
        outcome = _run_task(config, folder)
        show(outcome)
        _remove_empty_run(folder)  # a task that only lists leaves nothing there
        if code := outcome.code if isinstance(outcome, Listing) else DRIFTED * outcome.drifted:
            sys.exit(code)
    except KeyboardInterrupt:
        _stop(f"to go on, repeat the command with resume=true hydra.run.dir={folder}")
    except USER_ERRORS as error:
        _remove_empty_run(folder)
        _fail(error)


def _run_point(config: DictConfig, folder: Path) -> None:
    """Do one run of a sweep, which goes on if it fails; leave word of its end in its folder."""
    named = f"run {folder.name}"
    if config.cache.limit is None:
        config.cache.limit = IN_A_SWEEP
    try:
        _warm_up()
        outcome = _run_task(config, folder)
    except Exception as error:
        said = explain(error) if isinstance(error, USER_ERRORS) else f"{type(error).__name__}: {error}"
        print(f"kmseg: {named} failed: {said}", file=sys.stderr)
        if WANTS_TRACEBACK or not isinstance(error, USER_ERRORS):
            traceback.print_exception(error)
        PointStatus(fingerprint(config), failed=said).write(folder)
        return
    PointStatus(fingerprint(config)).write(folder)
    show_point(named, outcome)


@cache
def _warm_up() -> None:
    """Have what most runs need loaded, on a tiny label, so that the first of a sweep takes as long as the others."""
    import numpy as np

    from kmseg.api import discover, segment

    label = np.zeros((16, 16, 3), np.uint8)
    label[:, 8:] = 200
    label[:, 7:9] += np.arange(2, dtype=np.uint8)[:, None]
    for k in ("auto", 2):
        segment(label, discover(label, k=k))


def _run_task(config: DictConfig, folder: Path) -> Outcome | Listing:
    running = HydraConfig.get()
    choices, overrides = dict(running.runtime.choices), list(running.overrides.task)
    task, plan = build(config, folder=folder, choices=choices, overrides=overrides)
    return task.run(plan)


def _name_plugins(words: Sequence[str]) -> None:
    """Hand `plugins=DIR` on by the environment: to Hydra, which looks for options first, and to worker processes."""
    named = [word.partition("=")[2].strip("'\"") for word in words if word.startswith("plugins=")]
    known = os.environ.get("KMSEG_PLUGINS", "")
    if named and named[-1] not in ("", "null"):
        os.environ["KMSEG_PLUGINS"] = os.pathsep.join([named[-1], *([known] if known else [])])


@cache
def _say_what_is_wrong_with_plugins() -> None:
    """Name the plugins that cannot be used: once, also where many runs of a sweep follow each other."""
    for line in what_is_wrong():
        print(f"kmseg: {line}", file=sys.stderr)


def _stop(how_to_go_on: str) -> NoReturn:
    print(f"\nstopped; every file written so far is whole; {how_to_go_on}", file=sys.stderr)
    sys.exit(STOPPED)


def _remove_empty_run(folder: Path) -> None:
    """Remove the folder of a run that came to no files: nothing is in it but Hydra's own record."""
    if {path.name for path in folder.iterdir()} <= {".hydra", "kmseg.log"}:
        shutil.rmtree(folder, ignore_errors=True)


def _fail(error: Exception) -> NoReturn:
    if WANTS_TRACEBACK:
        traceback.print_exception(error)
    print("\n".join(printable(line) for line in f"kmseg: {explain(error)}".splitlines()), file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
