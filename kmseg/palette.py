"""The palette (legend): which colours mean which class, and the file that a run leaves of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import UserError
from kmseg.files import write_csv

RGB = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Palette:
    """The classes of a data set with the colours that mean them.

    Parameters
    ----------
    names : sequence of str
        One name a class, each different; a class's index is its row.
    colors : array-like of shape (k, 3), 0..255
        The colour of each class, stored as uint8 RGB.
    also : sequence of (int, (r, g, b))
        Further colours that mean a class, by the class's index. A legend in which two colours bear one name is
        read so: both become one class.

    Examples
    --------
    >>> palette = Palette(["road", "car"], [(128, 64, 128), (0, 0, 142)])
    >>> palette.names[1], palette.colors[1].tolist()
    ('car', [0, 0, 142])
    """

    names: Sequence[str]
    colors: NDArray[Any]
    also: Sequence[tuple[int, RGB]] = field(default=())

    def __post_init__(self) -> None:
        colors = np.asarray(self.colors)
        if colors.ndim != 2 or colors.shape[1] != 3 or not len(colors):
            raise UserError(f"a palette's colors have shape {colors.shape}; expected (classes, 3)")
        if colors.min() < 0 or colors.max() > 255 or not np.all(colors == np.floor(colors)):
            raise UserError("a palette's colors are whole numbers from 0 to 255")
        if len(self.names) != len(colors):
            raise UserError(f"a palette has {len(self.names)} names and {len(colors)} colors; expected as many")
        twice = sorted({name for name in self.names if list(self.names).count(name) > 1})
        if twice:
            raise UserError(f"a palette names {twice[0]!r} twice; give the second color in `also` to merge them")
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "colors", colors.astype(np.uint8))
        object.__setattr__(self, "also", tuple((int(i), _rgb(c)) for i, c in self.also))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sources(self) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """Every colour that means a class `(m, 3)` uint8, and the index of that class `(m,)`; m >= k."""
        extra = np.array([color for _, color in self.also], np.uint8).reshape(-1, 3)
        owner = np.array([index for index, _ in self.also], np.intp)
        return np.concatenate([self.colors, extra]), np.concatenate([np.arange(len(self)), owner])

    @property
    def index_dtype(self) -> type[np.uint8] | type[np.uint16]:
        """uint8, or uint16 where there are more than 255 classes."""
        return np.uint8 if len(self) <= 255 else np.uint16

    @property
    def ignore(self) -> int:
        """The index of pixels that belong to no class: 255, or 65535 for more than 255 classes."""
        return int(np.iinfo(self.index_dtype).max)

    def index_of(self, wanted: str | int) -> int:
        """Return the index of a class given by name, else by index."""
        if not isinstance(wanted, bool) and str(wanted) in self.names:  # a class may be named 2
            return list(self.names).index(str(wanted))
        if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < len(self):
            return wanted
        shown = ", ".join(self.names[:40]) + (", ..." if len(self) > 40 else "")
        raise UserError(f"the palette has no class {wanted!r}; it has: {shown}")

    def paint(self, mask: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Colour an index mask `(H, W)` as `(H, W, 3)` uint8 RGB; ignored pixels become black."""
        table = np.zeros((self.ignore + 1, 3), np.uint8)
        table[: len(self)] = self.colors
        return table.take(mask, axis=0, mode="clip")


def from_rows(rows: Iterable[tuple[str, RGB]]) -> Palette:
    """Make a palette of (name, colour) rows; rows with one name become one class, at the first one's place."""
    index: dict[str, int] = {}
    colors: list[RGB] = []
    also: list[tuple[int, RGB]] = []
    for name, color in rows:
        if name not in index:
            index[name] = len(colors)
            colors.append(color)
        elif color != colors[index[name]]:
            also.append((index[name], color))
    return Palette(list(index), np.array(colors), also)


def write_palette(path: Path, palette: Palette, columns: Mapping[str, Sequence[object]] | None = None) -> Path:
    """Write `name,r,g,b`, one class a row in index order, then `columns` (one value a class each)."""
    extra = dict(columns or {})
    if palette.also:
        extra["also"] = [" ".join(_hex(c) for i, c in palette.also if i == k) for k in range(len(palette))]
    rows = [
        [name, *color, *(values[k] for values in extra.values())]
        for k, (name, color) in enumerate(zip(palette.names, palette.colors.tolist(), strict=True))
    ]
    return write_csv(path, ["name", "r", "g", "b", *extra], rows)


def recolored(palette: Palette, target: Palette) -> Palette:
    """Return `palette` in the colours that `target` gives to the same names."""
    if target.also:
        raise UserError(f"the target legend gives {target.names[target.also[0][0]]!r} two colors; leave one of them")
    lacking = [name for name in palette.names if name not in target.names]
    if lacking:
        raise UserError(f"the target legend gives no color for {', '.join(lacking)}; add a row for each")
    return Palette(palette.names, target.colors[[target.index_of(name) for name in palette.names]], palette.also)


def _rgb(color: Sequence[int]) -> RGB:
    red, green, blue = (int(value) for value in color)
    return red, green, blue


def _hex(color: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
