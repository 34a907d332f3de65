"""Merge the results of many chunks in order, in time n log n."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

R = TypeVar("R")

BATCH = 16
"""Results that are merged at once; merged one by one, the larger of two is copied each time."""


class Merger(Generic[R]):
    """Merge results as they come, neighbors with neighbors of about the same size.

    A merge copies what it merges. Adding each result to the total would copy the total each time, which is quadratic
    in the number of images; here each result is copied once per doubling.

    >>> merger = Merger(lambda parts: [item for part in parts for item in part])
    >>> for number in range(40):
    ...     merger.add([number])
    >>> merger.total() == list(range(40))
    True
    """

    def __init__(self, merge: Callable[[Sequence[R]], R]) -> None:
        self._merge = merge
        self._new: list[R] = []
        self._merged: list[tuple[int, R]] = []  # number of batches and their result, the larger ones first

    def add(self, result: R) -> None:
        """Add the next result."""
        self._new.append(result)
        if len(self._new) < BATCH:
            return
        size, merged = 1, self._merge(self._new)
        self._new = []
        while self._merged and self._merged[-1][0] == size:
            merged = self._merge([self._merged.pop()[1], merged])
            size *= 2
        self._merged.append((size, merged))

    def total(self) -> R:
        """Return the merged result of all that was added."""
        return self._merge([*(merged for _, merged in self._merged), *self._new])
