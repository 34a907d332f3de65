"""One core, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kmseg.executors import R, T, chunks, run_chunk


@dataclass(frozen=True)
class Serial:
    """One core, in this process."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""
        return (run_chunk(work, chunk) for chunk in chunks(items, workers=1))
