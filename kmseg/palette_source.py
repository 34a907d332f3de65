"""Where a run's palette comes from: a legend file, or the data and what the user knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kmseg.candidates import Demands
from kmseg.checks import number, whole
from kmseg.errors import UserError
from kmseg.palette import RGB, Palette, read_palette


@dataclass(frozen=True)
class PaletteSource:
    """How the palette is come by. All but `file` is for `clusterer.k=auto`.

    Parameters
    ----------
    file : str or None
        Legend file to use; None finds the palette in the sampled images.
    pin : list of [r, g, b]
        Colours that are classes whatever the data say.
    forbid : list of [r, g, b]
        Colours that are no classes, nor what is near them.
    min_pixels : int or None
        Least number of pixels of a class in the sampled images; None is 9 for lossless images, else 30 flat pixels.
    min_distance : float or None
        Least RGB distance between two classes; None is any for lossless images, 4 for resized ones, else 12.
    """

    file: str | None = None
    pin: Sequence[Sequence[int]] = ()
    forbid: Sequence[Sequence[int]] = ()
    min_pixels: int | None = None
    min_distance: float | None = None

    def __post_init__(self) -> None:
        if self.min_pixels is not None:
            whole("palette.min_pixels", self.min_pixels, at_least=1)
        if self.min_distance is not None:
            number("palette.min_distance", self.min_distance, at_least=0)
        _ = self.given, self.demands

    @cached_property
    def given(self) -> Palette | None:
        """The palette of the legend file, where one is given."""
        return None if self.file is None else read_palette(self.file)

    @cached_property
    def demands(self) -> Demands:
        """What is asked of a class that is found in the data."""
        pin, forbid = _colors("palette.pin", self.pin), _colors("palette.forbid", self.forbid)
        return Demands(pin, forbid, self.min_pixels, self.min_distance)


def _colors(name: str, value: Any) -> tuple[RGB, ...]:
    try:
        colors = tuple((int(red), int(green), int(blue)) for red, green, blue in value)
    except (TypeError, ValueError):
        colors = ((-1, -1, -1),)
    if any(not 0 <= level <= 255 for color in colors for level in color):
        raise UserError(f"{name} is {value!r}; expected a list of [r,g,b] with levels 0 to 255")
    return colors
