"""Labels that were blended onto photos: their chroma shows them, their colors do not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.pixels.local_range import local_range


def is_overlay(tiles: Sequence[NDArray[np.uint8]]) -> bool:
    """Tell whether an image that is no label has the chroma of one: a few sharp, saturated chroma values cover it."""
    chroma = [cv2.cvtColor(np.ascontiguousarray(t), cv2.COLOR_RGB2YCrCb)[..., 1:] for t in tiles]
    flat = np.concatenate([c[local_range(c) <= 8] for c in chroma])
    if len(flat) < 256:
        return False
    side = 64
    density = (
        np.bincount((flat[:, 0] >> 2).astype(int) * side + (flat[:, 1] >> 2), minlength=side**2)
        .reshape(side, side)
        .astype(np.float32)
    )
    near, wide = (
        cv2.boxFilter(density, -1, (3, 3), normalize=False),
        cv2.boxFilter(density, -1, (9, 9), normalize=False),
    )
    rest, peaks, share = density.copy(), 0, 0.0
    for at in np.argsort(-near, axis=None)[:400]:
        y, x = divmod(int(at), side)
        if near[y, x] < 0.02 * len(flat):
            break
        block = rest[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        saturated = max(abs(y * 4 + 2 - 128), abs(x * 4 + 2 - 128)) >= 20
        if block.sum() >= 0.7 * near[y, x] and near[y, x] / wide[y, x] >= 0.6 and saturated:
            peaks += 1
            share += float(block.sum()) / len(flat)
            block[...] = 0
    return peaks >= 2 and share >= 0.2
