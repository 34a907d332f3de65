"""One run as a process of its own, which is ended in order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple

ENDS_WITHIN = 20.0
"""Seconds that a run which is told to end may take, before it is killed with all its workers."""


class Ended(NamedTuple):
    """How a process came to its end: its exit code, and why it was ended early, if it was."""

    code: int
    early: str = ""


def run_process(
    words: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | None,
    limit: float | None,
    should_stop: Callable[[], bool],
    ends_within: float = ENDS_WITHIN,
) -> Ended:
    """Run a command to its end, its time limit (`timed out`), or until it is told to end (`stopped`)."""
    process = subprocess.Popen(
        words,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in the terminal reaches the scheduler alone, which ends its runs in order
    )
    began = time.monotonic()
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return Ended(process.wait(timeout=0.1))
            if should_stop():
                return Ended(_end(process, ends_within), "stopped")
            if limit is not None and time.monotonic() - began > limit:
                return Ended(_end(process, ends_within), "timed out")
    finally:
        _kill(process)


def _end(process: subprocess.Popen[bytes], within: float) -> int:
    """Tell the process to end, and wait; what is left of its group after that is killed."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        return process.wait(timeout=within)
    _kill(process)
    return process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
