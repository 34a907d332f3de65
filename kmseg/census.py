"""One image's half of finding the legend: its distinct colours, each with what speaks for it and against it.

Resizing and compression put false colours into a label image. A *mixture* is a pixel on the way from one region to the
next: it is rarely flat, and where it is (a slow ramp) its colour lies between those of the pixels a few steps away on
opposite sides. A thin pole is between nothing, since both its sides are alike. A *tinted copy* is a thin object into
which the colour of its surroundings has leaked: it is nowhere solid. So each colour is counted by flat, solid and
between; `kmseg.candidates` judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.histogram import unpack

FLAT = 12
"""Levels: a 3x3 neighbourhood that varies by no more holds no edge; JPEG noise stays below it down to quality 50."""

REACH = 4
"""Pixels to either side where a mixture's parents are looked for: clears a ramp that is flat in 3x3."""

NEAR_REACH = 2
"""The same in images of few colours, where a resized rim is one or two pixels wide."""

FEW = 256
"""Colours: an image with more than a paletted file can hold has been damaged."""

FLAT_PIXELS, SOLID, BETWEEN, ALL, ALL_FLAT, ALL_BETWEEN, IMAGES = range(7)
"""Columns of `Census.counts`. The first three count flat pixels; the next three all pixels of images of few colours."""

_PIXEL = 4
"""Bytes of a pixel: blue, green, red and 255; read as one little-endian word, its colour as 0xFFRRGGBB."""

# What is worked on at once, in pixels, so that it stays in the processor's cache and needs no new memory pages.
_LOOKED_AT, _RUN_THROUGH, _DOUBTED = 20_000, 1 << 17, 1 << 13


