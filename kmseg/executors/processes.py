"""Several processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kmseg.executors import R, T, chunks
from kmseg.validation import check_integer


@dataclass(frozen=True)
class Processes:
    """Several processes of this machine, with joblib's loky.

    Parameters
    ----------
    workers : int
        Number of processes; -1 means one per core.
    """

    workers: int = -1

    def __post_init__(self) -> None:
        if self.workers != -1:
            check_integer("executor.workers", self.workers, at_least=1)

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        from joblib import Parallel, cpu_count, delayed

        workers = cpu_count() if self.workers == -1 else self.workers
        parallel = Parallel(n_jobs=workers, return_as="generator")
        return iter(parallel(delayed(work)(chunk) for chunk in chunks(items, workers)))
