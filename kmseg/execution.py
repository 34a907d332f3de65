"""Executors: where the work on chunks of images runs. The same function runs on one core or on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kmseg.checks import whole

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 32
"""Images handed to a worker at a time: enough to hide the hand-over, few enough for a smooth progress bar."""


class Executor(Protocol):
    """What every executor does."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""


@dataclass(frozen=True)
class Serial:
    """One core, in this process."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        return (work(chunk) for chunk in chunks(items, CHUNK))


@dataclass(frozen=True)
class Processes:
    """Several processes of this machine, by joblib.

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
        from joblib import Parallel, delayed

        parallel = Parallel(n_jobs=self.workers, return_as="generator")
        results: Iterator[R] = parallel(delayed(work)(chunk) for chunk in chunks(items, CHUNK))
        return results


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut `items` into consecutive runs of at most `size`."""
    return (items[i : i + size] for i in range(0, len(items), size))
