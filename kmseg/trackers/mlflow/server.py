"""Run MLflow's server for `task=ui`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kmseg.errors import UserError

START_TIMEOUT = 120
"""Seconds that the server may take to start; on a busy machine its imports alone take ten."""


@contextmanager
def serving(store: str, folder: Path, port: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve a store on 127.0.0.1, at `port` or a free one if it is in use; yield the address and the process.

    The server runs in its own process group, which gets SIGTERM at the end of the block, and SIGKILL after ten more
    seconds. MLflow's check of the Host header stays on.
    """
    port = port if _is_free(port) else 0
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = ["server", "--backend-store-uri", store, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_TRACKING_URI": store}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words, "--uvicorn-opts", "--log-level warning"],
            cwd=folder,
            env={**os.environ, **quiet},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, address, log)
            yield address, process
        finally:
            _end(process)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise UserError(f"the MLflow server did not start; see {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and every process it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=10)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
