"""The labels of an image that was resized before it was saved as JPEG.

A field of labels finer than the pixels is annealed in two steps: first with a few subpixels and warm; then classes
that are nowhere near are offered to what stays unexplained; then with more subpixels and cold. Images that were
squeezed in one direction have more borders in a pixel along it; the second field is finer in the direction that
explains more. A pixel gets the class that most of its subpixels have in many samples of the second field.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kmseg.maskers.jpeg.coefficients import Coefficients
from kmseg.maskers.jpeg.file_model import CHANCES
from kmseg.maskers.jpeg.resized_model import KERNELS, fine_axis, whole_pixels

T = TypeVar("T", bound=np.generic)
Fine = tuple[int, int]

FIRST_FINE: Fine = (2, 2)
"""Subpixels of a pixel, down and across, of the first field."""

FINER: tuple[Fine, Fine] = ((2, 4), (4, 2))
"""The same of the second field; that with the lower excess is kept. Both ways finer takes twice the time and gains
nothing (`docs/decisions.md`)."""

FIRST_SWEEPS, PROBE_SWEEPS, SWEEPS, FIRST_VOTE = 20, 10, 90, 20
"""Sweeps over the borders of the first field, of each form of the second and of the one kept; the first of the last
whose labels count: the mean of many fields is right more often than the last one."""

FIRST_HEAT, HEAT = (np.float32(20), np.float32(10)), (np.float32(3), np.float32(1))
"""First and last temperature of a field, in squared units of a coefficient."""

FIRST_SMOOTHNESS, SMOOTHNESS = 0.8, 0.1
"""Times the masker's smoothness; the votes smooth, too."""

FIRST_RARE, RARE = np.float32(2), np.float32(1)
"""Cost, in squared units of a coefficient, of a subpixel of a class with a factor of e too few interior subpixels."""

UNEXPLAINED = (np.float32(500), np.float32(200), 20)
"""Excess of an MCU in which classes from elsewhere are offered, what one must gain, and pixels changed, at most."""

OFFERED = 10
"""Interior subpixels of a class that is offered."""

CAP = 100
"""Most that an MCU counts where two fields are compared, so that a missing class does not decide."""

TIE = 0.09
"""Votes, as a share, that the start has: where the samples of the field disagree, a pixel keeps its class."""

MOST_VOTES = 1 << 28
"""Votes, pixels times classes, that are held in memory; larger images keep the start."""


