"""Executors: where the work on chunks of images runs."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX_CHUNK = 64
"""Images per chunk at most: large enough to hide the overhead, small enough for a smooth progress bar."""

CORES = "KMSEG_CORES"
"""Environment variable: number of cores that this process may use; concurrent runs of a sweep share the machine."""


class Executor(Protocol):
    """The protocol of an executor."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""


MAX_CACHED = 2
"""Results that `once_per_process` caches: two runs of one process may be active at the same time."""

_CACHED: OrderedDict[str, Any] = OrderedDict()

_CACHE_LOCK = threading.RLock()


def once_per_process(token: str, make: Callable[[], R]) -> R:
    """Return the result of `make`, called once per process and token, whichever thread asks first.

    A process works chunk by chunk; objects that all chunks need are created once. Only the last tokens are cached.
    """
    with _CACHE_LOCK:
        if token not in _CACHED:
            while len(_CACHED) >= MAX_CACHED:
                _CACHED.popitem(last=False)
            _CACHED[token] = make()
        _CACHED.move_to_end(token)
        cached: R = _CACHED[token]
        return cached


def chunks(items: Sequence[T], workers: int) -> Iterator[Sequence[T]]:
    """Split `items` into consecutive chunks, several per worker."""
    size = max(1, min(MAX_CHUNK, len(items) // (4 * workers)))
    return (items[i : i + size] for i in range(0, len(items), size))


def available_cores() -> int:
    """Return the number of cores that this process may use, at least 1.

    The minimum of its CPU affinity, the CPU quota of its container (Linux control groups, rounded up) and
    `KMSEG_CORES`, which is set for concurrent runs of a sweep.
    """
    limits = [_cores_by_affinity(), _cores_by_quota(Path("/sys/fs/cgroup"))]
    with suppress(ValueError):
        limits.append(int(os.environ.get(CORES, "")))
    return max(min(limit for limit in limits if limit), 1)


def _cores_by_affinity() -> int:
    if hasattr(os, "process_cpu_count"):  # from Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cores_by_quota(root: Path) -> int:
    """Return the CPU quota of the control group, version 2 or 1, mounted at `root`, in cores; 0 if there is none."""
    with suppress(OSError, ValueError):  # "max 100000", or "150000 100000": microseconds of each period
        quota, period = (root / "cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    with suppress(OSError, ValueError):
        quota, period = ((root / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return max(-(-int(quota) // int(period)), 0)
    return 0


class Chunk(list[T]):
    """The items that a worker iterates over; it knows the current item and can stop the iteration.

    Attributes
    ----------
    stopped : callable
        Called before each item; if it returns True, the iteration raises `Stopped`.
    current : object
        The item that the worker is working on.
    """

    def __init__(self, items: Sequence[T], stopped: Callable[[], bool] = lambda: False) -> None:
        super().__init__(items)
        self.stopped = stopped
        self.current: T | None = None

    def __iter__(self) -> Iterator[T]:
        for item in super().__iter__():
            if self.stopped():
                raise Stopped
            self.current = item
            yield item


class Stopped(BaseException):
    """Ends the work of a run that was interrupted; never reaches the caller."""


def run_chunk(work: Callable[[Sequence[T]], R], items: Sequence[T], stopped: Callable[[], bool] = lambda: False) -> R:
    """Return `work(items)`; an exception gets a note with the name of the current image."""
    chunk = Chunk(items, stopped)
    try:
        return work(chunk)
    except Exception as error:
        name = _name(chunk.current)
        if name and name not in str(error):
            error.add_note(f"while working on {name}")
        raise


def _name(item: Any) -> str:
    """Return the label file or the key of an item or of an object that has one; empty if it has neither."""
    item = getattr(item, "item", item)
    return str(getattr(item, "label", "") or getattr(item, "key", ""))
