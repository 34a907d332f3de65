"""Where a run's palette comes from: a legend file, or discovery with the user's demands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clusterer
from kmseg.color_spaces import ColorSpace
from kmseg.discovery.candidates import Demands
from kmseg.discovery.look_again import look_again
from kmseg.discovery.palette import Clusters, Found, find_palette_by_candidates, palette_of_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.errors import UserError
from kmseg.legends.formats import Legend, read_legend
from kmseg.legends.recognition import (
    Match,
    match_with_either_order,
    named,
    names_by_color,
    published,
    recognize,
    snapped,
)
from kmseg.palette import RGB, Palette
from kmseg.validation import check_bool, check_integer, check_number, check_text

NEARLY_ALL = 0.9
"""Share of the classes that a published legend must explain so that its other classes are looked for."""


@dataclass(frozen=True)
class PaletteSource:
    """Where the palette comes from. `file` excludes all others; `pin` and the following need `clusterer.k=auto`.

    Parameters
    ----------
    file : str or None
        Legend file to use; None finds the palette in the sampled images.
    names : str
        Source of class names: `auto` takes them from the published legend that the palette is recognized as, if any;
        `none` numbers the classes; the slug of a published legend, or a legend file, gives its names by color.
    snap : bool
        Whether recognized classes also take the published colors; in lossy images the found ones are a few levels off.
    pin : list of [r, g, b]
        Colors that are always classes.
    forbid : list of [r, g, b]
        Colors that are never classes; nor are similar ones.
    min_pixels : int or None
        Minimum number of pixels of a class in the sampled images; None is 1 for lossless images, else 30 flat pixels.
    min_distance : float or None
        Minimum RGB distance between two classes; None is 0 for lossless images, 4 for resized ones, else 12.
    """

    file: str | None = None
    names: str = "auto"
    snap: bool = False
    pin: Sequence[Sequence[int]] = ()
    forbid: Sequence[Sequence[int]] = ()
    min_pixels: int | None = None
    min_distance: float | None = None

    def __post_init__(self) -> None:
        if self.min_pixels is not None:
            check_integer("palette.min_pixels", self.min_pixels, at_least=1)
        if self.min_distance is not None:
            check_number("palette.min_distance", self.min_distance, at_least=0)
        check_text("palette.file", self.file, optional=True)
        check_text("palette.names", self.names)
        check_bool("palette.snap", self.snap)
        if self.names not in ("auto", "none", *published()) and not self._names_file:
            close = difflib.get_close_matches(self.names, published(), n=3)
            raise UserError(
                f"palette.names is {self.names!r}; expected auto, none, a legend file or the slug of a published legend"
                + (f", such as {' or '.join(close)}" if close else f": {', '.join(published())}")
            )
        if self.file is not None and (self.demands != Demands() or self.names != "auto" or self.snap):
            raise UserError(
                "palette.file gives the palette, but palette.names, snap, pin, forbid, min_pixels and min_distance "
                "are for discovery; leave out palette.file or the others"
            )
        if self.snap and self._names_file is not None:
            raise UserError(
                "palette.snap takes the colors of a published legend, but palette.names is a file; leave out "
                "palette.snap, or give the file as palette.file to take its colors"
            )
        _ = self.given, self.demands

    @cached_property
    def legend(self) -> Legend | None:
        """The content of the legend file, if one is given."""
        return None if self.file is None else read_legend(self.file)

    @cached_property
    def _names_file(self) -> Palette | None:
        """The legend file that gives the names; None where `names` is none."""
        if self.names in ("auto", "none", *published()) or not re.search(r"[./\\]", self.names):
            return None
        return read_legend(self.names).palette

    @property
    def given(self) -> Palette | None:
        """The palette of the legend file, if one is given."""
        return None if self.legend is None else self.legend.palette

    @property
    def warnings(self) -> Sequence[str]:
        """One sentence for each entry of the legend file that is probably a mistake."""
        return () if self.legend is None else self.legend.warnings

    @cached_property
    def demands(self) -> Demands:
        """The user's demands on discovery."""
        pin, forbid = _colors("palette.pin", self.pin), _colors("palette.forbid", self.forbid)
        return Demands(pin, forbid, self.min_pixels, self.min_distance)

    def absent_classes(self, palette: Palette, exact: bool) -> tuple[NDArray[np.uint8], str]:
        """Return the colors `(n, 3)` of the published legend that the palette nearly is, that it lacks, and its title.

        A legend that explains less than nine of ten classes, or default colors, says nothing of further ones.
        """
        match, exchanged = None, False
        if self.names == "auto":
            recognition = recognize(palette, exact)
            match, exchanged = recognition.best, recognition.exchanged
        elif self.names in published():
            match, exchanged = match_with_either_order(self.names, palette, exact)
        if match is None or match.matched < NEARLY_ALL * len(palette):
            return np.zeros((0, 3), np.uint8), ""
        legend = published()[match.slug].colors
        colors = legend[[row for row in range(len(legend)) if row not in match.rows]]
        return (colors[:, ::-1] if exchanged else colors), match.title

    def name_classes(self, palette: Palette, exact: bool) -> Naming:
        """Name the classes of a palette that was found; `exact` says whether its colors are exact."""
        if self.names == "none":
            return Naming(palette, "", ())
        if self._names_file is not None:
            names = names_by_color(self._names_file, palette, exact)
            known = sum(name is not None for name in names)
            said = f"{known} of {len(palette)} classes take their names from {self.names}"
            return Naming(named(palette, names), said, recognize(palette, exact).closest)
        recognition = recognize(palette, exact)
        exchanged = recognition.exchanged
        if self.names == "auto":
            match, names, said = recognition.best, recognition.names, recognition.sentence()
        else:
            match, exchanged = match_with_either_order(self.names, palette, exact)
            legend = published()[self.names]
            names = tuple(legend.names[row] if row >= 0 else None for row in match.rows)
            said = f"{match.matched} of {len(palette)} classes take their names from {match.title}"
        if match is None and self.names == "auto" and recognition.default is not None:
            order, numbers = recognition.default.order()
            return Naming(_reordered(palette, order, numbers), said, recognition.closest, order)
        if match is None:
            return Naming(palette, said, recognition.closest)
        renamed = named(palette, names)
        painted = snapped(renamed, match, exchanged) if self.snap else renamed
        return Naming(painted, said, recognition.closest)


