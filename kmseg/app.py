"""The command line: composes the config, runs the task, and says to people what went wrong."""

from __future__ import annotations

import difflib
import errno
import gc
import os
import re
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

import hydra
from hydra import compose, initialize
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kmseg.color_cache import IN_A_SWEEP
from kmseg.config import build, fingerprint, register
from kmseg.console import show, show_point
from kmseg.errors import DRIFTED, STOPPED, UserError, printable
from kmseg.plugins import conf_folder, what_is_wrong
from kmseg.sweeps.points import End
from kmseg.tasks import Listing, Outcome

register()

MENDABLE = (UserError, HydraException, OmegaConfBaseException, OSError)
"""What a person can mend; anything else is a defect of kmseg and keeps its traceback."""

WANTS_TRACEBACK = os.environ.setdefault("KMSEG_TRACEBACK", os.environ.get("HYDRA_FULL_ERROR", "")) == "1"
"""What the user said by HYDRA_FULL_ERROR, before `main` sets it: kept for the workers of a sweep, who inherit both."""


RARELY = 50_000, 20, 20
"""When Python looks for circles of objects. As often as it does by itself, a seventh of a first run went into looking
through what the libraries had just made."""


def main() -> None:
    """Run kmseg as its command line says; exit with 1 and one sentence if that cannot be done."""
    gc.set_threshold(*RARELY)
    # Hydra prints errors its own way unless told to raise them; kmseg says them in one sentence.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended in order, as by Ctrl-C
    _name_plugins(sys.argv[1:])
    try:
        _run()
    except KeyboardInterrupt:
        _stop("to go on, repeat the command with resume=true")
    except MENDABLE as error:
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
        outcome = _outcome(config, folder)
        show(outcome)
        _forget(folder)  # a task that only lists leaves nothing there
        if code := outcome.code if isinstance(outcome, Listing) else DRIFTED * outcome.drifted:
            sys.exit(code)
    except KeyboardInterrupt:
        _stop(f"to go on, repeat the command with resume=true hydra.run.dir={folder}")
    except MENDABLE as error:
        _forget(folder)
        _fail(error)


def _run_point(config: DictConfig, folder: Path) -> None:
    """Do one run of a sweep, which goes on if it fails; leave word of its end in its folder."""
    named = f"run {folder.name}"
    if config.cache.limit is None:
        config.cache.limit = IN_A_SWEEP
    try:
        _warm_up()
        outcome = _outcome(config, folder)
    except Exception as error:
        said = _explain(error) if isinstance(error, MENDABLE) else f"{type(error).__name__}: {error}"
        print(f"kmseg: {named} failed: {said}", file=sys.stderr)
        if WANTS_TRACEBACK or not isinstance(error, MENDABLE):
            traceback.print_exception(error)
        End(fingerprint(config), failed=said).write(folder)
        return
    End(fingerprint(config)).write(folder)
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


def _outcome(config: DictConfig, folder: Path) -> Outcome | Listing:
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


def _forget(folder: Path) -> None:
    """Remove the folder of a run that came to no files: nothing is in it but Hydra's own record."""
    if {path.name for path in folder.iterdir()} <= {".hydra", "kmseg.log"}:
        shutil.rmtree(folder, ignore_errors=True)


def _fail(error: Exception) -> NoReturn:
    if WANTS_TRACEBACK:
        traceback.print_exception(error)
    print("\n".join(printable(line) for line in f"kmseg: {_explain(error)}".splitlines()), file=sys.stderr)
    sys.exit(1)


def _explain(error: Exception) -> str:
    """Return the sentence for an error that a person can mend."""
    if isinstance(error, HydraException):
        return _of_hydra(error)
    if isinstance(error, OSError) and error.filename:
        mend = "make room or choose another path" if error.errno == errno.ENOSPC else "choose another path"
        return f"{error.filename}: {error.strerror}; {mend}"
    return str(error)


def _of_hydra(error: HydraException) -> str:
    text = str(error)
    if key := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(key[1])
    if option := re.search(
        r"Could not find '([^']+)/([^'/]+)'(?:\s+Available options in '[^']+':\s+(.*?)\nConfig)?", text, re.S
    ):
        options = (option[3] or "").split()
        return f"{option[1]} has no option {option[2]!r}; choose {', '.join(options) or 'another'}"
    if group := re.search(r"Could not load '([^']+)'", text):
        return f"{group[1]!r} is not an option; --help lists the groups and their options"
    cause = "" if error.__cause__ is None else str(error.__cause__)
    lines = [line.strip() for line in f"{text}\n{cause}".splitlines()]
    noise = ("full_key:", "object_type=", "reference_type=")
    return "\n".join(line for line in lines if line and not line.startswith(noise))


def _unknown_key(key: str) -> str:
    known = list(_keys(_composed(key)))
    close = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    close += [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2] and name not in close]
    if key == "experiment":
        return "experiments are added with a plus: +experiment=paper"
    writer = re.match(r"writers\.(\w+)", key)
    if writer and (conf_folder() / "writers" / f"{writer[1]}.yaml").exists():
        return f"{key!r} is for a writer that is not chosen; add {writer[1]} to writers=[...]"
    meant = f"; did you mean {' or '.join(close[:3])}?" if close else ";"
    return f"there is no setting {key!r}{meant} --cfg job lists the settings of a command"


def _composed(unknown: str) -> DictConfig:
    """Compose the config that the command line chose, without the setting that does not exist."""
    choices = [word for word in sys.argv[1:] if re.match(r"[+~]?\w+=", word) and not word.startswith(f"{unknown}=")]
    with initialize(version_base="1.3", config_path=None):
        try:
            return compose("config", choices)
        except HydraException:
            return compose("config")


def _keys(config: DictConfig) -> Iterable[str]:
    def walk(node: object, path: str) -> Iterable[str]:
        if not isinstance(node, dict):
            yield path
            return
        if path:
            yield path
        for name, value in node.items():
            if name != "_target_":
                yield from walk(value, f"{path}.{name}" if path else str(name))

    return walk(OmegaConf.to_container(config, resolve=False), "")


if __name__ == "__main__":
    main()
