"""Legends that number classes and give no colors: the gray levels of an index mask."""

from __future__ import annotations

from collections.abc import Mapping

from kmseg.errors import UserError
from kmseg.palette import RGB


def as_gray(names: Mapping[int, str], what: str) -> list[tuple[str, RGB]]:
    """Give each class the gray level of its number; fail where a number is none.

    Examples
    --------
    >>> as_gray({0: "road", 7: "car"}, "the legend")
    [('road', (0, 0, 0)), ('car', (7, 7, 7))]
    """
    if names and max(names) > 255:
        raise UserError(f"{what} has names for ids up to {max(names)} but no colors; expected a color for each name")
    return [(name, (number, number, number)) for number, name in names.items()]
