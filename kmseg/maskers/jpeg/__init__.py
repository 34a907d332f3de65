"""Index masks read from the JPEG file itself: labelings that its stored coefficients allow.

A JPEG file stores every coefficient of the cosine transform rounded to a multiple of its quantization step. The label
image that was saved has coefficients within half a step of the stored ones. So a labeling can be tested: paint it in
the palette's colors, transform it as an encoder does, and compare. Where every coefficient of a minimum coded unit
(MCU: 16x16 pixels at 4:2:0, 8x8 at 4:4:4) lies within its interval, the labeling is *consistent* with the file there.

The search starts from the masks of the boundary masker and of nearest color, takes per MCU the better one, and changes
single pixels and swaps pairs, by descent and by simulated annealing, until the MCU is consistent. Of several consistent
labelings it keeps the smoother, with the fewer classes: a Markov random field with Potts weights and label costs.

Where hardly an MCU with borders becomes consistent, the label was resized before it was saved. Then the unknown is a
field of labels finer than the pixels, reduced by the kernel of the resizing; each pixel gets the class that most of its
subpixels have in many samples of the field.

References: ITU-T T.81 (the format); Geman and Geman 1984 (annealing of Markov random fields); Delong et al. 2012 (label
costs); Zakhor 1992 (the intervals as a convex set, for deblocking).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.color_spaces.rgb import Rgb
from kmseg.errors import UserError
from kmseg.images import LabelImage
from kmseg.maskers import Examined, Mask, check_ignore_below, ignoring_below
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.jpeg.coefficients import Coefficients, can_read, read_coefficients
from kmseg.maskers.jpeg.decoded import recover_coefficients
from kmseg.maskers.jpeg.file_model import BLOCK, CHANCES, unit_waves
from kmseg.maskers.jpeg.resized import MOST_VOTES, search_resized
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.pixels.ycbcr import to_ycbcr
from kmseg.validation import check_number

SLACKS = (1.0, 2.0, 4.0)
"""Units of a coefficient beyond half a step that encoders differ by: libjpeg 1, its fast transform 2, FFmpeg 4."""

FLAT_SHARE = 0.9
"""Share of the uniform MCUs that must be consistent, or the palette's colors are not the file's."""

TRIED_MCUS = 24
"""MCUs with borders that tell whether the label was saved as it was painted."""

TRIED_SHARE = 0.7
"""Share of them that must become consistent: of labels saved directly 0.88 to 1 did (12 files), of labels resized
before they were saved 0.15 to 0.48 (12 files)."""

EFFORT, LATER_EFFORT, TRIED_EFFORT = (8, 2, 6, 60), (8, 1, 9, 60), (8, 0, 3, 0)
"""Sweeps of an annealing; annealings of every MCU, and at most while it is inconsistent; pixels of a class whose
removal is tried. Of the first pass, of those that follow, and of the MCUs that are tried first."""

ROUNDS = 2
"""Times that coefficients of clipped colors are computed again from the labels found, and the search repeated."""

PASSES = 4
"""Times the image is gone through at most, after the first where labels around an MCU have changed."""

HEAT = (np.float32(150), np.float32(5))
"""First and last temperature, in squared units of a coefficient: a pixel of the wrong class exceeds by hundreds."""


@dataclass(frozen=True)
class Jpeg:
    """Labelings that the file's own coefficients allow; for label images that are JPEG files.

    Of JPEG files that were decoded and saved without loss as another format, not resized since, the coefficients are
    computed back. Other files, and parts of a file that do not begin and end with its blocks, get the boundary
    masker's mask.

    Parameters
    ----------
    smoothness : float
        Cost, in squared units of a coefficient, of a pixel's neighbor of another class.
    label_cost : float
        The same, of a class that is in an MCU and not right beside it.
    ignore_below : int
        Pixels whose class has a lower confidence (0 to 255, see the writer `confidence`) are ignored in the mask.
    """

    smoothness: float = 5
    label_cost: float = 80
    ignore_below: int = 0

    def __post_init__(self) -> None:
        check_number("masker.smoothness", self.smoothness, at_least=0, at_most=1000)
        check_number("masker.label_cost", self.label_cost, at_least=0, at_most=10000)
        check_ignore_below(self.ignore_below)
        if not can_read():
            raise UserError(
                "masker=jpeg reads JPEG coefficients with jpeglib, which is not installed; "
                "`pip install 'kmseg[jpeg]'`, or masker=boundary"
            )

    def for_palette(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function from a label image to its index mask `(H, W)`; `space` plays no part."""
        return ignoring_below(JpegMask(self, palette), palette, self.ignore_below)


