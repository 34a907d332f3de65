"""The coefficients of a JPEG file, as the search needs them. The only module that knows jpeglib."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.images import Box
from kmseg.maskers.jpeg.file_model import BLOCK

SAMPLINGS = ((1, 1), (1, 2), (2, 1), (2, 2))
"""Rows and columns of pixels that share a chroma sample: 4:4:4, 4:2:2, 4:4:0, 4:2:0."""


@dataclass(frozen=True, eq=False)
class Coefficients:
    """The coefficients of an image, or of a part of one that begins and ends with its minimum coded units.

    Attributes
    ----------
    target : tuple of three ndarray of shape (rows, columns, 64), float32
        Stored coefficients of luma, blue and red, times their quantization steps, row by row of frequencies.
    half_steps : tuple of three ndarray of shape (64,), float32
        Half the quantization steps: what was rounded off is no more. Infinite for the chroma of a gray file.
    per_mcu : tuple of int
        Rows and columns of luma blocks in a minimum coded unit, which is also pixels per chroma sample.
    guessed : ndarray of shape (rows, columns), bool, or None
        Minimum coded units whose coefficients were computed from clipped colors and may be wrong; None if read.
    """

    target: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    half_steps: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    per_mcu: tuple[int, int]
    guessed: NDArray[np.bool_] | None = None

    def allowed(self, slack: float) -> NDArray[np.float32]:
        """Return by how much the coefficients of an MCU may differ, `(blocks + 2, 64)`: luma blocks, blue and red."""
        luma, blue, red = self.half_steps
        each = [luma] * (self.per_mcu[0] * self.per_mcu[1]) + [blue, red]
        return np.stack(each) + np.float32(slack)


def can_read() -> bool:
    """Tell whether the library that reads coefficients is installed."""
    return importlib.util.find_spec("jpeglib") is not None


def read_coefficients(data: bytes, box: Box) -> Coefficients | None:
    """Read the coefficients of a part of a JPEG file; None where they do not tell about the part alone.

    That is where a part begins or ends within a minimum coded unit, and in files of CMYK, of 12 bits, or of a sampling
    that is not among `SAMPLINGS`.
    """
    import jpeglib  # type: ignore[import-untyped]  # jpeglib has no types

    file = None
    handle, path = tempfile.mkstemp(suffix=".jpg")  # jpeglib reads from named files only
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        file = jpeglib.read_dct(path)
        file.load()
    except (OSError, RuntimeError, ValueError, IndexError):
        return None
    finally:
        Path(path).unlink()
    gray = file.num_components == 1
    if not gray and (file.num_components != 3 or file.jpeg_color_space.name != "JCS_YCbCr"):
        return None
    factors = [(1, 1)] if gray else [tuple(int(f) for f in row) for row in file.samp_factor]
    if not gray and (factors[1] != (1, 1) or factors[2] != (1, 1) or factors[0] not in SAMPLINGS):
        return None
    per_mcu = factors[0]
    sides = (BLOCK * per_mcu[0], BLOCK * per_mcu[1])
    if box.top % sides[0] or box.left % sides[1] or box.bottom > file.height or box.right > file.width:
        return None
    if (box.bottom % sides[0] and box.bottom != file.height) or (box.right % sides[1] and box.right != file.width):
        return None
    steps = [np.asarray(file.get_component_qt(i), np.float32).reshape(BLOCK, BLOCK) for i in range(file.num_components)]
    height, width = box.bottom - box.top, box.right - box.left

    def part(component: NDArray[np.int16], step: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
        """Cut out the blocks of a component, whose blocks are `rows` by `columns` pixels, and undo the quantization."""
        top, left = box.top // rows, box.left // columns
        inside = component[top : top + -(-height // rows), left : left + -(-width // columns)]
        return np.ascontiguousarray((inside.astype(np.float32) * step).reshape(*inside.shape[:2], BLOCK * BLOCK))

    luma = part(file.Y, steps[0], BLOCK, BLOCK)
    if gray:
        half, nothing = np.asarray(steps[0] / 2, np.float32).ravel(), np.zeros_like(luma)
        unbounded = np.full(BLOCK * BLOCK, np.inf, np.float32)
        return Coefficients((luma, nothing, nothing), (half, unbounded, unbounded), (1, 1))
    blue, red = part(file.Cb, steps[1], *sides), part(file.Cr, steps[2], *sides)
    halved = [np.asarray(step / 2, np.float32).ravel() for step in steps]
    return Coefficients((luma, blue, red), (halved[0], halved[1], halved[2]), (per_mcu[0], per_mcu[1]))
