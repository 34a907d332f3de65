"""One image's half of finding the legend: its distinct colours, each with what speaks for it and against it.

Resizing and compression put false colours into a label image. A *mixture* is a pixel on the way from one region to the
next: it is rarely flat, and where it is (a slow ramp) its colour lies between those of the pixels a few steps away on
opposite sides. A thin pole is between nothing, since both its sides are alike. A *tinted copy* is a thin object into
which the colour of its surroundings has leaked: it is nowhere solid. So each colour is counted by flat, solid and
between; `kmseg.candidates` judges.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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

_SOLID_FLAG, _BETWEEN_FLAG, _FLAT_FLAG = 1, 2, 4
_SQUARE = np.ones((3, 3), np.uint8)


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
        words, few = _flagged(np.ascontiguousarray(label))
        runs, lengths = _sorted_runs(words, 0 if few else _FLAT_FLAG)
        if not len(runs):
            return Census(np.zeros(0, np.uint32), np.zeros((0, 7), np.int64))
        color, flag = runs & np.uint32(0xFFFFFF), runs >> np.uint32(24)
        first = np.flatnonzero(np.concatenate([[True], color[1:] != color[:-1]]))
        flat, between = lengths * (flag & _FLAT_FLAG > 0), flag & _BETWEEN_FLAG > 0
        columns = {FLAT_PIXELS: flat, SOLID: lengths * (flag & _SOLID_FLAG > 0), BETWEEN: flat * between}
        if few:
            columns |= {ALL: lengths, ALL_FLAT: flat, ALL_BETWEEN: lengths * between}
        counts = np.zeros((len(first), 7), np.int64)
        for column, of_runs in columns.items():
            counts[:, column] = np.add.reduceat(of_runs, first)
        counts[:, IMAGES] = 1
        return Census(color[first], counts)

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


def _flagged(label: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], bool]:
    """Return every pixel as one word, its flags above its colour `(H * W,)`, and whether the image has few colours."""
    bgra = cv2.cvtColor(label, cv2.COLOR_RGB2BGRA)
    low, high = cv2.erode(label, _SQUARE), cv2.dilate(label, _SQUARE)
    flat = _within(low, high)
    solid = _within(cv2.erode(low, _SQUARE), cv2.dilate(high, _SQUARE))
    words = bgra.view("<u4").ravel()
    few = _has_few_colors(words[np.flatnonzero(flat == 0)])
    doubtful = ~solid if few else flat & ~solid
    mixed = _lies_between(bgra, doubtful, REACH)
    if few:
        mixed |= _lies_between(bgra, doubtful, NEAR_REACH)
    flags = flat & _FLAT_FLAG | solid & _SOLID_FLAG
    flags.ravel()[np.flatnonzero(doubtful)[mixed]] |= _BETWEEN_FLAG
    cv2.insertChannel(flags, bgra, 3)
    return bgra.view("<u4").ravel(), few


def _within(low: NDArray[np.uint8], high: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 255 where no channel of `high` exceeds `low` by more than FLAT, else 0, `(H, W)`."""
    spread = _largest_channel(cv2.subtract(high, low))
    return np.asarray(cv2.threshold(spread, FLAT, 255, cv2.THRESH_BINARY_INV)[1])


def _has_few_colors(edge: NDArray[np.uint32]) -> bool:
    """Tell by the pixels that are not flat, a sample first; a damaged image shows there."""
    sample = edge[:: max(1, len(edge) // 1024)]
    return len(np.unique(sample)) <= FEW and len(_sorted_runs(edge)[0]) <= FEW


def _lies_between(bgra: NDArray[np.uint8], where: NDArray[np.uint8], reach: int) -> NDArray[np.bool_]:
    """Tell, for each nonzero pixel of `where`, whether its colour lies between two others at its opposite sides.

    Both must differ from it by more than FLAT and stand `reach` pixels away in one of the four directions.
    """
    padded = cv2.copyMakeBorder(bgra, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    inside = cv2.copyMakeBorder(where, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    row, words, place = padded.shape[1], padded.view("<u4").ravel(), np.flatnonzero(inside)
    answer = np.zeros(len(place), bool)
    if not len(place):
        return answer

    def pixels(at: NDArray[np.intp]) -> NDArray[np.uint8]:
        return words[at].view(np.uint8).reshape(-1, 1, 4)

    own = pixels(place)
    for step in (reach, reach * row, reach * row + reach, reach * row - reach):
        one, other = pixels(place - step), pixels(place + step)
        beyond = cv2.max(cv2.subtract(cv2.min(one, other), own), cv2.subtract(own, cv2.max(one, other)))
        apart = cv2.min(_largest_channel(cv2.absdiff(one, own)), _largest_channel(cv2.absdiff(other, own)))
        answer |= ((_largest_channel(beyond) <= FLAT // 2) & (apart > FLAT)).ravel()
    return answer


def _largest_channel(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    blue, green, red = cv2.split(image)[:3]
    return np.asarray(cv2.max(cv2.max(blue, green), red))


def _sorted_runs(words: NDArray[np.uint32], flag: int = 0) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the distinct words in the order of their colours, with their counts; only those with `flag` if given.

    What `np.unique` does, but fast on label images: their runs of equal pixels are found first, and few are sorted.
    """
    if not len(words):
        return words, np.zeros(0, np.int64)
    start = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]]))
    runs, lengths = words[start], np.diff(start, append=len(words))
    if flag:
        wanted = np.flatnonzero(runs & np.uint32(flag << 24))
        runs, lengths = runs[wanted], lengths[wanted]
    # One sort of 64-bit numbers: the colour highest, then the flags, then the length of the run.
    turned = (runs << np.uint32(8) | runs >> np.uint32(24)).astype(np.uint64) << np.uint64(32)
    order = np.sort(turned | lengths.astype(np.uint64))
    turned_back = (order >> np.uint64(32)).astype(np.uint32)
    runs = turned_back >> np.uint32(8) | turned_back << np.uint32(24)
    lengths = (order & np.uint64(0xFFFFFFFF)).astype(np.int64)
    if not len(runs):
        return runs, lengths
    first = np.flatnonzero(np.concatenate([[True], runs[1:] != runs[:-1]]))
    return runs[first], np.add.reduceat(lengths, first)
