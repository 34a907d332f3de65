"""Executors: where the work on chunks of images runs. The same function runs on one core or on all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from kmseg.checks import number, whole
from kmseg.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 64
"""Images handed to a worker at a time, at most: enough to hide the hand-over, few enough for a smooth progress bar."""


class Executor(Protocol):
    """What every executor does."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""


@dataclass(frozen=True)
class Serial:
    """One core, in this process."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        return (work(chunk) for chunk in chunks(items, workers=1))


@dataclass(frozen=True)
class Processes:
    """Several processes of this machine, by joblib's loky.

    Parameters
    ----------
    workers : int
        Number of processes; -1 means one a core.
    """

    workers: int = -1

    def __post_init__(self) -> None:
        if self.workers != -1:
            whole("executor.workers", self.workers, at_least=1)

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        from joblib import Parallel, cpu_count, delayed

        workers = cpu_count() if self.workers == -1 else self.workers
        parallel = Parallel(n_jobs=workers, return_as="generator")
        return iter(parallel(delayed(work)(chunk) for chunk in chunks(items, workers)))


@dataclass(frozen=True)
class Dask:
    """A Dask cluster; a worker that dies has its chunks done by another.

    Needs `pip install 'kmseg[cluster]'`. The workers must see the same files under the same paths.

    Parameters
    ----------
    address : str or None
        Scheduler, such as `tcp://10.0.0.5:8786`; None starts a cluster on this machine for the run.
    workers : int
        Number of workers of a cluster started for the run; -1 means one a core.
    timeout : float
        Seconds to wait for the scheduler.
    """

    address: str | None = None
    workers: int = -1
    timeout: float = 30

    def __post_init__(self) -> None:
        if self.workers != -1:
            whole("executor.workers", self.workers, at_least=1)
        number("executor.timeout", self.timeout, at_least=0)

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        with self._client() as client:
            workers = max(len(client.scheduler_info()["workers"]), 1)
            # Not pure: the work writes files, so Dask must not take an earlier result for it.
            futures = deque(client.map(work, list(chunks(items, workers)), pure=False))
            while futures:
                yield futures.popleft().result()

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            from dask.distributed import Client, LocalCluster
        except ImportError:
            raise UserError("executor=dask needs Dask; install it with: pip install 'kmseg[cluster]'") from None
        if self.address is None:
            from joblib import cpu_count

            workers = cpu_count() if self.workers == -1 else self.workers
            with (
                LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
                Client(cluster, set_as_default=False) as client,
            ):
                yield client
            return
        try:
            client = Client(self.address, timeout=self.timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"the Dask scheduler {self.address} does not answer ({type(error).__name__}); start it, give its "
                "address as executor.address=tcp://HOST:8786, or leave the address out for a local cluster"
            ) from error
        with client:
            yield client


_KEPT: dict[str, Any] = {}


def kept(token: str, make: Callable[[], R]) -> R:
    """Return what `make` gives, made once in each process and kept until another token is asked for.

    Work is handed to a process chunk by chunk; what it needs for all of them is not made again for each.
    """
    if token not in _KEPT:
        _KEPT.clear()
        _KEPT[token] = make()
    held: R = _KEPT[token]
    return held


def chunks(items: Sequence[T], workers: int) -> Iterator[Sequence[T]]:
    """Cut `items` into consecutive chunks, so small that each worker has several."""
    size = max(1, min(CHUNK, len(items) // (4 * workers)))
    return (items[i : i + size] for i in range(0, len(items), size))
