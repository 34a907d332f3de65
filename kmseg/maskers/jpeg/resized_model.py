"""What a field of labels finer than the pixels looks like in a JPEG file, once a resize kernel has reduced it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.maskers.jpeg.file_model import BLOCK, cosines

Axis = tuple[NDArray[np.int64], NDArray[np.float32]]


def cubic(at: NDArray[Any]) -> NDArray[Any]:
    """Return the kernel of bicubic reduction (Keys 1981, a = -0.5, as Pillow has it), by the distance in pixels."""
    near = np.abs(at)
    inner = (1.5 * near - 2.5) * near * near + 1
    outer = ((-0.5 * near + 2.5) * near - 4) * near + 2
    return np.where(near < 1, inner, np.where(near < 2, outer, 0))


def triangle(at: NDArray[Any]) -> NDArray[Any]:
    """Return the kernel of bilinear reduction, by the distance in pixels."""
    return np.maximum(0, 1 - np.abs(at))


def box(at: NDArray[Any]) -> NDArray[Any]:
    """Return the kernel of reduction by areas, by the distance in pixels."""
    return (np.abs(at) < 0.5).astype(float)


KERNELS = (cubic, triangle, box)


def fine_axis(pixels: int, factor: int, rows: bool, kernel: Any, fine: int) -> tuple[Axis, Axis]:
    """Return what each of `fine` subpixels a pixel of an axis adds to frequencies, of luma and of chroma.

    Each is the first block touched `(n,)` and the parts in it and in the next, `(n, 2, 8)`.
    """
    at = (np.arange(pixels * fine) + 0.5) / fine - 0.5
    weights = kernel(at[None] - np.arange(pixels)[:, None])
    weights /= weights.sum(axis=1, keepdims=True)  # at the edges, too: what lies outside is left out
    axes = []
    for shared in (1, factor):
        count = -(-pixels // shared)
        full = -(-pixels // (BLOCK * shared)) * BLOCK
        mean = np.zeros((full, pixels * fine))
        for sample in range(full):
            source = min(sample, count - 1) if rows else sample
            for part in range(shared):
                mean[sample] += weights[min(source * shared + part, pixels - 1)] / shared
        axes.append(_touched(np.einsum("bsn,sf->nbf", mean.reshape(-1, BLOCK, pixels * fine), cosines())))
    return axes[0], axes[1]


def whole_pixels(axis: Axis, fine: int) -> Axis:
    """Return an axis whose entries are whole pixels of `fine` subpixels, all of one class."""
    first, vectors = axis
    at, blocks = np.arange(len(first)), int(first.max()) + 2
    parts: NDArray[np.float32] = np.zeros((len(first), blocks, BLOCK), np.float32)
    parts[at, first], parts[at, first + 1] = vectors[:, 0], vectors[:, 1]
    return _touched(parts.reshape(-1, fine, blocks, BLOCK).sum(axis=1))


def _touched(parts: NDArray[Any]) -> Axis:
    """Return the first block that each subpixel touches, and its part in it and in the next."""
    touched = np.abs(parts).max(axis=2) > 1e-7
    first = touched.argmax(axis=1)
    padded = np.concatenate([parts, np.zeros_like(parts[:, :1])], axis=1)
    at = np.arange(len(parts))
    return first, np.stack([padded[at, first], padded[at, first + 1]], axis=1).astype(np.float32)
