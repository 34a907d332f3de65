"""Maskers: label image + palette -> index mask, one file per option."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.confidence import CERTAIN, measure_confidence
from kmseg.images import LabelImage
from kmseg.palette import Palette
from kmseg.validation import check_integer


@dataclass(frozen=True, eq=False)
class Examined:
    """An index mask and how much of it the image's file proves.

    Attributes
    ----------
    mask : ndarray of shape (H, W), uint8 or uint16
    blocks : int
        Blocks of the file that the mask was compared with; 0 where the file says nothing.
    consistent : int
        Those of them that the mask, painted in the palette's colors, could have given.
    complete : ndarray of shape (H, W) or None
        The mask before pixels of a low confidence were ignored; None where none were.
    contradicted : ndarray of shape (H, W), bool, or None
        The pixels of the blocks that the mask could not have given; None where the file says nothing.
    """

    mask: NDArray[Any]
    blocks: int = 0
    consistent: int = 0
    complete: NDArray[Any] | None = None
    contradicted: NDArray[np.bool_] | None = None


Mask = Callable[[LabelImage], NDArray[Any]]


class Masker(Protocol):
    """What every masker does."""

    def for_palette(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function from a label image to its index mask `(H, W)`.

        The mask's dtype is `palette.index_dtype`; pixels of no class are `palette.ignore`. What depends on the
        palette alone is worked out once and kept in the function.
        """


def examine(mask: Mask, label: LabelImage) -> Examined:
    """Mask a label image; a masker whose function has a method `examine` also tells what the file proves."""
    method = getattr(mask, "examine", None)
    return method(label) if method else Examined(mask(label))


def check_ignore_below(value: int) -> None:
    """Raise `UserError` if `masker.ignore_below` is out of range."""
    check_integer("masker.ignore_below", value, at_least=0, at_most=CERTAIN)


def ignoring_below(mask: Mask, palette: Palette, confidence: int) -> Mask:
    """Return a mask function in whose masks pixels of a lower confidence are `palette.ignore`; with 0, `mask`."""
    return IgnoringMask(mask, palette, confidence) if confidence else mask


class IgnoringMask:
    """A mask function that ignores the pixels whose class is not sure enough."""

    def __init__(self, mask: Mask, palette: Palette, confidence: int) -> None:
        self._mask, self._palette, self._confidence = mask, palette, confidence

    def __call__(self, label: LabelImage) -> NDArray[Any]:
        """Return the index mask `(H, W)`."""
        return self.examine(label).mask

    def examine(self, label: LabelImage) -> Examined:
        """Return the index mask, also as it was before pixels were ignored, and what the file proves."""
        examined = examine(self._mask, label)
        sure = measure_confidence(np.asarray(label, np.uint8), examined.mask, self._palette) >= self._confidence
        mask = np.where(sure, examined.mask, self._palette.ignore).astype(examined.mask.dtype)
        return replace(examined, mask=mask, complete=examined.mask)
