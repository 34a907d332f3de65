"""Start a module of kmseg in a second process while the first works; it ends no later than the first."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Generic, TypeVar, cast

A = TypeVar("A")

WAKE_UP = 0.1
"""Seconds of one wait for an answer: a wait without timeout ignores Ctrl-C on Windows."""

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


def is_started(module: str) -> bool:
    """Return whether the process of a module was started early and has not been taken."""
    return module in _STARTED


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


class Answer(Generic[A]):
    """What a second process answers to one message; a thread that listens to it puts it here."""

    def __init__(self) -> None:
        self._come = threading.Event()
        self._said: A | None = None

    def put(self, said: A | None) -> None:
        """Put the answer; None if the process has ended without one."""
        self._said = said
        self._come.set()

    def is_there(self) -> bool:
        """Whether the answer has come."""
        return self._come.is_set()

    def get(self) -> A | None:
        """Wait for the answer."""
        while not self._come.wait(WAKE_UP):
            pass
        return self._said


class Channel(Generic[A]):
    """Messages to a second process, which answers one after the other.

    Parameters
    ----------
    process : subprocess.Popen
    read : callable
        Reads one answer from the process's output, and raises an exception where there is none any more.
    """

    def __init__(self, process: subprocess.Popen[bytes], read: Callable[[IO[bytes]], A]) -> None:
        self._process, self._read = process, read
        self._lock = threading.Lock()
        self._expected: deque[Answer[A]] = deque()
        self._ended = False
        threading.Thread(target=self._listen, name="kmseg-answers", daemon=True).start()

    def send(self, message: bytes) -> Answer[A]:
        """Send a message; its answer is None if the process has ended, or ends before it."""
        answer = Answer[A]()
        with self._lock:
            if self._ended:
                answer.put(None)
                return answer
            self._expected.append(answer)
            with suppress(OSError, ValueError):  # broken, or closed: `_listen` tells that there is no answer
                pipe = input_of(self._process)
                pipe.write(message)
                pipe.flush()
        return answer

    def close(self) -> None:
        """End the process."""
        end(self._process)

    def _listen(self) -> None:
        output = cast(IO[bytes], self._process.stdout)
        with suppress(Exception):  # how a process that ends leaves its answer
            while True:
                said = self._read(output)
                self._expected.popleft().put(said)
        with self._lock:
            self._ended = True
        while self._expected:
            self._expected.popleft().put(None)
