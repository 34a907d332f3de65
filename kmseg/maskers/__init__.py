"""Maskers: label image + palette -> index mask, one file per option."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.images import LabelImage
from kmseg.palette import Palette


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
    """

    mask: NDArray[Any]
    blocks: int = 0
    consistent: int = 0


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
