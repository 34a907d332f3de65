"""The command line: compose the config, run the task, report errors in one sentence.

What only a run needs is imported when it starts, so that `--help` and mistakes in the command are answered at once.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from kmseg._version import __version__
from kmseg.cli.arguments import order_arguments, refuse_output_in_input
from kmseg.cli.config_sources import register
from kmseg.cli.messages import USER_ERRORS, explain
from kmseg.errors import (
    DOUBTFUL,
    DRIFTED,
    STOPPED,
    WRONG_COMMAND,
    SharedFolder,
    Undecided,
    UserError,
    printable,
)
from kmseg.plugins import plugin_errors
from kmseg.second_process import start_early

if TYPE_CHECKING:
    from kmseg.pipeline.plan import Listing, Outcome

register()


WANTS_TRACEBACK = os.environ.setdefault("KMSEG_TRACEBACK", os.environ.get("HYDRA_FULL_ERROR", "")) == "1"
"""The user's HYDRA_FULL_ERROR, read before `main` sets it and passed on to the worker processes of a sweep."""


STARTED = time.time()
"""When this process began, in seconds since the epoch; folders made for a run are younger."""

GC_THRESHOLDS = 50_000, 20, 20
"""Thresholds of Python's garbage collector: collect reference cycles less often. Saves 1.0 s of a 7.5 s first run,
since importing the libraries creates many objects."""


SWEEP_FLAGS = {"-m", "--multirun"}
"""Hydra's flags for a sweep."""


def main() -> None:
    """Run the command line; on an error the user can fix, print one sentence and exit with 1."""
    gc.set_threshold(*GC_THRESHOLDS)
    # Make Hydra raise its errors instead of printing them; kmseg prints one sentence.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if "--version" in sys.argv[1:]:
        print(f"kmseg {__version__}")
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM is handled like Ctrl-C
    try:
        sys.argv[1:] = order_arguments(sys.argv[1:])
    except UserError as error:
        _fail(error, WRONG_COMMAND)
    try:
        refuse_output_in_input(sys.argv[1:])
    except UserError as error:
        _fail(error)
    _export_plugins(sys.argv[1:])
    _start_second_processes(sys.argv[1:])
    try:
        _run()
    except KeyboardInterrupt:
        _stop("repeat the command with resume=true")
    except USER_ERRORS as error:
        _fail(error)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def _run(config: DictConfig) -> None:
    running = HydraConfig.get()
    _report_plugin_errors()
    folder = Path(running.runtime.output_dir)
    if running.mode == RunMode.MULTIRUN:
        _run_point(config, folder)
        return
    try:
        outcome = _run_task(config, folder)
        _show(outcome)
        _remove_empty_run(folder)  # a task that only prints a list writes no files
        if code := _exit_code(outcome):
            sys.exit(code)
    except KeyboardInterrupt:
        from kmseg.datasets.overrides import quote_override

        _stop(f"repeat the command with resume=true {quote_override('hydra.run.dir', str(folder))}")
    except USER_ERRORS as error:
        _remove_empty_run(folder)
        if isinstance(error, SharedFolder):
            _remove_own_files(folder)
            _remove_empty_parents(folder)
        _fail(error)


def _run_point(config: DictConfig, folder: Path) -> None:
    """Do one run of a sweep and write its status into its folder; a failure does not stop the sweep."""
    from kmseg.cli.config import fingerprint
    from kmseg.cli.console import show_point
    from kmseg.cli.sweep_ahead import set_cache_limit, warm_up
    from kmseg.sweeps.points import PointStatus

    name = f"run {folder.name}"
    set_cache_limit(config)
    try:
        _share_cores(HydraConfig.get().launcher.get("n_jobs"))
        warm_up()
        outcome = _run_task(config, folder)
    except Exception as error:
        reason = explain(error) if isinstance(error, USER_ERRORS) else f"{type(error).__name__}: {error}"
        print(f"kmseg: {name} failed: {reason}", file=sys.stderr)
        if WANTS_TRACEBACK or not isinstance(error, USER_ERRORS):
            traceback.print_exception(error)
        PointStatus(fingerprint(config), failed=reason).write(folder)
        return
    PointStatus(fingerprint(config)).write(folder)
    show_point(name, outcome)


def _show(outcome: Outcome | Listing) -> None:
    from kmseg.cli.console import show

    show(outcome)


