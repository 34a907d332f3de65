"""Executors: where the work on chunks of images runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX_CHUNK = 64
"""Images per chunk at most: large enough to hide the overhead, small enough for a smooth progress bar."""


class Executor(Protocol):
    """The protocol of an executor."""

    def map(self, work: Callable[[Sequence[T]], R], items: Sequence[T]) -> Iterator[R]:
        """Yield `work(chunk)` for consecutive chunks of `items`, in their order."""


_CACHED: dict[str, Any] = {}


def once_per_process(token: str, make: Callable[[], R]) -> R:
    """Return the result of `make`, called once per process and token.

    A process works chunk by chunk; objects that all chunks need are created once. Only the last token is cached.
    """
    if token not in _CACHED:
        _CACHED.clear()
        _CACHED[token] = make()
    cached: R = _CACHED[token]
    return cached


def chunks(items: Sequence[T], workers: int) -> Iterator[Sequence[T]]:
    """Split `items` into consecutive chunks, several per worker."""
    size = max(1, min(MAX_CHUNK, len(items) // (4 * workers)))
    return (items[i : i + size] for i in range(0, len(items), size))