@dataclass(frozen=True)
class Naming:
    """A palette with names, a sentence on their origin, and the most similar legends.

    `order` has the old row of each class where the classes were put in the order of a default color map.
    """

    palette: Palette
    said: str
    closest: tuple[Match, ...]
    order: tuple[int, ...] = ()


def _reordered(palette: Palette, order: Sequence[int], numbers: Sequence[int]) -> Palette:
    """Return the classes of a palette in another order, each with its number as name and as id."""
    width = max(len(str(max(numbers))), 2)
    names = [f"class_{number:0{width}d}" for number in numbers]
    certainty = [palette.certainty[row] for row in order] if palette.certainty else ()
    ids = () if list(numbers) == list(range(len(numbers))) else tuple(numbers)
    return Palette(names, palette.colors[list(order)], ids=ids, certainty=certainty)


def _colors(name: str, value: Any) -> tuple[RGB, ...]:
    """Return a setting as colors; raise `UserError` for anything but a list of triples of integers 0 to 255."""
    try:
        colors = tuple((red, green, blue) for red, green, blue in value)
        valid = all(isinstance(level, Integral) and 0 <= int(level) <= 255 for color in colors for level in color)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise UserError(f"{name} is {value!r}; expected a list of [r,g,b] with levels 0 to 255")
    return colors


def find_named_palette(
    statistics: ColorStatistics, source: PaletteSource, clusterer: Clusterer, space: ColorSpace
) -> Found:
    """Find the palette of counted colors, look again for the classes of the legend that it nearly is, and name it."""
    found = find_palette_by_candidates(statistics, source.demands, clusterer, space)
    candidates = found.candidates
    if candidates is not None and not candidates.index_masks:
        absent, title = source.absent_classes(found.palette, candidates.exact)
        more = look_again(statistics, candidates, absent, title, source.demands.forbid)
        if more is not candidates:
            found = palette_of_candidates(more, statistics, clusterer, space)
    return with_names(found, source)


def with_names(found: Found, source: PaletteSource) -> Found:
    """Name the classes of a palette that was found."""
    given = source.name_classes(found.palette, exact=found.candidates is not None and found.candidates.exact)
    named = replace(found, palette=given.palette, said=given.said, closest=given.closest)
    if not given.order:
        return named
    order = list(given.order)

    def fit() -> Clusters:
        clusters = found.clusters
        return replace(clusters, centers=clusters.centers[order], pixels=clusters.pixels[order])

    return replace(named, fit=fit)