def _exit_code(outcome: Outcome | Listing) -> int:
    from kmseg.pipeline.plan import Listing

    if isinstance(outcome, Listing):
        return outcome.code
    return DRIFTED if outcome.drifted else DOUBTFUL if outcome.doubt else 0


@cache
def _share_cores(runs: int | None) -> None:
    """Limit a run of a sweep to its share of the cores if the launcher has `runs` processes; -1 means one per core."""
    from kmseg.executors import CORES, available_cores

    if runs is not None:
        cores = available_cores()
        os.environ[CORES] = str(max(cores // (cores if runs < 1 else runs), 1))


def _run_task(config: DictConfig, folder: Path) -> Outcome | Listing:
    from kmseg.cli.config import build
    from kmseg.cli.console import show_decision, show_palette

    running = HydraConfig.get()
    choices, overrides = dict(running.runtime.choices), list(running.overrides.task)
    task, plan = build(config, folder=folder, choices=choices, overrides=overrides, show=show_decision)
    if running.mode != RunMode.MULTIRUN:
        plan = replace(plan, show_palette=show_palette)
    return task.run(plan)


def _export_plugins(words: Sequence[str]) -> None:
    """Export `plugins=DIR` to the environment, where Hydra's search path and worker processes read it."""
    named = [word.partition("=")[2].strip("'\"") for word in words if word.startswith("plugins=")]
    known = os.environ.get("KMSEG_PLUGINS", "")
    if named and named[-1] not in ("", "null"):
        os.environ["KMSEG_PLUGINS"] = os.pathsep.join([named[-1], *([known] if known else [])])


def _start_second_processes(words: Sequence[str]) -> None:
    """Start what a command is likely to need if it makes one run, or a sweep, on more than one core.

    Wrong guesses cost these processes' time: the config decides, but is composed later. A process that has already
    imported what it needs starts none.
    """
    from kmseg.executors import available_cores

    given = dict(word.partition("=")[::2] for word in words)
    executor, task = given.get("executor", "threads"), given.get("task", "segment")
    flags = {word for word in words if word.startswith("-")}
    if flags - SWEEP_FLAGS or task not in ("segment", "discover") or available_cores() < 2:
        return
    if executor == "threads" and not flags and "kmseg.audit.input_kinds" not in sys.modules:
        start_early("kmseg.pipeline.look_apart")
    finds = flags and not {"hydra/launcher", "palette.file"} & set(given)
    if executor == "threads" and finds and "sklearn.cluster" not in sys.modules:
        start_early("kmseg.pipeline.learn_apart")
    if given.get("tracker", "mlflow") == "mlflow" and "mlflow" not in sys.modules:
        start_early("kmseg.trackers.mlflow.recorder")


@cache
def _report_plugin_errors() -> None:
    """Print the plugins that cannot be used, once per process."""
    for line in plugin_errors():
        print(f"kmseg: {line}", file=sys.stderr)


def _stop(how_to_resume: str) -> NoReturn:
    print(f"\nInterrupted. All files written so far are complete. To resume: {how_to_resume}", file=sys.stderr)
    sys.exit(STOPPED)


def _remove_empty_run(folder: Path) -> None:
    """Remove the folder of a run that wrote no files; Hydra's own record is all that is in it."""
    if {path.name for path in folder.iterdir()} <= {".hydra", "kmseg.log"}:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_own_files(folder: Path) -> None:
    """Remove what Hydra has just made in a folder that is the user's."""
    for path in (folder / ".hydra", folder / "kmseg.log"):
        if path.exists() and path.stat().st_mtime >= STARTED:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _remove_empty_parents(folder: Path) -> None:
    """Remove the folders that were made for a run among its input, as far as nothing else is in them."""
    for parent in list(folder.parents)[:2]:
        if parent == Path.cwd() or not parent.exists() or any(parent.iterdir()) or parent.stat().st_mtime < STARTED:
            return
        parent.rmdir()


def _fail(error: Exception, code: int = 1) -> NoReturn:
    if WANTS_TRACEBACK:
        traceback.print_exception(error)
    print("\n".join(printable(line) for line in f"kmseg: {explain(error)}".splitlines()), file=sys.stderr)
    sys.exit(WRONG_COMMAND if isinstance(error, Undecided) else code)


if __name__ == "__main__":
    main()
