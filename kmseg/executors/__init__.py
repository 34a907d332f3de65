"""Executors: where the work on chunks of images runs. The same function runs on one core or on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 64
"""Images handed to a worker at a time, at most: enough to hide the hand-over, few enough for a smooth progress bar."""


class Executor(Protocol):
    """What every executor does."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""


_KEPT: dict[str, Any] = {}


def once_per_process(token: str, make: Callable[[], R]) -> R:
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
