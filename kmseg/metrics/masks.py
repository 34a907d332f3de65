"""Scores of index masks against the true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette
from kmseg.pixels.distance import between


def confusion(true: NDArray[np.int64], mask: NDArray[np.integer], classes: int, found: int) -> NDArray[np.int64]:
    """Count pixels by true class and found class, `(classes, found + 1)`; the last column is "no class".

    Pixels whose true class is negative are ignored.
    """
    from kmseg.pixels.gather import count_pairs

    counts = np.zeros((classes, found + 1), np.int64)
    count_pairs(np.ravel(true), np.ravel(mask), counts)
    return counts


def match_classes(found: Palette, true: Palette) -> NDArray[np.intp]:
    """Return the true class `(k + 1,)` of each found class: the one of the nearest color.

    The last entry is for pixels of no class: `len(true)`.
    """
    return np.append(between(found.colors, true.colors).argmin(axis=1), len(true))


def mask_scores(counts: NDArray[np.int64], found: Palette, true: Palette) -> dict[str, float]:
    """Score masks from their `confusion`; every found class counts as the true class of the nearest color."""
    classes = len(true)
    square = np.zeros((classes, classes), np.int64)
    np.add.at(square.T, match_classes(found, true)[:-1], counts[:, :-1].T)
    true_positives, predicted, actual = np.diag(square), square.sum(axis=0), counts.sum(axis=1)
    iou = true_positives / np.maximum(predicted + actual - true_positives, 1)
    present = [int(k) for k in np.flatnonzero(actual)]
    scores = {
        "mask/accuracy": float(true_positives.sum() / max(int(actual.sum()), 1)),
        "mask/miou": float(iou[present].mean()) if len(present) else 0.0,
    }
    if counts[:, -1].any():
        scores["mask/coverage"] = float(1 - counts[:, -1].sum() / max(int(actual.sum()), 1))
        covered = square.sum(axis=1)
        iou_covered = true_positives / np.maximum(predicted + covered - true_positives, 1)
        there = covered > 0
        scores["mask/miou_covered"] = float(iou_covered[there].mean()) if there.any() else 0.0
    return scores | {f"mask/iou/{true.names[k]}": float(iou[k]) for k in present}
