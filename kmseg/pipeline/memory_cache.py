"""Values made from files, cached in memory: the runs of a sweep read the same images one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from cachetools import LRUCache

R = TypeVar("R")

MAX_BYTES = 128_000_000
"""Size limit of the cache of a process, in bytes."""


class FileCache:
    """A least-recently-used cache of values made from files, for any thread; a changed file has a new entry.

    Parameters
    ----------
    max_bytes : int
        Sum of the values' sizes at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self._lock = threading.Lock()
        self._values: LRUCache[tuple[object, ...], tuple[Any, int]] = LRUCache(
            max_bytes, getsizeof=lambda entry: entry[1]
        )

    @property
    def size(self) -> int:
        """Bytes that are cached now."""
        return int(self._values.currsize)

    def get(
        self, states: Sequence[Hashable | None], how: str, make: Callable[[], R], count_bytes: Callable[[R], int]
    ) -> R:
        """Return the cached value of these states of files and `how`, or call `make` and cache its result.

        Nothing is cached where a state is None: a file that nothing is known of.
        """
        if None in states:
            return make()
        key = (how, *states)
        with self._lock:
            cached = self._values.get(key)
        if cached is not None:
            known: R = cached[0]
            return known
        value = make()
        size_in_bytes = count_bytes(value)
        if size_in_bytes <= self._values.maxsize:
            with self._lock:
                self._values[key] = value, size_in_bytes
        return value


FILE_CACHE = FileCache(MAX_BYTES)
"""The cache of this process."""