class Field:
    """A field of labels held against a file: axes, residuals and excess of luma, blue and red."""

    def __init__(
        self,
        file: Coefficients,
        colors: NDArray[np.float32],
        pixels: NDArray[np.uint16],
        old: Fine,
        fine: Fine,
        kernel: Any,
    ) -> None:
        self.labels = np.ascontiguousarray(_enlarge(pixels, (fine[0] // old[0], fine[1] // old[1])))
        self.fine, self.kernel, self._colors, self._per = fine, kernel, colors, file.per_mcu
        height, width = self.labels.shape[0] // fine[0], self.labels.shape[1] // fine[1]
        (rows, chroma_rows) = fine_axis(height, file.per_mcu[0], True, kernel, fine[0])
        (columns, chroma_columns) = fine_axis(width, file.per_mcu[1], False, kernel, fine[1])
        self.axes = rows, columns, chroma_rows, chroma_columns
        self.residuals = file.target[0] * -1, file.target[1] * -1, file.target[2] * -1
        blocks = [residual.shape[:2] for residual in self.residuals]
        self.excess: tuple[NDArray[np.float32], ...] = tuple(np.zeros(shape, np.float32) for shape in blocks)

    def paint(self, part: int, allowed: NDArray[np.float32]) -> float:
        """Work out the residuals and the excess of luma (0), blue (1) or red (2); return the sum of the excess."""
        from kmseg.maskers.jpeg.resized_kernels import paint_field

        across = self.axes[:2] if part == 0 else self.axes[2:]
        colors, excess = self._colors[part], self.excess[part]
        paint_field(self.labels, colors, *across, allowed[part], self.residuals[part], excess)
        return float(excess.sum(dtype=np.float64))

    def excess_by_mcu(self) -> NDArray[np.float32]:
        """Return the excess of each MCU."""
        (rows, columns), (high, wide) = self.excess[1].shape, self._per
        luma = np.zeros((rows * high, columns * wide), np.float32)
        luma[: self.excess[0].shape[0], : self.excess[0].shape[1]] = self.excess[0]
        return luma.reshape(rows, high, columns, wide).sum(axis=(1, 3)) + self.excess[1] + self.excess[2]


def search_resized(
    file: Coefficients,
    colors: NDArray[np.float32],
    start: NDArray[np.uint16],
    slack: float,
    smoothness: float,
    seed: int,
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """Return labels `(H, W)` and the excess of each MCU, from a start.

    The kernel is that under which the start contradicts the file least.
    """
    from kmseg.maskers.jpeg.resized_kernels import add_missing_classes, anneal_field

    classes, packed = np.unique(start, return_inverse=True)
    few = packed.reshape(start.shape).astype(np.uint16)
    used = np.ascontiguousarray(colors[:, classes])
    allowed = np.stack(file.half_steps) + np.float32(slack)
    votes = np.zeros((*start.shape, len(classes)), np.uint16)
    generator: NDArray[np.uint64] = np.array([(seed * 0x9E3779B97F4A7C15 + 1) % 2**64], np.uint64)

    def anneal(field: Field, weight: float, rare: np.float32, sweeps: int, heat: Any, first_vote: int) -> None:
        known = (
            field.labels,
            used,
            field.axes,
            field.residuals,
            allowed,
            field.excess,
            np.float32(weight * smoothness),
        )
        anneal_field(*known, rare, sweeps, heat, CHANCES, generator, first_vote, votes)

    fields = [Field(file, used, few, (1, 1), FIRST_FINE, kernel) for kernel in KERNELS]
    first = min(fields, key=lambda field: field.paint(0, allowed))
    first.paint(1, allowed)
    first.paint(2, allowed)
    anneal(first, FIRST_SMOOTHNESS, FIRST_RARE, FIRST_SWEEPS, FIRST_HEAT, FIRST_SWEEPS)

    (high, wide), axes = FIRST_FINE, first.axes
    labels = first.labels[::high, ::wide].copy()
    pure = (_enlarge(labels, FIRST_FINE) == first.labels).reshape(len(labels), high, -1, wide)
    pixels = tuple(whole_pixels(axis, fine) for axis, fine in zip(axes, (high, wide, high, wide), strict=True))
    offered = np.flatnonzero(_count_interior(first.labels, len(classes)) >= OFFERED)
    known = (used, pixels, first.residuals, allowed, first.excess, file.per_mcu)
    before, weight = labels.copy(), np.float32(FIRST_SMOOTHNESS * smoothness)
    add_missing_classes(labels, pure.all(axis=(1, 3)), offered, *known, weight, UNEXPLAINED)
    grown = np.where(_enlarge(labels != before, FIRST_FINE), _enlarge(labels, FIRST_FINE), first.labels)

    second = []
    for fine in FINER:
        field = Field(file, used, grown, FIRST_FINE, fine, first.kernel)
        for part in range(3):
            field.paint(part, allowed)
        anneal(field, SMOOTHNESS, RARE, PROBE_SWEEPS, (HEAT[0], HEAT[0]), PROBE_SWEEPS)
        second.append(field)
    best = min(second, key=lambda field: float(np.minimum(field.excess_by_mcu(), CAP).sum(dtype=np.float64)))
    anneal(best, SMOOTHNESS, RARE, SWEEPS, HEAT, FIRST_VOTE)
    counts = votes.astype(np.float32)
    tie = np.float32(TIE * best.fine[0] * best.fine[1] * (SWEEPS - FIRST_VOTE))
    np.put_along_axis(counts, few[..., None], np.take_along_axis(counts, few[..., None], 2) + tie, 2)
    return classes[counts.argmax(axis=2)].astype(np.uint16), best.excess_by_mcu()


def _enlarge(pixels: NDArray[T], fine: Fine) -> NDArray[T]:
    """Return an image in which each pixel is as many as `fine` says, down and across."""
    return np.repeat(np.repeat(pixels, fine[0], 0), fine[1], 1)


def _count_interior(labels: NDArray[np.uint16], k: int) -> NDArray[np.int64]:
    """Return the subpixels of each class whose eight neighbors are of their class."""
    import cv2

    square = np.ones((3, 3), np.uint8)
    inner = cv2.erode(labels, square) == cv2.dilate(labels, square)
    return np.bincount(labels[inner], minlength=k)
