"""Index masks with the borders that JPEG and resizing have blurred put right.

At a border resizing mixes two colours into a third, and 4:2:0 JPEG smears chroma over its neighbours. The palette's
nearest colour to such a mixture is often that of a class which is not there. What an unsure pixel is follows from
four facts:

1.  Luma before chroma. JPEG keeps luma at full resolution and spreads chroma: `kmseg.ranks` has the features.
2.  Who lives here. A class with flat ground within `reach` pixels is free. One with evidence in the blocks around (four
    pixels of its colour together, or two neighbours in a line) costs `elsewhere`. No other is considered.
3.  A mixture lies between two free classes. Where there are two, a pixel on the line between their colours is their
    mixture and goes to the nearer. Where there is only one, a pixel clearly brighter or darker than it is no mixture
    but a thin structure, whose chroma, and a little of whose luma, is pulled towards the ground on both sides.
4.  Where two answers cost almost the same, the neighbours decide.

Flat pixels, pixels near the colour of a free class, and pixels that are, with all their neighbours, exactly of palette
colours are read from a table. So on a lossless label the result is the exact lookup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.checks import number, whole
from kmseg.color_spaces import ColorSpace
from kmseg.histogram import pack, unpack
from kmseg.maskers import Mask
from kmseg.palette import Palette
from kmseg.ranks import (
    EXACT,
    NEAR,
    NEVER,
    NONE,
    SOFT,
    UNIT,
    RankTable,
    distances,
    features_of,
    parts,
)
from kmseg.tiles import by_strips

FLAT, SOME = 7, 3  # of the eight neighbours, so many have the pixel's class: flat ground, some evidence
LINE = 2  # a pixel within a one-pixel line has two neighbours of its class
BLOCK, BLOCKS = 8, 2  # evidence is gathered in blocks of 8x8 pixels, up to two blocks away
FULL = 4  # more agreeing neighbours than these four count no more
CONTRAST = 20  # levels of luma between a thin structure and its ground; ripples of JPEG are mostly below
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Boundary:
    """Only classes that really are around a pixel may be chosen for it; luma decides before chroma.

    Measured in luma and chroma as in JPEG, whatever the color space of the clusterer.

    Parameters
    ----------
    tolerance : float
        A pixel within this RGB distance of a class's colour is near it, and evidence for it.
    reach : int
        Flat ground of a class makes it free for unsure pixels this many pixels away.
    elsewhere : float
        Price, in squared levels of luma, of a class that only has evidence in the blocks around.
    agreement : float
        Gain, in squared levels of luma, for each neighbour of the same class.
    """

    tolerance: float = 20
    reach: int = 3
    elsewhere: float = 300
    agreement: float = 150

    def __post_init__(self) -> None:
        number("masker.tolerance", self.tolerance, at_least=1, at_most=64)
        whole("masker.reach", self.reach, at_least=1, at_most=BLOCK * BLOCKS)
        number("masker.elsewhere", self.elsewhere, at_least=0, at_most=30000)
        number("masker.agreement", self.agreement, at_least=0, at_most=30000)

    def fit(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function label image `(H, W, 3)` uint8 -> index mask `(H, W)`; `space` plays no part."""
        colors, owner = palette.sources
        table = RankTable(colors, owner, palette.index_dtype, self.tolerance, self.elsewhere)
        return by_strips(lambda label: self._mask(label, table), self.halo, palette.index_dtype)

    @property
    def halo(self) -> int:
        """Pixels at a strip's cut edges that may differ from the whole image's; the strip starts at a multiple of 8.

        Evidence comes from up to 23 pixels away, takes one more to be recognised, flat ground in reach of that, and one
        more for that to be flat; one for the agreement. In whole blocks.
        """
        return -(-(BLOCK * (BLOCKS + 1) + self.reach + 2) // BLOCK) * BLOCK

    def _mask(self, label: NDArray[np.uint8], table: RankTable) -> NDArray[Any]:
        codes = pack(label)
        if len(table.colors) > NONE:
            return self._mask_of_many(label, codes, table)
        entry = table.look_up(codes)
        flags, rank = cv2.split(entry.view(np.uint8).reshape(*entry.shape, 2))
        exact = cv2.erode(flags & EXACT, _SQUARE)
        if not exact.all():
            self._mend(rank, flags, exact.view(bool), codes, table)
        return np.asarray(cv2.LUT(rank, table.classes))

    def _mask_of_many(self, label: NDArray[np.uint8], codes: NDArray[np.uint32], table: RankTable) -> NDArray[Any]:
        """Mask by the ranks nearest to some pixel; where these too are above 255, each pixel gets its nearest."""
        rank = table.look_up(codes) >> 8
        ranks = np.unique(rank)
        if len(ranks) > NONE:
            return table.classes.take(rank)
        dtype = np.uint8 if table.classes.dtype == np.uint8 else np.uint16
        few = RankTable(table.colors[ranks], np.asarray(table.classes[ranks]), dtype, self.tolerance, self.elsewhere)
        return self._mask(label, few)

    def _mend(
        self,
        rank: NDArray[np.uint8],
        flags: NDArray[np.uint8],
        exact: NDArray[np.bool_],
        codes: NDArray[np.uint32],
        table: RankTable,
    ) -> None:
        """Give the unsure pixels of the plane `rank` their class, in place."""
        near = rank | _where((flags & NEAR) == 0)
        same = _same_neighbours(near)
        known = near != NONE
        flat = known & (same >= FLAT)
        low, high = _extremes(near, flat, self.reach)
        sure = ((rank == low) | (rank == high)) & ((flags & SOFT) != 0)
        sure |= flat
        sure |= exact
        at = np.flatnonzero(~sure)
        if not len(at):
            return
        colors = codes.ravel().take(at)
        low, high = low.ravel().take(at), high.ravel().take(at)
        seen = features_of(unpack(colors))

        own = near.ravel().take(at)
        alone = np.flatnonzero((low == high) & (low != NONE))
        contrast = np.abs(seen[0].take(alone) - table.features[0].take(low.take(alone))) > CONTRAST
        alone = alone[contrast | (own[alone] != NONE)]  # near a class's colour, nothing is in doubt
        thin, clear = table.thin(low[alone], colors[alone])
        own = own[alone]
        structure = np.where(own == NONE, thin.astype(np.uint8), own)
        clear |= own != NONE
        evidence = near | _where(~(known & (same >= SOME)))
        _add_lines(evidence, near, at[alone[clear]], structure[clear])
        alone, thin = alone[own == NONE], thin[own == NONE]
        around = _around(evidence, at, len(table.colors))
        first, second = self._weigh(table.features, seen, low, high, rank.ravel().take(at), around, alone, thin)
        rank.reshape(-1)[at] = first.astype(np.uint8)
        self._agree(rank, at, first, second)

    def _weigh(
        self,
        features: NDArray[np.float32],
        seen: NDArray[np.float32],
        low: NDArray[np.uint8],
        high: NDArray[np.uint8],
        nearest: NDArray[np.uint8],
        around: NDArray[np.uint32],
        alone: NDArray[np.intp],
        thin: NDArray[np.int32],
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the lowest two keys, `(n,)`, of n unsure pixels with the features `seen` `(3, n)`.

        The candidates are the free classes `low` and `high`, equal if there is one, NONE if none; the nearest of the
        classes `around`, `(words, n)` bits; and of the pixels `alone` the keys `thin`, as structures on the ground
        `low`. `nearest` is the nearest of all classes: most often it is around, and no other need be looked at.
        """
        price = np.int32(int(UNIT * self.elsewhere) << 8)
        free, worse = _keys(features, low, seen), np.full(len(low), NEVER, np.int32)
        two = np.flatnonzero(low != high)
        worse[two] = _keys(features, high[two], seen.take(two, axis=1))
        free, worse = np.minimum(free, worse), np.maximum(free, worse)

        other = _keys(features, nearest, seen) + price
        absent = ~_has(around, nearest)
        i = np.flatnonzero(absent & (other < free))
        other[absent] = NEVER
        other[i] = _nearest_around(features, seen.take(i, axis=1), around.take(i, axis=1)) + price
        here = _has(around.take(alone, axis=1), thin.astype(np.uint8))
        alone, thin = alone[here], thin[here]
        other[alone] = np.minimum(other[alone], thin + price)

        i = two[other[two] < free[two]]
        mixture = _mixtures(features, low[i], high[i], seen.take(i, axis=1)) << 8 | free[i] & 0xFF
        free[i] = np.where(mixture < other[i], mixture, free[i])
        first, other = np.minimum(free, other), np.maximum(free, other)
        lost = first >= NEVER
        first[lost] = nearest[lost]
        return first, np.minimum(other, worse)

    def _agree(
        self, rank: NDArray[np.uint8], at: NDArray[np.intp], first: NDArray[np.int32], second: NDArray[np.int32]
    ) -> None:
        """Where the keys of the pixels `at` are close, take the answer that more neighbours join, in place."""
        gain = np.int32(UNIT * self.agreement)
        i = np.flatnonzero((second < NEVER) & (second - first < FULL * gain << 8))
        at, first, second = at[i], first[i], second[i]
        for_first, for_second = _votes(rank, at, first.astype(np.uint8), second.astype(np.uint8))
        swap = (for_second - for_first) * gain > (second >> 8) - (first >> 8)
        rank.reshape(-1)[at[swap]] = second[swap].astype(np.uint8)


def _where(condition: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return 255 where true, else 0."""
    return -condition.view(np.uint8)


def _same_neighbours(near: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Count how many of the eight neighbours have the pixel's class; the image's border is repeated."""
    padded = cv2.copyMakeBorder(near, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    width = padded.shape[1]
    padded = padded.ravel()
    count = np.zeros(padded.shape, np.uint8)
    for step in (1, width - 1, width, width + 1):  # a pair counts for both; pairs across the ends of rows are cut off
        equal = (padded[step:] == padded[:-step]).view(np.uint8)
        count[step:] += equal
        count[:-step] += equal
    return count.reshape(-1, width)[1:-1, 1:-1]


def _extremes(
    near: NDArray[np.uint8], flat: NDArray[np.bool_], reach: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the lowest and the highest class with flat ground in reach, or NONE twice.

    A third in between is overlooked: 0.1 % of the unsure pixels of real labels have one.
    """
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    outside = _where(~flat)
    top = np.uint8(NONE - 1)
    return cv2.erode(near | outside, window), top - cv2.erode((top - near) | outside, window)


def _add_lines(
    evidence: NDArray[np.uint8], near: NDArray[np.uint8], at: NDArray[np.intp], structure: NDArray[np.uint8]
) -> None:
    """Write the thin structures that have neighbours of their class into the plane `evidence`."""
    plane = near.copy()
    plane.reshape(-1)[at] = structure
    lines = _votes(plane, at, structure)[0] >= LINE
    evidence.reshape(-1)[at[lines]] = structure[lines]


def _around(evidence: NDArray[np.uint8], at: NDArray[np.intp], k: int) -> NDArray[np.uint32]:
    """Return the classes with evidence in the blocks around the pixels `at`, as bits `(words, n)`."""
    w = evidence.shape[1]
    y, x = np.divmod(at.astype(np.int32), np.int32(w))
    block = y // BLOCK * -(-w // BLOCK) + x // BLOCK
    words = []
    for start in range(0, k, 32):
        bits = np.zeros(256, np.uint32)
        bits[start : min(start + 32, k)] = np.uint32(1) << np.arange(min(32, k - start), dtype=np.uint32)
        words.append(_spread(cv2.LUT(evidence, bits.view(np.int32)).view(np.uint32)).ravel().take(block))
    return np.array(words)


def _spread(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the bitwise OR over each block and the blocks around it: one word a block."""
    for _ in range(2):  # down, then across
        h, w = words.shape
        rows = -(-h // BLOCK)
        if h % BLOCK:
            words = np.concatenate([words, np.zeros((-h % BLOCK, w), np.uint32)])
        padded = np.zeros((rows + 2 * BLOCKS, w), np.uint32)
        np.bitwise_or.reduce(words.reshape(rows, BLOCK, w), axis=1, out=padded[BLOCKS:-BLOCKS])
        words = padded[:rows].copy()
        for i in range(1, 2 * BLOCKS + 1):
            words |= padded[i : i + rows]
        words = np.ascontiguousarray(words.T)
    return words


def _has(around: NDArray[np.uint32], classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell whether the classes `(n,)` are among those around."""
    words = around[0] if len(around) == 1 else around[classes >> 5, np.arange(len(classes))]
    return (words >> (classes & np.uint8(31)) & 1).astype(bool)


def _keys(features: NDArray[np.float32], classes: NDArray[np.uint8], seen: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the keys `(n,)` of the classes `(n,)`, which may be NONE, for the features seen `(3, n)`."""
    off = features.take(classes, axis=1, mode="clip")
    off -= seen
    off *= off
    off[0] += off[1]
    off[0] += off[2]
    off[0] *= UNIT << 8
    key = off[0].astype(np.int32)
    key |= classes
    key[classes == NONE] = NEVER
    return key


def _nearest_around(
    features: NDArray[np.float32], seen: NDArray[np.float32], around: NDArray[np.uint32]
) -> NDArray[np.int32]:
    """Return the key `(n,)` of the nearest of the classes around, or NEVER."""
    bits = np.bitwise_or.reduce(around, axis=1).astype("<u4")
    classes = np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little"))
    features, word = features[:, classes], classes >> 5
    bit = (np.uint32(1) << (classes & 31).astype(np.uint32))[:, None]
    row = classes.astype(np.int32)[:, None]
    best = [np.empty(0, np.int32)]
    for s, a in zip(parts(seen, len(classes)), parts(around, len(classes)), strict=True):
        key = distances(features, s)
        key <<= 8
        key |= row
        absent = (a if len(a) == 1 else a[word]) & bit
        np.minimum(absent, 1, out=absent)
        absent -= 1  # all bits if the class is not around, else none
        absent &= NEVER
        key |= absent.view(np.int32)
        best.append(key.min(0, initial=NEVER))
    return np.concatenate(best)


def _mixtures(
    features: NDArray[np.float32], low: NDArray[np.uint8], high: NDArray[np.uint8], seen: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Return the cost `(n,)` of the best mixture of two classes `(n,)` each, for the features seen `(3, n)`."""
    start = features.take(low, axis=1)
    way = features.take(high, axis=1) - start
    off = seen - start
    off -= ((off * way).sum(0) / (way * way).sum(0)).clip(0, 1) * way
    return (UNIT * (off * off).sum(0)).astype(np.int32)


def _votes(mask: NDArray[np.uint8], at: NDArray[np.intp], *answers: NDArray[np.uint8]) -> list[NDArray[np.int32]]:
    """Count how many neighbours of the pixels `at` have each of the answers `(n,)`, at most FULL."""
    w = mask.shape[1] + 2
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE).ravel()
    center = at + 2 * (at // (w - 2)) + (w + 1)
    votes = [np.zeros(len(at), np.uint8) for _ in answers]
    for step in (-w - 1, -w, -w + 1, -1, 1, w - 1, w, w + 1):
        neighbour = padded.take(center + step, mode="clip")
        for vote, answer in zip(votes, answers, strict=True):
            vote += neighbour == answer
    return [np.minimum(vote, FULL).astype(np.int32) for vote in votes]