class JpegMask:
    """The function from a label image to its index mask; `examine` also tells how much of it the file allows."""

    def __init__(self, options: Jpeg, palette: Palette) -> None:
        colors, owner = palette.sources
        each = Palette([str(number) for number in range(len(colors))], colors)
        self._boundary, self._nearest = Boundary().for_palette(each, Rgb()), Nearest().for_palette(each, Rgb())
        self._classes = owner.astype(palette.index_dtype)
        self._palette = np.asarray(colors, np.uint8)
        self._colors = to_ycbcr(colors)
        self._weights = (np.float32(options.smoothness), np.float32(options.label_cost))

    def __call__(self, label: LabelImage) -> NDArray[Any]:
        """Return the index mask `(H, W)`."""
        return self.examine(label).mask

    def examine(self, label: LabelImage) -> Examined:
        """Return the index mask, how many MCUs the file has for it, and in how many the mask is consistent."""
        if not isinstance(label, LabelImage):
            label = LabelImage.from_array(label)
        start = self._boundary(label)
        file = label.coefficients(read_coefficients)
        if file is None and not label.encoding.lossy:
            file = recover_coefficients(label.pixels, start.astype(np.uint16), self._palette)
        if file is None:
            return Examined(self._classes[start])
        other = self._nearest(label)
        labels, excess = self._search(file, start.astype(np.uint16), other.astype(np.uint16))
        for _ in range(ROUNDS if file.guessed is not None and file.guessed.any() else 0):
            file = recover_coefficients(label.pixels, labels, self._palette) or file
            labels, excess = self._search(file, labels, start.astype(np.uint16))
        from kmseg.maskers.jpeg.mcu_kernels import CONSISTENT

        consistent = excess <= CONSISTENT
        sides, (height, width) = (BLOCK * file.per_mcu[0], BLOCK * file.per_mcu[1]), labels.shape
        contradicted = np.repeat(np.repeat(~consistent, sides[0], axis=0), sides[1], axis=1)[:height, :width]
        return Examined(self._classes[labels], excess.size, int(consistent.sum()), contradicted=contradicted)

    def _search(
        self, file: Coefficients, start: NDArray[np.uint16], other: NDArray[np.uint16]
    ) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        """Return labels and the excess of each MCU, from two starts."""
        from kmseg.maskers.jpeg.mcu_kernels import CONSISTENT, measure_labels
        from kmseg.maskers.jpeg.search_kernels import search

        height, width = start.shape
        sides = BLOCK * file.per_mcu[0], BLOCK * file.per_mcu[1]
        shape = -(-height // sides[0]), -(-width // sides[1])
        waves = unit_waves(height, width, file.per_mcu)

        def measure(labels: NDArray[np.uint16], slack: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            excess, rough = np.empty(shape, np.float32), np.empty(shape, np.float32)
            allowed = file.allowed(slack)
            measure_labels(labels, self._colors, waves, file.target, allowed, file.per_mcu, excess, rough)
            return excess, rough

        slack, (excess, rough) = SLACKS[0], measure(start, SLACKS[0])
        other_excess, other_rough = measure(other, slack)
        # A thin line that both starts lack has coefficients besides the mean, unlike a uniform MCU.
        flat = (rough == 0) & (other_rough == 0) & ~_varies(file, shape)
        for slack in SLACKS:
            excess, other_excess = measure(start, slack)[0], measure(other, slack)[0]
            if (excess[flat] <= CONSISTENT).sum() >= FLAT_SHARE * flat.sum():
                break
        else:  # the palette's colors are not the file's: there is nothing to search for
            return start, excess
        better = other_excess + self._weights[0] * other_rough < excess + self._weights[0] * rough
        spread = np.repeat(np.repeat(better, sides[0], 0), sides[1], 1)[:height, :width]
        labels, second = np.where(spread, other, start), np.where(spread, start, other)
        excess = np.where(better, other_excess, excess)
        present = np.union1d(labels, second).astype(np.int64)
        known = (self._colors, waves, file.target, file.allowed(slack), file.per_mcu, self._weights, present)
        # The seed is the file's content, so that the same file has the same mask in every run and in every order.
        seed = int(np.abs(file.target[0][..., 0]).sum(dtype=np.float64)) + 1
        sure = np.ones(shape, bool) if file.guessed is None else ~file.guessed
        tried = np.flatnonzero((rough > 0) & (excess > CONSISTENT) & sure)
        if len(tried) > TRIED_MCUS:
            few = np.zeros(excess.size, np.uint8)
            few[tried[:: len(tried) // TRIED_MCUS]] = 1
            few = few.reshape(shape)
            probe, probe_excess = labels.copy(), excess.copy()
            search(probe, second.copy(), *known, TRIED_EFFORT, HEAT, CHANCES, seed, few, probe_excess)
            if (probe_excess[few == 1] <= CONSISTENT).mean() < TRIED_SHARE:
                if start.size * len(present) > MOST_VOTES:
                    return start, measure(start, slack)[0]
                return search_resized(file, self._colors, start, slack, float(self._weights[0]), seed)
        chosen: NDArray[np.uint8] = np.ones(shape, np.uint8)
        for number in range(PASSES):
            before, effort = labels.copy(), EFFORT if number == 0 else LATER_EFFORT
            search(labels, second, *known, effort, HEAT, CHANCES, seed + number, chosen, excess)
            # Once more where the pixels around are others now, and where no labeling was found.
            changed = cv2.dilate((before != labels).astype(np.uint8), np.ones((3, 3), np.uint8))
            rows = np.maximum.reduceat(changed, np.arange(0, height, sides[0]), axis=0)
            around = np.maximum.reduceat(rows, np.arange(0, width, sides[1]), axis=1)
            chosen = ((around > 0) | (excess > CONSISTENT)).astype(np.uint8)
        return labels, measure(labels, slack)[0]


def _varies(file: Coefficients, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which MCUs, of rows and columns `shape`, have a stored coefficient besides the means."""
    rows, columns = shape
    varies: NDArray[np.bool_] = np.zeros(shape, bool)
    for part, half, (down, across) in zip(file.target, file.half_steps, (file.per_mcu, (1, 1), (1, 1)), strict=True):
        blocks = (np.abs(part[: rows * down, : columns * across, 1:]) > half[1:]).any(axis=2)
        at, beside = np.arange(blocks.shape[0]) // down, np.arange(blocks.shape[1]) // across
        np.logical_or.at(varies, (at[:, None], beside[None]), blocks)
    return varies
