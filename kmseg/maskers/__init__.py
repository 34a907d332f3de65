"""Maskers: label image + palette -> index mask, one file per option."""

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray

from kmseg.color_spaces import ColorSpace
from kmseg.images import LabelImage
from kmseg.palette import Palette

Mask = Callable[[LabelImage], NDArray[Any]]


class Masker(Protocol):
    """What every masker does."""

    def for_palette(self, palette: Palette, space: ColorSpace) -> Mask:
        """Return the function from a label image to its index mask `(H, W)`.

        The mask's dtype is `palette.index_dtype`; pixels of no class are `palette.ignore`. What depends on the
        palette alone is worked out once and kept in the function.
        """
