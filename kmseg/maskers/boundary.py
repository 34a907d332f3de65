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
from kmseg.histogram import pack
from kmseg.maskers import Mask
from kmseg.palette import Palette
from kmseg.ranks import BLOCK, BLOCKS, EXACT, HOLDS, KNOWN, NONE, UNIT, RankTable
from kmseg.tiles import by_strips


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
        if len(table.colors) > NONE:
            return self._mask_of_many(label, table)
        from kmseg.maskers.boundary_loops import look_up, look_up_held, mend

        shape = label.shape[:2]
        line = np.ascontiguousarray(label).reshape(-1)
        rank, near, flags = np.empty((3, shape[0] * shape[1]), np.uint8)
        every, some = look_up(line, table.cells, table.codes, rank, near, flags)
        if not every & KNOWN:
            self._learn(line, table)
            every, some = look_up(line, table.cells, table.codes, rank, near, flags)
        if some & HOLDS:
            look_up_held(line, table.codes, rank, near, flags)
            every = np.bitwise_and.reduce(flags)
            some = np.bitwise_or.reduce(flags)
        if not every & EXACT:
            price, gain = int(UNIT * self.elsewhere) << 8, int(UNIT * self.agreement)
            known = (table.quarters, table.structures, near, flags, some)
            mend(line, shape[1], self.reach, price, gain, *known, rank)
        return np.asarray(cv2.LUT(rank.reshape(shape), table.classes))

    def _learn(self, line: NDArray[np.uint8], table: RankTable) -> None:
        from kmseg.maskers.rank_loops import learn

        learn(line, table.quarters, table.codes, table.tolerance, table.soft, table.cells)

    def _mask_of_many(self, label: NDArray[np.uint8], table: RankTable) -> NDArray[Any]:
        """Mask by the ranks nearest to some pixel; where these too are above 255, each pixel gets its nearest."""
        from kmseg.maskers.rank_loops import nearest

        line, rank = np.ascontiguousarray(label).reshape(-1), np.empty(label.shape[:2], np.uint32)
        self._learn(line, table)
        nearest(line, table.cells, rank.reshape(-1))
        table.set_exact(pack(label), rank)
        ranks = np.unique(rank)
        if len(ranks) > NONE:
            return table.classes.take(rank)
        dtype = np.uint8 if table.classes.dtype == np.uint8 else np.uint16
        few = RankTable(table.colors[ranks], np.asarray(table.classes[ranks]), dtype, self.tolerance, self.elsewhere)
        return self._mask(label, few)
