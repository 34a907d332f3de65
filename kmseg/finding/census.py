"""One image's half of finding the legend: its distinct colours, each with what speaks for it and against it.

Resizing and compression put false colours into a label image. A *mixture* is a pixel on the way from one region to the
next: it is rarely flat, and where it is (a slow ramp) its colour lies between those of the pixels a few steps away on
opposite sides. A thin pole is between nothing, since both its sides are alike. A *tinted copy* is a thin object into
which the colour of its surroundings has leaked: it is nowhere solid. So each colour is counted by flat, solid and
between; `kmseg.finding.candidates` judges.

A small object in a compressed image may have no flat pixel at all. It speaks by its *cores*: pixels whose colour
stands out from all that is around the object, so that no mixture of these can be it. A pole is not small: it reaches
the surroundings it would have to stand out from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.histogram import runs_of, unpack

FLAT = 12
"""Levels: a 3x3 neighbourhood that varies by no more holds no edge; JPEG noise stays below it down to quality 50."""

REACH = 4
"""Pixels to either side where a mixture's parents are looked for: clears a ramp that is flat in 3x3."""

NEAR_REACH = 2
"""The same in images of few colours, where a resized rim is one or two pixels wide."""

FEW = 256
"""Colours: an image with more than a paletted file can hold has been damaged."""

AROUND = 8
"""Pixels to each side of a core where its surroundings are looked at: clears objects of up to 15 pixels."""

STANDS_OUT = 40
"""Levels by which, in some channel, a core exceeds all its surroundings or stays below: above JPEG's ringing."""

CALM = 40
"""Levels: a 3x3 neighbourhood of a core varies by no more. The inside of a small object does by 20 to 30 (4:2:0)."""

SPECK = 3
"""Cores that hang together, at least; fewer are ringing at a corner."""

MOST_OBJECTS = 100
"""The largest of an image that are looked at: label images have fewer than 30, photos have thousands."""

ALIKE = 24
"""Levels, in each channel, within which the small objects of one image count as one kind."""

FLAT_PIXELS, SOLID, BETWEEN, ALL, ALL_FLAT, ALL_BETWEEN, IMAGES, CORES, CORE_IMAGES = range(9)
"""Columns of `Census.counts`. The first three count flat pixels; the next three all pixels of images of few colours.
The last two count the cores of small objects, at the median colour of each kind in an image, in all other images."""

CELL = 16
"""Levels of a cell of coarse colours."""

CELLS = 256 // CELL
"""Cells a channel."""

