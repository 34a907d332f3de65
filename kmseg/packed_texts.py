"""Many short texts in few blocks of bytes: what a run holds of each of a million images."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

END_BYTES = 8
"""Bytes that a text takes besides its own: where it ends, as int64. A `str` takes 49 and a pointer to it 8."""

BLOCK_BYTES = 65536
"""Size from which on a block is not copied when texts are concatenated, so that no large one is held twice."""


class Block(NamedTuple):
    """Some texts one after another, and the place behind the last byte of each."""

    data: bytes
    ends: NDArray[np.int64]


class LazySequence(Sequence[T]):
    """A read-only sequence whose elements are made when they are asked for; a slice is a list of them."""

    __slots__ = ()

    @abstractmethod
    def _at(self, place: int) -> T:
        """Return the element at a place from 0 on."""

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self._at(number) for number in range(*place.indices(len(self)))]
        number = place + len(self) if place < 0 else place
        if not 0 <= number < len(self):
            raise IndexError(f"element {place} of {len(self)}")
        return self._at(number)


class PackedTexts(LazySequence[str]):
    """A read-only sequence of texts, each made anew when it is asked for.

    Parameters
    ----------
    texts : iterable of str
        Any text, also names of files that are not UTF-8.

    Examples
    --------
    >>> texts = PackedTexts(["a", "", "é"])
    >>> texts[2], texts[-1], list(texts), texts[:2]
    ('é', 'é', ['a', '', 'é'], ['a', ''])
    """

    __slots__ = ("_blocks", "_firsts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        data, ends = bytearray(), bytearray()
        for text in texts:
            data += text.encode("utf-8", "surrogatepass")
            ends += len(data).to_bytes(END_BYTES, "little")
        self._hold([Block(bytes(data), np.frombuffer(bytes(ends), "<i8"))])

    def _hold(self, blocks: Sequence[Block]) -> None:
        self._blocks = [block for block in blocks if len(block.ends)]
        self._firsts = [0, *accumulate(len(block.ends) for block in self._blocks)]

    @classmethod
    def concatenate(cls, parts: Iterable[PackedTexts]) -> PackedTexts:
        """Return the texts of several sequences, one after another."""
        blocks: list[Block] = []
        small: list[Block] = []
        for block in (block for part in parts for block in part._blocks):
            if len(block.data) >= BLOCK_BYTES:
                blocks += [_joined(small), block]
                small = []
            else:
                small.append(block)
        whole = cls()
        whole._hold([*blocks, _joined(small)])
        return whole

    def _at(self, place: int) -> str:
        which = bisect_right(self._firsts, place) - 1
        data, ends = self._blocks[which]
        within = place - self._firsts[which]
        return data[ends[within - 1] if within else 0 : ends[within]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for data, ends in self._blocks:
            start = 0
            for end in map(int, ends):
                yield data[start:end].decode("utf-8", "surrogatepass")
                start = end

    def __len__(self) -> int:
        return self._firsts[-1]


def _joined(blocks: Sequence[Block]) -> Block:
    """Return one block of several."""
    starts = accumulate((len(block.data) for block in blocks), initial=0)
    ends = [block.ends + start for block, start in zip(blocks, starts, strict=False)]
    return Block(b"".join(block.data for block in blocks), np.concatenate([np.zeros(0, np.int64), *ends]))
