"""The command line: composes the config, runs the task, and says to people what went wrong."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from kmseg.config import build, register
from kmseg.console import show
from kmseg.errors import UserError

register()


def main() -> None:
    """Run kmseg as its command line says; exit with 1 and one sentence if that cannot be done."""
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    # Hydra prints errors its own way unless told to raise them; kmseg says them in one sentence below.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        _run()
    except KeyboardInterrupt:
        print("\nstopped; what was written is whole, and the same command starts over", file=sys.stderr)
        sys.exit(130)
    except (UserError, HydraException, OmegaConfBaseException, OSError) as error:
        if wants_traceback:
            traceback.print_exc()
        print(f"kmseg: {_sentence(error)}", file=sys.stderr)
        sys.exit(1)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def _run(config: DictConfig) -> None:
    running = HydraConfig.get()
    task, plan = build(
        config,
        folder=Path(running.runtime.output_dir),
        choices=dict(running.runtime.choices),
        overrides=list(running.overrides.task),
    )
    show(task.run(plan))


def _sentence(error: Exception) -> str:
    """Say an error in one sentence; Hydra's own are kept, without the lines that only its authors need."""
    cause = error.__cause__ if isinstance(error, HydraException) and error.__cause__ else error
    if isinstance(cause, OSError) and cause.filename:
        return f"{cause.filename}: {cause.strerror}; choose another path or make room"
    lines = [line.strip() for line in f"{error}\n{cause if cause is not error else ''}".splitlines()]
    noise = ("full_key:", "object_type=", "reference_type=")
    return "\n".join(line for line in lines if line and not line.startswith(noise))
