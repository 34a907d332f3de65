"""Boundary F1 of each class.

Csurka, Larlus and Perronnin, "What is a good evaluation measure for semantic segmentation?" (BMVC 2013), after Martin,
Fowlkes and Malik's measure for contours (PAMI 2004): precision is the share of a class's boundary pixels in the mask
that lie within a tolerance of its true boundary, recall the share of the true ones within it of the mask's, F1 their
harmonic mean. Here the pixels of all images are pooled, where Csurka et al. average over images, so that an
image with few pixels of a class has little weight.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def boundary(mask: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pixels `(H, W)` have a 4-neighbor of another class; -1 means ignore.

    The edge of the image and of ignored areas is no boundary.
    """
    edge = np.zeros(mask.shape, bool)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = (mask[one] != mask[other]) & (mask[one] >= 0) & (mask[other] >= 0)
        edge[one] |= differ
        edge[other] |= differ
    return edge


class TrueBoundaries:
    """The boundaries of one true mask, to compare several masks with.

    Parameters
    ----------
    true : ndarray of shape (H, W), int64
        True class of each pixel, -1 = ignored.
    classes : int
        Number of classes.
    tolerance : int
        Distance in pixels up to which two boundary pixels match.
    """

    def __init__(self, true: NDArray[np.int64], classes: int, tolerance: int) -> None:
        self._true, self._classes = true, classes
        self._disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance + 1,) * 2)
        self._edges = self._planes(true)
        self._near = {k: self._dilated(plane) for k, plane in self._edges.items()}

    def counts(self, mask: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return, per class, found, matched found, true and matched true boundary pixels: `(classes, 4)`.

        The mask has true classes as values; values from `classes` on are no class.
        """
        counted = np.zeros((self._classes, 4), np.int64)
        found = self._planes(np.where(self._true < 0, -1, mask))
        nothing = np.zeros(mask.shape, np.uint8)
        for k in sorted({*found, *self._edges}):
            own, edge = found.get(k, nothing), self._edges.get(k, nothing)
            matched = cv2.countNonZero(own & self._near.get(k, nothing))
            recalled = cv2.countNonZero(edge & self._dilated(own))
            counted[k] = cv2.countNonZero(own), matched, cv2.countNonZero(edge), recalled
        return counted

    def _planes(self, mask: NDArray[np.int64]) -> dict[int, NDArray[np.uint8]]:
        """Return the boundary pixels of each class that has any, as planes of 0 and 1."""
        edge = boundary(mask)
        present = np.flatnonzero(np.bincount(mask[edge], minlength=1)[: self._classes])
        return {int(k): (edge & (mask == k)).astype(np.uint8) for k in present}

    def _dilated(self, plane: NDArray[Any]) -> NDArray[np.uint8]:
        return np.asarray(cv2.dilate(plane, self._disc), np.uint8)


def boundary_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the F1 `(k,)` from the counts `(k, 4)`; NaN for a class without boundary."""
    found, matched, true, recalled = counts.T.astype(np.float64)
    precision, recall = matched / np.maximum(found, 1), recalled / np.maximum(true, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return np.where(found + true > 0, f1, np.nan)
