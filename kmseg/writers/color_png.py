"""The labels painted anew, in the palette's own colours or in the user's: the paper's MaskOwnColor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kmseg.checks import text
from kmseg.images import write_png
from kmseg.legends.files import read_legend
from kmseg.palette import Palette, recolored
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class ColorPng(PerImage):
    """`color/<stem>.png`: RGB PNG, exact colours, ignored pixels black.

    Parameters
    ----------
    target : str or None
        Legend file that gives a colour for each class name; None uses the palette's colours.
    """

    target: str | None = None

    def __post_init__(self) -> None:
        text("writers.color_png.target", self.target, optional=True)
        _ = self._colors

    def check(self, palette: Palette) -> None:
        """Fail if the target gives no colour for a class."""
        self._painted(palette)

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write one recoloured label."""
        write_png(folder / "color" / f"{image.key}.png", self._painted(palette).paint(image.mask))

    @cached_property
    def _colors(self) -> Palette | None:
        return None if self.target is None else read_legend(self.target).palette

    def _painted(self, palette: Palette) -> Palette:
        return palette if self._colors is None else recolored(palette, self._colors)
