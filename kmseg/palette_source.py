"""Where a run's palette comes from: a legend file, or the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kmseg.palette import Palette, read_palette


@dataclass(frozen=True)
class PaletteSource:
    """How the palette is come by.

    Parameters
    ----------
    file : str or None
        Legend file to use; None finds the palette in the sampled images.
    """

    file: str | None = None

    def __post_init__(self) -> None:
        _ = self.given

    @cached_property
    def given(self) -> Palette | None:
        """The palette of the legend file, where one is given."""
        return None if self.file is None else read_palette(self.file)
