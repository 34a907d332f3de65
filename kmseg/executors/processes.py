"""Several processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kmseg.executors import R, T, available_cores, chunks, run_chunk
from kmseg.validation import check_integer


@dataclass(frozen=True)
class Processes:
    """Several processes of this machine, with joblib's loky.

    Parameters
    ----------
    workers : int or "auto"
        Number of processes; `auto` or -1 means one per core that the process may use.
    """

    workers: int | str = "auto"

    def __post_init__(self) -> None:
        if self.workers != -1:
            check_integer("executor.workers", self.workers, at_least=1, words=("auto",))

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        from joblib import Parallel, delayed

        workers = available_cores() if self.workers in (-1, "auto") else int(self.workers)
        parallel = Parallel(n_jobs=workers, return_as="generator")
        return iter(parallel(delayed(run_chunk)(work, chunk) for chunk in chunks(items, workers)))
