"""How much of an image its sharp colors explain: pixels near one, mixtures of two, and what is neither.

A label on a plain background is explained inside its objects, too; parts that were cut out of photos are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.image_kinds.peaks import look_up

MIXTURE_RADIUS = 4
"""Pixels around a mixed pixel within which its two classes lie: half an 8x8 block of JPEG."""

MOST_AROUND = 5
"""Classes around a pixel that are tried as its two: within nine pixels there are hardly more."""

MIXTURE_DISTANCE = 24.0
"""RGB distance from the line between two classes within which a pixel is a mixture of them; JPEG 4:2:0 bends it."""

CORE_DISTANCE, MIN_CORE_PIXELS, MAX_CORE_UNEXPLAINED = 5.0, 64, 0.5
"""Pixels from the background beyond which an object is no rim; least number of such pixels that tell; largest share of
them that is unexplained in a label. Measured: labels up to 0.1, parts of photos 0.1 to 1."""


class Shares(NamedTuple):
    """Shares of an image's pixels: `unexplained` is neither near a peak nor a mixture of two nearby, `background` near
    the largest peak; `foreground_unexplained` is of the pixels that are not, `core_unexplained` of those far from
    it."""

    unexplained: float
    foreground_unexplained: float
    core_unexplained: float
    at_peaks: float
    background: float


def explain(tiles: Sequence[NDArray[np.uint8]], peaks: NDArray[np.float64], nearest: NDArray[np.int16]) -> Shares:
    """Explain the pixels of an image by peaks `(k, 3)`, the largest first; `nearest` is their table."""
    if not len(peaks):
        return Shares(1.0, 1.0, 1.0, 0.0, 0.0)
    asked = bad = total = background = rest = 0
    core = core_rest = core_asked = core_bad = 0
    budget = max(256, 8192 // len(tiles))
    for tile in tiles:
        codes = look_up(nearest, tile)
        total += codes.size
        background += int((codes == 0).sum())
        deep = _far_from(codes == 0)
        core += int(deep.sum())
        ys, xs = np.nonzero(codes < 0)
        rest += len(ys)
        if not len(ys):
            continue
        core_rest += int(deep[ys, xs].sum())
        pick = np.arange(0, len(ys), max(1, len(ys) // budget))
        ys, xs = ys[pick], xs[pick]
        padded = np.pad(codes, MIXTURE_RADIUS, mode="edge")
        window = np.arange(0, 2 * MIXTURE_RADIUS + 1, 2)
        corner = ys * padded.shape[1] + xs
        around = padded.ravel()[corner[:, None] + (window[:, None] * padded.shape[1] + window).ravel()]
        off = _distance_to_mixtures(tile[ys, xs].astype(np.float32), around, peaks.astype(np.float32))
        asked += len(ys)
        strange, inside = off > MIXTURE_DISTANCE, deep[ys, xs]
        bad += int(strange.sum())
        core_asked += int(inside.sum())
        core_bad += int((strange & inside).sum())
    share = bad / asked if asked else 0.0
    lost = share * rest
    core_lost = core_rest * core_bad / max(core_asked, 1) if core >= MIN_CORE_PIXELS else 0.0
    return Shares(
        lost / total,
        lost / max(total - background, 1),
        core_lost / max(core, 1),
        1 - rest / total,
        background / total,
    )


def _far_from(background: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels farther than `CORE_DISTANCE` from any of the background; none where there is no background."""
    if not background.any():
        return np.zeros(background.shape, bool)
    return np.asarray(cv2.distanceTransform((~background).astype(np.uint8), cv2.DIST_L2, 3) > CORE_DISTANCE)


def _distance_to_mixtures(
    colors: NDArray[np.float32], around: NDArray[np.int16], peaks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the RGB distance of each color to the nearest line between two peaks around it.

    Parameters
    ----------
    colors : ndarray of shape (n, 3), float32
    around : ndarray of shape (n, m), int16
        Peaks of the pixels around each, -1 for none.
    peaks : ndarray of shape (k, 3), float32
    """
    ordered = np.sort(around, axis=1)
    first = ordered >= 0
    first[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    rows, columns = np.nonzero(first)
    places = np.arange(len(rows)) - np.searchsorted(rows, np.arange(len(around)))[rows]  # of a peak in its row
    kept = places < MOST_AROUND
    distinct = np.full((len(around), MOST_AROUND), 32000, np.int16)
    distinct[rows[kept], places[kept]] = ordered[rows[kept], columns[kept]]
    best = np.full(len(colors), np.inf, np.float32)
    valid = distinct < 32000
    for i in range(distinct.shape[1]):
        for j in range(i, distinct.shape[1]):
            rows = np.flatnonzero(valid[:, i] & valid[:, j])  # few have more than two classes around them
            if not len(rows):
                break
            a = peaks[distinct[rows, i]]
            line, beside = peaks[distinct[rows, j]] - a, colors[rows] - a
            t = np.einsum("nc,nc->n", beside, line) / np.maximum(np.einsum("nc,nc->n", line, line), 1e-6)
            beside -= np.clip(t, 0, 1)[:, None] * line
            best[rows] = np.minimum(best[rows], np.sqrt(np.einsum("nc,nc->n", beside, beside)))
    return best