_MARGIN = max(REACH, AROUND)

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
    counts : ndarray of shape (n, 9), int64
        Per colour: flat pixels (3x3), of these solid ones (flat in 5x5), of these ones between two other colours; in
        images of at most 256 colours: all pixels, flat ones, ones between two other colours; images; in images of more
        colours: cores of small objects of this median colour, images that hold such objects.
    cells : ndarray of shape (2, 4096), int64
        All pixels, and flat ones, of every fourth row by coarse colour: how flat a colour's surroundings are.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.int64]
    cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, CELLS**3), np.int64))

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
        kinds, cores = (own[:0], places[:0]) if few else image.small_objects()
        tally = _Tally.of(np.concatenate([runs, own, kinds]))
        solid = tally.count(slice(len(runs)), lengths)

        counts = np.zeros((len(tally.colors), 9), np.int64)
        columns = {FLAT_PIXELS: flat, BETWEEN: flat & between}
        if few:
            columns |= {ALL: np.ones_like(flat), ALL_FLAT: flat, ALL_BETWEEN: between}
        for column, counted in columns.items():
            counts[:, column] = tally.count(np.flatnonzero(counted) + len(runs))
        for column in columns.keys() - {BETWEEN, ALL_BETWEEN} | {SOLID}:
            counts[:, column] += solid
        counts[:, IMAGES] = counts[:, [FLAT_PIXELS, ALL]].any(axis=1)
        counts[:, CORES] = tally.count(slice(len(runs) + len(own), None), cores)
        counts[:, CORE_IMAGES] = counts[:, CORES] > 0
        return Census(tally.colors & np.uint32(0xFFFFFF), counts, image.cells())

    @staticmethod
    def merge(parts: Iterable[Census]) -> Census:
        """Add up any number of censuses."""
        held = list(parts)
        if not held:
            return Census(np.zeros(0, np.uint32), np.zeros((0, 9), np.int64))
        codes, row = np.unique(np.concatenate([part.codes for part in held]), return_inverse=True)
        stacked = np.concatenate([part.counts for part in held])
        counts = np.stack([np.bincount(row, column, len(codes)) for column in stacked.T], axis=1).astype(np.int64)
        return Census(codes, counts, np.sum([part.cells for part in held], axis=0))

    def flat_share(self, color: Sequence[int]) -> float:
        """Return the share of flat pixels among those within 8 to 24 levels of a colour; 0 where there are none."""
        half = CELL // 2
        near = tuple(slice(max(level - half, 0) // CELL, (level + half) // CELL + 1) for level in color)
        every, flat = (int(cells.reshape(CELLS, CELLS, CELLS)[near].sum()) for cells in self.cells)
        return flat / max(every, 1)

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
    """An image with a margin around it, laid out in one line: a neighbour is at a fixed distance.

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
        strips = min(height - 2 * _MARGIN, 1 + len(words) // _LOOKED_AT)
        for top, bottom in pairwise(np.linspace(_MARGIN, height - _MARGIN, strips + 1, dtype=int).tolist()):
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
        rows[:_MARGIN] = rows[-_MARGIN:] = rows[:, :_MARGIN] = rows[:, -_MARGIN:] = False
        return mask

    def has_few_colors(self) -> bool:
        """Tell by the pixels that are not flat, a sample first; a damaged image shows there."""
        sample = np.sort(self._edges(4, 8))
        if np.count_nonzero(sample[1:] != sample[:-1]) >= FEW:
            return False
        runs = runs_of(self._edges(1, 1))[0]
        return bool(np.count_nonzero(_same(runs) == np.arange(len(runs))) <= FEW)

    def _edges(self, down: int, right: int) -> NDArray[np.uint32]:
        """Return the pixels that are not flat, of every so many rows and columns."""
        grid = slice(_MARGIN, -_MARGIN, down), slice(_MARGIN, -_MARGIN, right)
        return self.words.reshape(-1, self.width)[grid][~self.flat.reshape(-1, self.width)[grid]]

    def cells(self) -> NDArray[np.int64]:
        """Count all pixels and flat ones of every fourth row by their cell of coarse colours, `(2, 4096)`."""
        grid = slice(_MARGIN, -_MARGIN, 4), slice(_MARGIN, -_MARGIN)
        words = self.words.reshape(-1, self.width)[grid].ravel()
        flat = self.flat.reshape(-1, self.width)[grid].ravel()
        cell = words >> 12 & 0xF00 | words >> 8 & 0xF0 | words >> 4 & 0xF | flat.astype(np.uint32) << 12
        counts = np.bincount(cell, minlength=2 * CELLS**3).reshape(2, CELLS**3)
        counts[0] += counts[1]
        return counts

    def solid_runs(self) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """Return the solid pixels, one of each run of equal ones, and how long the run is."""
        parts = [slice(start, start + _RUN_THROUGH) for start in range(0, len(self.words), _RUN_THROUGH)]
        runs, lengths = zip(*(runs_of(self.words[part][self.solid[part]]) for part in parts), strict=True)
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

    def small_objects(self) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """Return the median colour of each kind of small objects, and how many cores they have."""
        middles: list[NDArray[np.float64]] = []
        kinds: list[list[NDArray[np.uint8]]] = []
        for cores in self._objects():
            middle = np.median(cores, axis=0)
            alike = (k for k, other in enumerate(middles) if np.abs(other - middle).max() <= ALIKE)
            kind = next(alike, len(kinds))
            if kind == len(kinds):
                middles.append(middle)
                kinds.append([])
            kinds[kind].append(cores)
        pooled = [np.concatenate(kind) for kind in kinds]
        colors = np.array([np.median(cores, axis=0) for cores in pooled], np.uint8).reshape(-1, _PIXEL)
        return colors.view("<u4").ravel(), np.array([len(cores) for cores in pooled], np.intp)

    def _objects(self) -> list[NDArray[np.uint8]]:
        """Return the pixels `(n, 4)` of the cores that hang together, the largest object first."""
        places = self._cores()
        if len(places) < SPECK:
            return []
        above = places[0] // self.width * self.width
        drawn = np.zeros(((places[-1] - above) // self.width + 1, self.width), np.uint8)
        drawn.ravel()[places - above] = 1
        number = cv2.connectedComponents(drawn)[1].ravel()[places - above]
        cores = self.words[places[np.argsort(number, kind="stable")]].view(np.uint8).reshape(-1, _PIXEL)
        objects = np.split(cores, np.cumsum(np.bincount(number))[:-1])
        return sorted((o for o in objects if len(o) >= SPECK), key=len, reverse=True)[:MOST_OBJECTS]

    def _cores(self) -> NDArray[np.intp]:
        """Return the calm places, not solid, that stand out from 16 pixels around."""
        doubted = np.flatnonzero(self.inside(~self.solid))
        parts = [self._standing_out(doubted[n : n + _DOUBTED]) for n in range(0, len(doubted), _DOUBTED)]
        places = np.concatenate([doubted[:0], *parts])
        low, high = self._extremes_of(places, (0, 1, self.width, self.width + 1, self.width - 1))
        return places[~_exceeds(high - low, CALM)]

    def _standing_out(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the places that exceed, or stay below, 16 pixels around in some channel; most fail at the first."""
        down, half = AROUND * self.width, AROUND // 2
        skewed = down + half, down - half, half * self.width + AROUND, half * self.width - AROUND
        for steps in ((AROUND,), (down,), (down + AROUND, down - AROUND, *skewed, AROUND, down)):
            low, high = self._extremes_of(places, steps)
            middle = self.words[places].view(np.uint8)
            beyond = np.maximum(np.maximum(middle, high) - high, low - np.minimum(low, middle))
            places = places[_exceeds(beyond, STANDS_OUT - 1)]
        return places

    def _extremes_of(
        self, places: NDArray[np.intp], steps: Sequence[int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the lowest and highest, channel by channel, of the pixels those steps before and after each place."""
        low, high = _ordered(self.words[places - steps[0]], self.words[places + steps[0]])
        for step in steps[1:]:
            one, other = _ordered(self.words[places - step], self.words[places + step])
            low, high = np.minimum(low, one), np.maximum(high, other)
        return low, high


def _bordered(label: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the pixels as words, the image's last ones repeated _MARGIN times on each side; saves OpenCV's copies."""
    height, width = label.shape[:2]
    words = np.empty((height + 2 * _MARGIN, width + 2 * _MARGIN), "<u4")
    inner = words[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    channels = words.view(np.uint8).reshape(*words.shape, _PIXEL)
    cv2.cvtColor(label, cv2.COLOR_RGB2BGRA, dst=channels[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])
    words[_MARGIN:-_MARGIN, :_MARGIN], words[_MARGIN:-_MARGIN, -_MARGIN:] = inner[:, :1], inner[:, -1:]
    words[:_MARGIN], words[-_MARGIN:] = words[_MARGIN], words[-_MARGIN - 1]
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
