"""The labels of an image that was resized before it was saved as JPEG."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.maskers.jpeg.coefficients import Coefficients
from kmseg.maskers.jpeg.file_model import CHANCES
from kmseg.maskers.jpeg.resized_model import FINE, KERNELS, fine_axis

SWEEPS, FIRST_VOTE = 100, 30
"""Sweeps over the borders of the field, and the first whose labels count: the mean of many fields is right more often
than the last one."""

HEAT = (np.float32(20), np.float32(10))
"""First and last temperature, in squared units of a coefficient."""

SMOOTHNESS = 0.8
"""Times the masker's smoothness; the votes smooth, too."""

TIE = 17.5
"""Votes, of 280, that the start has: where the samples of the field disagree, a pixel keeps its class."""

MOST_VOTES = 1 << 28
"""Votes, pixels times classes, that are held in memory; larger images keep the start."""


class Field:
    """A field of labels held against a file: axes, residuals and excess of luma, blue and red."""

    def __init__(
        self, file: Coefficients, colors: NDArray[np.float32], labels: NDArray[np.uint16], kernel: Any
    ) -> None:
        height, width = (side // FINE for side in labels.shape)
        (rows, chroma_rows) = fine_axis(height, file.per_mcu[0], True, kernel)
        (columns, chroma_columns) = fine_axis(width, file.per_mcu[1], False, kernel)
        self.axes = rows, columns, chroma_rows, chroma_columns
        self.residuals = file.target[0] * -1, file.target[1] * -1, file.target[2] * -1
        blocks = [residual.shape[:2] for residual in self.residuals]
        self.excess: tuple[NDArray[np.float32], ...] = tuple(np.zeros(shape, np.float32) for shape in blocks)
        self._labels, self._colors = labels, colors

    def paint(self, part: int, allowed: NDArray[np.float32]) -> float:
        """Work out the residuals and the excess of luma (0), blue (1) or red (2); return the sum of the excess."""
        from kmseg.maskers.jpeg.resized_kernels import paint_field

        across = self.axes[:2] if part == 0 else self.axes[2:]
        colors, excess = self._colors[part], self.excess[part]
        paint_field(self._labels, colors, *across, allowed[part], self.residuals[part], excess)
        return float(excess.sum(dtype=np.float64))


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
    from kmseg.maskers.jpeg.resized_kernels import anneal_field

    classes, packed = np.unique(start, return_inverse=True)
    few = packed.reshape(start.shape).astype(np.uint16)
    fine = np.repeat(np.repeat(few, FINE, 0), FINE, 1)
    used = np.ascontiguousarray(colors[:, classes])
    allowed = np.stack(file.half_steps) + np.float32(slack)
    best = min((Field(file, used, fine, kernel) for kernel in KERNELS), key=lambda field: field.paint(0, allowed))
    best.paint(1, allowed)
    best.paint(2, allowed)
    votes = np.zeros((*start.shape, len(classes)), np.uint16)
    known = (used, best.axes, best.residuals, allowed, best.excess)
    anneal_field(fine, *known, np.float32(SMOOTHNESS * smoothness), SWEEPS, HEAT, CHANCES, seed, FIRST_VOTE, votes)
    counts = votes.astype(np.float32)
    np.put_along_axis(counts, few[..., None], np.take_along_axis(counts, few[..., None], 2) + np.float32(TIE), 2)
    rows, columns = file.target[1].shape[:2]
    luma = np.zeros((rows * file.per_mcu[0], columns * file.per_mcu[1]), np.float32)
    luma[: best.excess[0].shape[0], : best.excess[0].shape[1]] = best.excess[0]
    blocks = luma.reshape(rows, file.per_mcu[0], columns, file.per_mcu[1]).sum(axis=(1, 3))
    return classes[counts.argmax(axis=2)].astype(np.uint16), blocks + best.excess[1] + best.excess[2]
