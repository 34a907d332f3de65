"""What a process made of files, kept in its memory: the runs of a sweep read the same images one after the other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

R = TypeVar("R")

MOST = 128_000_000
"""Bytes that a process keeps."""


class Memory:
    """Values made of files; past `most` bytes, those that were used longest ago go."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0
        self._values: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()

    def get(self, files: Sequence[Path], how: str, make: Callable[[], R], bytes_of: Callable[[R], int]) -> R:
        """Return what `make` gives for the files, made `how`; it is not made again while they stay as they are."""
        try:
            states = [(path, path.stat()) for path in files]
        except OSError:  # `make` says what is wrong with the file
            return make()
        key = (how, *((str(path), state.st_ctime_ns, state.st_mtime_ns, state.st_size) for path, state in states))
        if key in self._values:
            self._values.move_to_end(key)
            known: R = self._values[key][0]
            return known
        value = make()
        size = bytes_of(value)
        self._values[key] = value, size
        self.held += size
        while self.held > self.most:
            self.held -= self._values.popitem(last=False)[1][1]
        return value


MEMORY = Memory(MOST)
"""That of this process."""
