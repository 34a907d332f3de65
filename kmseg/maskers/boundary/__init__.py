"""Index masks from label images whose borders are blurred by resizing or JPEG compression.

A pixel on a border is a mixture of two classes, and the palette color nearest to a mixture is often that of a third
class. The masker labels such *uncertain* pixels by an energy

    E(l) = sum_i D_i(l_i) - w * sum_(i,j) [l_i = l_j]

with one term per pixel and one per pair of 8-connected neighbors:

- **Unary cost** ``D_i``: squared distance in luma and weighted chroma (`features`), since JPEG keeps luma at full
  resolution and spreads chroma. *Local* classes (flat support within `radius` pixels) have no penalty. Classes with
  support only in the surrounding blocks pay `remote_penalty`, with hardly any support four times that; others are not
  considered. A color on the line between two local classes is their mixture: its unary cost is its distance to that
  line, and the nearer class gets it.
- **Thin structures**: where only one class is local, a clearly brighter or darker pixel is no mixture, but a one- or
  two-pixel object whose chroma, and a little of whose luma, is pulled towards the background on both sides.
- **Smoothness** ``w``: a Potts term. It is applied in one step of iterated conditional modes, to pixels whose two
  lowest costs are close.
- **Nearest color**: a pixel whose class is then far off in luma keeps the nearest color's instead, if no mixture of
  the first with a neighbor's explains it; where the damage is light, pixels near a color do (`nearest_kernels`).
- **Isolated pixels** that are likelier wrong than right take a neighbor's class (`isolated_kernels`).

Flat pixels, pixels near the color of a local class, and pixels that have an exact palette color like all their
neighbors are read from a table. On a lossless label image the result is therefore the exact lookup.

References
----------
J. Besag, "On the statistical analysis of dirty pictures", Journal of the Royal Statistical Society B 48 (3), 1986.

R. B. Potts, "Some generalized order-disorder transformations", Mathematical Proceedings of the Cambridge Philosophical
Society 48 (1), 1952.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.maskers import Mask, check_ignore_below, ignoring_below
from kmseg.maskers.boundary.label_table import (
    BLOCK,
    BLOCKS,
    EXACT,
    HAS_EXACT_COLORS,
    NO_LABEL,
    UNIT,
    LabelTable,
)
from kmseg.palette import Palette
from kmseg.pixels.packing import pack
from kmseg.pixels.strips import by_strips
from kmseg.validation import check_integer, check_number


@dataclass(frozen=True)
class Boundary:
    """Only classes that really are nearby a pixel may be chosen for it; luma decides before chroma.

    Measured in luma and chroma as in JPEG, whatever the color space of the clusterer.

    Parameters
    ----------
    tolerance : float
        A pixel within this RGB distance of a class's color is near it, and evidence for it.
    radius : int
        Flat background of a class makes it local for uncertain pixels this many pixels away.
    remote_penalty : float
        Penalty, in squared levels of luma, of a class that only has evidence in the blocks nearby; four times that of
        one with hardly any.
    smoothness : float
        Gain, in squared levels of luma, for each neighbor of the same class.
    ignore_below : int
        Pixels whose class has a lower confidence (0 to 255, see the writer `confidence`) are ignored in the mask.
    """

    tolerance: float = 20
    radius: int = 3
    remote_penalty: float = 300
    smoothness: float = 150
    ignore_below: int = 0

    def __post_init__(self) -> None:
        check_number("masker.tolerance", self.tolerance, at_least=1, at_most=64)
        check_integer("masker.radius", self.radius, at_least=1, at_most=BLOCK * BLOCKS)
        check_number("masker.remote_penalty", self.remote_penalty, at_least=0, at_most=30000)
        check_number("masker.smoothness", self.smoothness, at_least=0, at_most=30000)
        check_ignore_below(self.ignore_below)

    def for_palette(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function from a label image to its index mask `(H, W)`; `space` plays no part."""
        colors, owner = palette.sources
        table = LabelTable(colors, owner, palette.index_dtype, self.tolerance, self.remote_penalty)
        mask = by_strips(lambda image: self._mask(image, table), self.halo, palette.index_dtype)
        return ignoring_below(mask, palette, self.ignore_below)

    @property
    def halo(self) -> int:
        """Pixels at a strip's cut edges that may differ from the whole image's; the strip starts at a multiple of 8.

        Support comes from up to 23 pixels away; one more pixel to find it, `radius` for local classes, one for their
        flatness, and two for the smoothness term and isolated pixels. Rounded up to whole blocks.
        """
        return -(-(BLOCK * (BLOCKS + 1) + self.radius + 3) // BLOCK) * BLOCK

    def _mask(self, image: NDArray[np.uint8], table: LabelTable) -> NDArray[Any]:
        if len(table.colors) > NO_LABEL:
            return self._mask_of_many(image, table)
        from kmseg.maskers.boundary.plane_kernels import look_up, look_up_held, relabel_uncertain

        shape = image.shape[:2]
        line = np.ascontiguousarray(image).reshape(-1)
        label, near, flags = np.empty((3, shape[0] * shape[1]), np.uint8)
        learned = (table.quarters, table.codes, table.tolerance, table.soft, table.cells)
        every, some = look_up(line, *learned, label, near, flags)
        if some & HAS_EXACT_COLORS:
            look_up_held(line, table.codes, label, near, flags)
            every, some = int(np.bitwise_and.reduce(flags)), int(np.bitwise_or.reduce(flags))
        if not every & EXACT:
            penalty, smoothness = int(UNIT * self.remote_penalty) << 8, int(UNIT * self.smoothness)
            known = (table.codes, table.quarters, table.structures, near, flags, some)
            relabel_uncertain(line, shape[1], self.radius, penalty, smoothness, *known, label)
        return np.asarray(cv2.LUT(label.reshape(shape), table.classes))

    def _mask_of_many(self, image: NDArray[np.uint8], table: LabelTable) -> NDArray[Any]:
        """Mask by the labels nearest to some pixel; where these too are above 255, each pixel gets its nearest."""
        from kmseg.maskers.boundary.table_kernels import learn, nearest

        line, label = np.ascontiguousarray(image).reshape(-1), np.empty(image.shape[:2], np.uint32)
        learn(line, table.quarters, table.codes, table.tolerance, table.soft, table.cells)
        nearest(line, table.cells, label.reshape(-1))
        table.set_exact(pack(image), label)
        labels = np.unique(label)
        if len(labels) > NO_LABEL:
            return table.classes.take(label)
        dtype = np.uint8 if table.classes.dtype == np.uint8 else np.uint16
        few = LabelTable(
            table.colors[labels], np.asarray(table.classes[labels]), dtype, self.tolerance, self.remote_penalty
        )
        return self._mask(image, few)
