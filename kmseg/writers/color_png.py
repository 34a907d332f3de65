"""Masks painted in the palette's colors or the user's: the paper's MaskOwnColor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kmseg.images import write_png
from kmseg.legends.formats import read_legend
from kmseg.palette import Palette, recolored
from kmseg.validation import check_text
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class ColorPng(PerImage):
    """`color/<stem>.png`: RGB PNG, exact colors, ignored pixels black.

    Parameters
    ----------
    target : str or None
        Legend file that gives a color for each class name; None uses the palette's colors.
    """

    target: str | None = None

    def __post_init__(self) -> None:
        check_text("writers.color_png.target", self.target, optional=True)
        _ = self._colors

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if the target has no color for a class."""
        self._painted(palette)

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write one recolored label."""
        write_png(folder / "color" / f"{image.key}.png", self._painted(palette).paint(image.mask))

    @cached_property
    def _colors(self) -> Palette | None:
        return None if self.target is None else read_legend(self.target).palette

    def _painted(self, palette: Palette) -> Palette:
        return palette if self._colors is None else recolored(palette, self._colors)
