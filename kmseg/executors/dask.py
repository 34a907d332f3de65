"""A Dask cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any

from kmseg.errors import UserError
from kmseg.executors import R, T, available_cores, chunks, run_chunk
from kmseg.validation import check_integer, check_number

AHEAD = 16
"""Chunks per worker that are sent at once, while as many wait: all chunks of a million images would take 0.6 GB."""


@dataclass(frozen=True)
class Dask:
    """A Dask cluster; the chunks of a worker that dies are repeated by another.

    Needs `pip install 'kmseg[cluster]'`. The workers must see the same files under the same paths: on a shared disk, or
    in buckets (`dataset.root=s3://...`, `outputs=s3://...`). An error names the image and the worker.

    Parameters
    ----------
    address : str or None
        Scheduler, such as `tcp://10.0.0.5:8786`; None starts a cluster on this machine for the run.
    workers : int or "auto"
        Number of workers of a cluster started for the run; `auto` or -1 means one per core that the process may use.
    timeout : float
        Seconds to wait for the scheduler.
    """

    address: str | None = None
    workers: int | str = "auto"
    timeout: float = 30

    def __post_init__(self) -> None:
        if self.workers != -1:
            check_integer("executor.workers", self.workers, at_least=1, words=("auto",))
        check_number("executor.timeout", self.timeout, at_least=0)

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        with self._client() as client:
            workers = max(len(client.scheduler_info()["workers"]), 1)
            cut, futures = chunks(items, workers), deque[Any]()
            while True:
                if len(futures) < AHEAD * workers and (some := list(islice(cut, AHEAD * workers))):
                    # pure=False: the work writes files, so Dask must not reuse an earlier result.
                    futures.extend(client.map(partial(_run_on_worker, work), some, pure=False))
                if not futures:
                    return
                yield futures.popleft().result()

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            from dask.distributed import Client
        except ImportError:
            raise UserError("executor=dask needs Dask; install it with: pip install 'kmseg[cluster]'") from None
        if self.address is None:
            workers = available_cores() if self.workers in (-1, "auto") else int(self.workers)
            with Client(local_cluster(workers), set_as_default=False) as client:
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


@cache
def local_cluster(workers: int) -> Any:
    """Return a cluster on this machine, started once for all passes over the images; Dask ends it as Python ends."""
    from dask.distributed import LocalCluster

    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0", preload=__name__)


def dask_setup(worker: Any) -> None:
    """Prepare a worker of a cluster started for the run; Dask calls this in the worker's process (its `preload`).

    When a run ends, or is ended with Ctrl-C, a worker may still report to the scheduler that has just left. Dask logs
    that with a traceback, which says nothing to a user.
    """
    logging.getLogger("distributed.worker").addFilter(_is_not_a_closed_connection)


def _is_not_a_closed_connection(record: logging.LogRecord) -> bool:
    from distributed.comm import CommClosedError

    return not (record.exc_info and isinstance(record.exc_info[1], CommClosedError))


def _run_on_worker(work: Callable[[Sequence[T]], R], items: Sequence[T]) -> R:
    """Return `work(items)`; an exception gets a note with the name of the image, and one with that of the worker."""
    from dask.distributed import get_worker

    try:
        return run_chunk(work, items)
    except Exception as error:
        error.add_note(f"on the Dask worker {get_worker().address}")
        raise
