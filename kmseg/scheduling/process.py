"""Run a command as a process and stop it cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple

STOP_TIMEOUT = 20.0
"""Seconds between SIGTERM and SIGKILL for a run and its workers."""


class Ended(NamedTuple):
    """How a process ended: exit code, and why it was stopped early, if it was."""

    code: int
    early: str = ""


def run_process(
    words: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | None,
    limit: float | None,
    should_stop: Callable[[], bool],
    stop_timeout: float = STOP_TIMEOUT,
) -> Ended:
    """Run a command until it ends, reaches its time limit (`timed out`) or should stop (`stopped`)."""
    process = subprocess.Popen(
        words,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches only the scheduler, which stops its runs cleanly
    )
    began = time.monotonic()
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return Ended(process.wait(timeout=0.1))
            if should_stop():
                return Ended(_end(process, stop_timeout), "stopped")
            if limit is not None and time.monotonic() - began > limit:
                return Ended(_end(process, stop_timeout), "timed out")
    finally:
        _kill(process)


def _end(process: subprocess.Popen[bytes], within: float) -> int:
    """Send SIGTERM and wait; then kill what is left of the process group."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        return process.wait(timeout=within)
    _kill(process)
    return process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process group."""
    if sys.platform == "win32":  # has no process groups; kill() of a process that has ended does nothing
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