@dataclass(frozen=True, eq=False)
class Census:
    """Distinct colours with their evidence; two of them add up, whatever the order.

    Attributes
    ----------
    codes : ndarray of shape (n,), uint32
        Distinct colours as 0xRRGGBB, ascending.
    counts : ndarray of shape (n, 7), int64
        Per colour: flat pixels (3x3), of these solid ones (flat in 5x5), of these ones between two other colours; in
        images of at most 256 colours: all pixels, flat ones, ones between two other colours; images.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.int64]

    @staticmethod
    def of(label: NDArray[np.uint8]) -> Census:
        """Take the census of one label image `(H, W, 3)` uint8: of its flat pixels, of all where it has few colours."""
        image = _Image.of(label)
        few = image.has_few_colors()
        # Solid pixels are many, and none is a mixture: runs of equal ones are counted. The others are looked at singly.
        runs, lengths = image.solid_runs()
        places = np.flatnonzero(image.inside(~image.solid) if few else image.flat ^ image.solid)
        own = image.words[places]
        between = image.between(places, own, (REACH, NEAR_REACH) if few else (REACH,))
        flat = image.flat[places]
        tally = _Tally.of(np.concatenate([runs, own]))
        solid = tally.count(slice(len(runs)), lengths)

        counts = np.zeros((len(tally.colors), 7), np.int64)
        columns = {FLAT_PIXELS: flat, BETWEEN: flat & between}
        if few:
            columns |= {ALL: np.ones_like(flat), ALL_FLAT: flat, ALL_BETWEEN: between}
        for column, counted in columns.items():
            counts[:, column] = tally.count(np.flatnonzero(counted) + len(runs))
        for column in columns.keys() - {BETWEEN, ALL_BETWEEN} | {SOLID}:
            counts[:, column] += solid
        counts[:, IMAGES] = 1
        return Census(tally.colors & np.uint32(0xFFFFFF), counts)

    @staticmethod
    def merge(parts: Iterable[Census]) -> Census:
        """Add up any number of censuses."""
        held = list(parts)
        if not held:
            return Census(np.zeros(0, np.uint32), np.zeros((0, 7), np.int64))
        codes, row = np.unique(np.concatenate([part.codes for part in held]), return_inverse=True)
        stacked = np.concatenate([part.counts for part in held])
        counts = np.stack([np.bincount(row, column, len(codes)) for column in stacked.T], axis=1).astype(np.int64)
        return Census(codes, counts)

    @property
    def colors(self) -> NDArray[np.uint8]:
        """The distinct colours, `(n, 3)` uint8 RGB."""
        return unpack(self.codes)

    @property
    def weights(self) -> NDArray[np.int64]:
        """The pixels `(n,)` that speak for a colour: all of images of few colours, else flat ones but mixtures."""
        lossy = self.counts[:, FLAT_PIXELS] - self.counts[:, ALL_FLAT] - self.counts[:, BETWEEN]
        return np.asarray(np.where(self.counts[:, ALL] > 0, self.counts[:, ALL], lossy))

    @property
    def pixels(self) -> int:
        """The number of pixels counted: flat ones, and all of images of few colours."""
        return int(np.where(self.counts[:, ALL] > 0, self.counts[:, ALL], self.counts[:, FLAT_PIXELS]).sum())


@dataclass(frozen=True, eq=False)
class _Image:
    """An image with REACH pixels around it, laid out in one line: a neighbour is at a fixed distance.

    Attributes
    ----------
    words : ndarray of shape (n,), uint32
        The pixels.
    flat, solid : ndarray of shape (n,), bool
        Whether a pixel is; none in the margin is.
    width : int
        Pixels in a row, the margin's among them.
    """

    words: NDArray[np.uint32]
    flat: NDArray[np.bool_]
    solid: NDArray[np.bool_]
    width: int

    @staticmethod
    def of(label: NDArray[np.uint8]) -> _Image:
        """Look at every pixel of an image `(H, W, 3)`, some rows at a time."""
        bordered = _bordered(label)
        words, (height, width) = bordered.ravel(), bordered.shape
        image = _Image(words, np.zeros(len(words), bool), np.zeros(len(words), bool), width)
        strips = min(height - 2 * REACH, 1 + len(words) // _LOOKED_AT)
        for top, bottom in pairwise(np.linspace(REACH, height - REACH, strips + 1, dtype=int).tolist()):
            image._look_at(top * width, bottom * width)
        image.inside(image.flat)
        image.inside(image.solid)
        return image

    def _look_at(self, start: int, stop: int) -> None:
        """Find what is flat and solid in the rows from the word `start` to `stop`; the margin gets nonsense."""
        width = self.width
        line = self.words[start - 2 * width : stop + 2 * width].view(np.uint8)
        low, lowest = _extremes(np.minimum, line, _PIXEL * width)
        high, highest = _extremes(np.maximum, line, _PIXEL * width)
        self.flat[start - width + 1 : stop + width - 1] = ~_exceeds(high - low, FLAT)
        self.solid[start + 2 : stop - 2] = ~_exceeds(highest - lowest, FLAT)

    def inside(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Clear the margin of a mask and return it."""
        rows = mask.reshape(-1, self.width)
        rows[:REACH] = rows[-REACH:] = rows[:, :REACH] = rows[:, -REACH:] = False
        return mask

    def has_few_colors(self) -> bool:
        """Tell by the pixels that are not flat, a sample first; a damaged image shows there."""
        sample = np.sort(self._edges(4, 8))
        if np.count_nonzero(sample[1:] != sample[:-1]) >= FEW:
            return False
        runs = _runs(self._edges(1, 1))[0]
        return bool(np.count_nonzero(_same(runs) == np.arange(len(runs))) <= FEW)

    def _edges(self, down: int, right: int) -> NDArray[np.uint32]:
        """Return the pixels that are not flat, of every so many rows and columns."""
        grid = slice(REACH, -REACH, down), slice(REACH, -REACH, right)
        return self.words.reshape(-1, self.width)[grid][~self.flat.reshape(-1, self.width)[grid]]

    def solid_runs(self) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """Return the solid pixels, one of each run of equal ones, and how long the run is."""
        parts = [slice(start, start + _RUN_THROUGH) for start in range(0, len(self.words), _RUN_THROUGH)]
        runs, lengths = zip(*(_runs(self.words[part][self.solid[part]]) for part in parts), strict=True)
        return np.concatenate(runs), np.concatenate(lengths)

    def between(self, places: NDArray[np.intp], own: NDArray[np.uint32], reaches: Sequence[int]) -> NDArray[np.bool_]:
        """Tell for each place and its `own` pixel whether its colour lies between two others at its opposite sides.

        Both must differ from it by more than FLAT and stand a reach away in one of the four directions.
        """
        steps = np.outer(reaches, (1, self.width, self.width + 1, self.width - 1)).ravel()
        answer = np.zeros(len(places), bool)
        for start in range(0, len(places), _DOUBTED):
            some = slice(start, start + _DOUBTED)
            answer[start + self._between(places[some], own[some], steps)] = True
        return answer

    def _between(self, places: NDArray[np.intp], own: NDArray[np.uint32], steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the indices of the places whose colour lies between those some step before and after."""
        one = self.words[places - steps[:, None]].ravel()
        left = np.flatnonzero(_exceeds(_apart(one, np.tile(own, len(steps))), FLAT))
        step = left // len(places)
        place = left - step * len(places)
        other = self.words[places[place] + steps[step]]
        both = np.flatnonzero(_exceeds(_apart(other, own[place]), FLAT))
        place = place[both]
        low, high = _ordered(one[left[both]], other[both])
        middle = own[place].view(np.uint8)
        # Saturated: cut off at 0, as cv2.subtract does, but for empty arrays too.
        beyond = np.maximum(np.maximum(low, middle) - middle, middle - np.minimum(middle, high))
        return place[~_exceeds(beyond, FLAT // 2)]


def _bordered(label: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the pixels as words, the image's last ones repeated REACH times on each side; saves OpenCV's copies."""
    height, width = label.shape[:2]
    words = np.empty((height + 2 * REACH, width + 2 * REACH), "<u4")
    inner = words[REACH:-REACH, REACH:-REACH]
    channels = words.view(np.uint8).reshape(*words.shape, _PIXEL)
    cv2.cvtColor(label, cv2.COLOR_RGB2BGRA, dst=channels[REACH:-REACH, REACH:-REACH])
    words[REACH:-REACH, :REACH], words[REACH:-REACH, -REACH:] = inner[:, :1], inner[:, -1:]
    words[:REACH], words[-REACH:] = words[REACH], words[-REACH - 1]
    return words


def _extremes(extreme: np.ufunc, line: NDArray[np.uint8], row: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the minimum or maximum, by channel, of 3x3 pixels and of 5x5; each begins with the first whole square.

    The extreme of four 3x3 squares that meet in a pixel is that of 5x5.
    """
    pairs = extreme(line[:-row], line[row:])
    columns = extreme(pairs[:-row], pairs[row:])
    pairs = extreme(columns[:-_PIXEL], columns[_PIXEL:])
    squares = extreme(pairs[:-_PIXEL], pairs[_PIXEL:])
    pairs = extreme(squares[: -2 * _PIXEL], squares[2 * _PIXEL :])
    return squares, extreme(pairs[: -2 * row], pairs[2 * row :])


def _exceeds(levels: NDArray[np.uint8], most: int) -> NDArray[np.bool_]:
    """Tell for each pixel whether one of its channels exceeds `most`."""
    return np.asarray((levels > most).view("<u4") != 0)


def _ordered(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the lower and the higher of two pixels, channel by channel."""
    channels = one.view(np.uint8), other.view(np.uint8)
    return np.minimum(*channels), np.maximum(*channels)


def _apart(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return by how much two pixels differ, channel by channel."""
    low, high = _ordered(one, other)
    return high - low


def _runs(words: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Return one word of each run of equal ones, and how long the run is."""
    last = np.flatnonzero(words[1:] != words[:-1])
    if len(words):
        last = np.append(last, len(words) - 1)
    return words[last], np.diff(last, prepend=-1)


@dataclass(frozen=True, eq=False)
class _Tally:
    """Words that are to be counted: their distinct values, ascending, and for each word the index of an equal one."""

    colors: NDArray[np.uint32]
    first: NDArray[np.intp]
    same: NDArray[np.intp]

    @staticmethod
    def of(words: NDArray[np.uint32]) -> _Tally:
        same = _same(words)
        first = np.flatnonzero(same == np.arange(len(same)))
        first = first[np.argsort(words[first])]
        return _Tally(words[first], first, same)

    def count(self, which: slice | NDArray[np.intp], times: NDArray[np.intp] | None = None) -> NDArray[np.int64]:
        """Return how often each colour is among the words `which`, each counted once or so many `times`."""
        return np.bincount(self.same[which], times, len(self.same))[self.first].astype(np.int64)


def _same(words: NDArray[np.uint32], multiplier: int = 0x9E3779B1) -> NDArray[np.intp]:
    """Return for each word the index of one that equals it, the same index for all of its equals.

    What `np.unique` finds by sorting, found with a hash table, several times as fast: the last word written to a slot
    stands for its equals; words that find another one in their slot try again with another multiplier.
    """
    bits = min(len(words).bit_length() + 1, 24)
    slots = (words * np.uint32(multiplier) >> np.uint32(32 - bits)).astype(np.intp)
    table = np.empty(1 << bits, np.uint32)
    table[slots] = np.arange(len(words), dtype=np.uint32)
    same = table[slots].astype(np.intp)
    lost = np.flatnonzero(words[same] != words)
    if len(lost):
        same[lost] = lost[_same(words[lost], multiplier * 3 & 0xFFFFFFFF)]
    return same
