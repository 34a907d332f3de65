"""All cores of this machine, in threads of this process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from kmseg.executors import R, T, available_cores, chunks, run_chunk
from kmseg.validation import check_integer

AHEAD = 2
"""Chunks in flight per thread: one that it works on and one in the queue, so that no thread is idle."""

PATIENCE = 0.5
"""Seconds that an interrupted run waits for its threads to finish their current image."""

WAKE_UP = 0.1
"""Seconds of one wait of the main thread: a wait without timeout ignores Ctrl-C on Windows."""


@dataclass(frozen=True)
class Threads:
    """Threads of this process: no start-up time, no copies. Decoders and compiled loops release Python's global lock.

    Results come in the order of the items and are the same as on one core. An interrupted run ends within a second:
    each thread finishes its current image and starts no other.

    Parameters
    ----------
    workers : int or "auto"
        Number of threads; `auto` means one per core that the process may use: fewer than the machine has in a container
        with a CPU quota, and if runs of a sweep share the machine.
    """

    workers: int | str = "auto"

    def __post_init__(self) -> None:
        check_integer("executor.workers", self.workers, at_least=1, words=("auto",))

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        workers = available_cores() if self.workers == "auto" else int(self.workers)
        cut = chunks(items, workers)
        if workers == 1:
            return (run_chunk(work, chunk) for chunk in cut)
        return _map(work, cut, min(workers, max(len(items), 1)))


def _map(work: Callable[[Sequence[T]], R], cut: Iterator[Sequence[T]], workers: int) -> Iterator[R]:
    """Work on chunks in threads, a bounded number of chunks ahead of the consumer."""
    todo: SimpleQueue[_Task | None] = SimpleQueue()
    stop = threading.Event()
    # Daemon threads: an interrupted run does not wait for an image of 200 megapixels.
    threads = [
        threading.Thread(target=_serve, args=(todo,), name=f"kmseg-{number}", daemon=True) for number in range(workers)
    ]
    waiting: deque[_Task] = deque()
    patience: float | None = PATIENCE / workers

    def submit() -> None:
        if (chunk := next(cut, None)) is not None:
            waiting.append(_Task(partial(run_chunk, work, chunk, stop.is_set)))
            todo.put(waiting[-1])

    with _one_thread_in_opencv():
        for thread in threads:
            thread.start()
        try:
            for _ in range(AHEAD * workers):
                submit()
            while waiting:
                result = waiting[0].result()
                waiting.popleft()
                submit()
                yield result
        except Exception:
            patience = None  # a thread in compiled code when Python ends aborts the process: wait for its image
            raise
        finally:
            stop.set()
            for _ in threads:
                todo.put(None)
            for thread in threads:
                thread.join(patience)


class _Task:
    """A call that one thread makes and another waits for."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call: Callable[[], Any] | None = call
        self._done = threading.Event()
        self._error: BaseException | None = None
        self._result: Any = None

    def run(self) -> None:
        """Make the call; `result` raises its exception."""
        try:
            assert self._call is not None
            self._result = self._call()
        except BaseException as error:
            self._error = error
        finally:
            self._call = None
            self._done.set()

    def result(self) -> Any:
        """Wait for the call; return its result or raise its exception."""
        while not self._done.wait(WAKE_UP):
            pass
        if self._error is not None:
            raise self._error
        return self._result


def _serve(todo: SimpleQueue[_Task | None]) -> None:
    while (task := todo.get()) is not None:
        task.run()


@contextmanager
def _one_thread_in_opencv() -> Iterator[None]:
    """Switch off OpenCV's own threads, which would run in addition to these."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
