"""Many short texts in one block of bytes: what a run holds of each of a million images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

END_BYTES = 8
"""Bytes that a text takes besides its own: where it ends, as int64. A `str` takes 49 and a pointer to it 8."""


class PackedTexts(Sequence[str]):
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

    __slots__ = ("_block", "_ends")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        block, ends = bytearray(), bytearray()
        for text in texts:
            block += text.encode("utf-8", "surrogatepass")
            ends += len(block).to_bytes(END_BYTES, "little")
        self._block = bytes(block)
        self._ends: NDArray[np.int64] = np.frombuffer(bytes(ends), "<i8")

    @classmethod
    def concatenate(cls, parts: Sequence[PackedTexts]) -> PackedTexts:
        """Return the texts of several sequences, one after another."""
        whole = cls()
        starts = np.cumsum([0, *(len(part._block) for part in parts)])
        whole._block = b"".join(part._block for part in parts)
        shifted = [part._ends + start for part, start in zip(parts, starts[:-1], strict=True)]
        whole._ends = np.concatenate(shifted) if parts else whole._ends
        return whole

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = place + len(self) if place < 0 else place
        if not 0 <= number < len(self):
            raise IndexError(f"text {place} of {len(self)}")
        start = self._ends[number - 1] if number else 0
        return self._block[start : self._ends[number]].decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in map(int, self._ends):
            yield self._block[start:end].decode("utf-8", "surrogatepass")
            start = end

    def __len__(self) -> int:
        return len(self._ends)
