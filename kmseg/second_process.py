"""Start a module of kmseg in a second process while the first works; it ends no later than the first."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

_STARTED: dict[str, subprocess.Popen[bytes]] = {}


def start_early(module: str) -> None:
    """Start `python -m MODULE`, which is likely to be needed; `take` returns its process.

    It finds this kmseg first and imports nothing from the working folder. Its input and output are pipes. It shall end
    when its input does. Ctrl-C in a terminal, which goes to every process of the command's group, does not reach it.
    """
    path = os.pathsep.join(filter(None, (str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH"))))
    with suppress(OSError):
        process = _STARTED[module] = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )
        atexit.register(end, process)


def take(module: str) -> subprocess.Popen[bytes] | None:
    """Return the process of a module that was started early; None if it was not, or has been taken."""
    return _STARTED.pop(module, None)


def input_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """Return the pipe to a process's input."""
    return cast(IO[bytes], process.stdin)


def claim_output() -> int:
    """Return, in the second process, the pipe to the first; what is printed from now on is no answer, but an error."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return pipe


def end(process: subprocess.Popen[bytes]) -> None:
    """Close a process's input and send it SIGTERM; wait until it has ended."""
    with suppress(OSError):
        input_of(process).close()
    process.terminate()
    process.wait()
