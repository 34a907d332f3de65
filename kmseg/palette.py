"""The palette (legend): class names and colors, its file, and its swatches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import UserError, printable
from kmseg.files import write_csv
from kmseg.pixels.distance import between
from kmseg.pixels.packing import to_hex

if TYPE_CHECKING:
    from rich.table import Table

RGB = tuple[int, int, int]

MAX_CLASSES = 65535
"""Classes that a 16-bit index mask can hold besides ignore."""


class Row(NamedTuple):
    """One row of a legend; most formats have only the first two fields."""

    name: str
    color: RGB
    repainted: RGB | None = None
    ignored: bool = False
    id: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Palette:
    """The classes of a data set with their colors.

    Parameters
    ----------
    names : sequence of str
        Unique names; a class's index is its row.
    colors : array-like of shape (k, 3), 0..255
        The color of each class, stored as uint8 RGB.
    also : sequence of (int, (r, g, b))
        Further colors of a class, by the class's index. Legend rows with the same name are read as one class with
        several colors.
    ignored : sequence of (str, (r, g, b))
        Colors of the label images that belong to no class, with their names: their pixels are `ignore` in a mask.
    repainted : array-like of shape (k, 3), 0..255, or None
        The colors in which masks are painted, if they differ from those of the label images.
    ids : sequence of int
        The value of each class in index masks that are written, where that is not its row: what was read were index
        masks, and their values leave gaps.
    certainty : sequence of float
        How sure each class is, 0 to 1, where the palette was found in the data.

    Examples
    --------
    >>> palette = Palette(["road", "car"], [(128, 64, 128), (0, 0, 142)])
    >>> palette.names[1], palette.colors[1].tolist()
    ('car', [0, 0, 142])
    """

    names: Sequence[str]
    colors: NDArray[Any]
    also: Sequence[tuple[int, RGB]] = field(default=())
    ignored: Sequence[tuple[str, RGB]] = field(default=())
    repainted: NDArray[Any] | None = None
    ids: Sequence[int] = ()
    certainty: Sequence[float] = ()

    def __post_init__(self) -> None:
        colors = _levels(self.colors)
        if len(self.names) != len(colors):
            raise UserError(f"a palette has {len(self.names)} names and {len(colors)} colors; expected the same number")
        if max(len(colors), len(self.also)) > MAX_CLASSES:
            raise UserError(
                f"a palette has {len(colors) + len(self.also)} colors; expected {MAX_CLASSES} classes at most"
            )
        twice = sorted(name for name, times in Counter(self.names).items() if times > 1)
        if twice:
            raise UserError(f"a palette names {twice[0]!r} twice; give the second color in `also` to merge them")
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "colors", colors)
        object.__setattr__(self, "also", tuple((int(i), _rgb(c)) for i, c in self.also))
        if wrong := next((index for index, _ in self.also if not 0 <= index < len(colors)), None):
            raise UserError(f"`also` of a palette names class {wrong}; expected 0 to {len(colors) - 1}")
        object.__setattr__(self, "ignored", tuple((name, _rgb(c)) for name, c in self.ignored))
        if self.repainted is not None:
            repainted = _levels(self.repainted)
            if len(repainted) != len(colors):
                raise UserError(
                    f"a palette has {len(colors)} classes and {len(repainted)} repainted colors; "
                    "expected the same number"
                )
            object.__setattr__(self, "repainted", repainted)
        for name, values in (("ids", self.ids), ("certainties", self.certainty)):
            if len(values) not in (0, len(colors)):
                raise UserError(f"a palette has {len(values)} {name} and {len(colors)} colors; expected as many")
        if len(set(self.ids)) < len(self.ids) or not all(0 <= number < self.ignore for number in self.ids):
            raise UserError(f"the ids of a palette are {list(self.ids)}; expected different ones below {self.ignore}")

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        shown = [f"{name} {to_hex(color)}" for name, color in zip(self.names, self.colors.tolist(), strict=True)][:6]
        more = ", ..." if len(self) > len(shown) else ""
        return f"Palette({len(self)} class{'es' if len(self) > 1 else ''}: {', '.join(shown)}{more})"

    def _repr_html_(self) -> str:
        return swatches_html(self.names, self.colors)

    def show(self) -> None:
        """Show the swatches: as a table in a notebook, in color in a terminal."""
        from rich.console import Console

        # In a notebook, Rich would show text instead of the HTML table.
        if (console := Console(highlight=False)).is_jupyter:
            from IPython.display import display

            display(self)
        else:
            console.print(swatches_table(self.names, self.colors))

    @property
    def sources(self) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """Every color of the palette `(m, 3)` uint8, m >= k, and the index of its class, or `ignore`, `(m,)`."""
        extra = [color for _, color in (*self.also, *self.ignored)]
        owner = [*range(len(self)), *(index for index, _ in self.also), *(self.ignore for _ in self.ignored)]
        return np.concatenate([self.colors, np.array(extra, np.uint8).reshape(-1, 3)]), np.array(owner, np.intp)

    @cached_property
    def closest(self) -> float:
        """The minimum RGB distance between different `sources`; 1 for more than 1000 colors, infinite for one."""
        distinct = np.unique(self.sources[0], axis=0)
        if len(distinct) > 1000:
            return 1.0
        apart = between(distinct, distinct)
        return float(apart[apart > 0].min(initial=np.inf))

    @property
    def source_names(self) -> list[str]:
        """The name of each of the `sources`."""
        return [*self.names, *(self.names[index] for index, _ in self.also), *(name for name, _ in self.ignored)]

    @property
    def painted(self) -> NDArray[np.uint8]:
        """The color `(k, 3)` uint8 in which each class is painted."""
        return self.colors if self.repainted is None else self.repainted

    @property
    def index_dtype(self) -> type[np.uint8] | type[np.uint16]:
        """uint8, or uint16 for more than 255 classes."""
        return np.uint8 if len(self) <= 255 else np.uint16

    @property
    def ignore(self) -> int:
        """The index of pixels that belong to no class: 255, or 65535 for more than 255 classes."""
        return int(np.iinfo(self.index_dtype).max)

    def to_ids(self, mask: NDArray[Any]) -> NDArray[Any]:
        """Return an index mask `(H, W)` with the classes' ids in place of their rows; `ignore` stays."""
        if not self.ids:
            return mask
        table = np.full(self.ignore + 1, self.ignore, self.index_dtype)
        table[: len(self)] = self.ids
        return np.asarray(table[mask])

    def find_class(self, name_or_index: str | int) -> int:
        """Return the index of a class given by name or index; names come first."""
        if not isinstance(name_or_index, bool) and str(name_or_index) in self.names:  # a class may have the name 2
            return list(self.names).index(str(name_or_index))
        if isinstance(name_or_index, int) and not isinstance(name_or_index, bool) and 0 <= name_or_index < len(self):
            return name_or_index
        shown = ", ".join(self.names[:40]) + (", ..." if len(self) > 40 else "")
        raise UserError(f"the palette has no class {name_or_index!r}; it has: {shown}")

    def find_classes(self, selected: str | int | Sequence[str | int] | None) -> list[int]:
        """Return the indices of one class or several, given by name or index; None gives those of all."""
        if selected is None:
            return list(range(len(self)))
        several = [selected] if isinstance(selected, str | int) else selected
        return [self.find_class(name) for name in several]

    def paint(self, mask: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Color an index mask `(H, W)` as `(H, W, 3)` uint8 RGB; ignored pixels, also -1, become black.

        Raises
        ------
        UserError
            If a value is no class.
        """
        mask = np.asarray(mask)
        if mask.dtype.kind not in "iub":
            raise UserError(f"the mask is of type {mask.dtype}; expected integers, the rows of the palette")
        wrong = mask[((mask >= len(self)) & (mask != self.ignore)) | ((mask < -1) if mask.dtype.kind == "i" else False)]
        if wrong.size:
            raise UserError(
                f"the mask has the value {wrong[0]}; expected classes 0 to {len(self) - 1}, or {self.ignore} for none"
            )
        return self._colored(self.painted, mask)

    def as_label(self, mask: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Color an index mask `(H, W)` as a label image would show it, `(H, W, 3)` uint8 RGB; ignored: black."""
        return self._colored(self.colors, mask)

    def _colored(self, colors: NDArray[np.uint8], mask: NDArray[np.integer]) -> NDArray[np.uint8]:
        from kmseg.pixels.gather import set_colors

        table = np.zeros((len(self) + 1, 3), np.uint8)
        table[:-1] = colors
        out = np.empty((mask.size, 3), np.uint8)
        set_colors(np.ascontiguousarray(mask).reshape(-1), table, out)
        return out.reshape(*mask.shape, 3)


def from_rows(rows: Iterable[Row | tuple[str, RGB]]) -> Palette:
    """Make a palette from rows; rows with the same name become one class, at the position of the first."""
    index: dict[str, int] = {}
    first: list[Row] = []
    also: list[tuple[int, RGB]] = []
    ignored: list[tuple[str, RGB]] = []
    for row in (Row(*fields) for fields in rows):
        if row.ignored:
            ignored.append((row.name, row.color))
        elif row.name not in index:
            index[row.name] = len(first)
            first.append(row)
        elif row.color != first[index[row.name]].color:
            also.append((index[row.name], row.color))
    if ignored and not first:
        raise UserError("every class of the legend is ignored; leave at least one")
    repainted = [row.repainted or row.color for row in first] if any(row.repainted for row in first) else None
    ids = [row.id for row in first if row.id is not None]
    return Palette(
        list(index),
        np.array([row.color for row in first]),
        also,
        ignored,
        None if repainted is None else np.array(repainted),
        () if ids == list(range(len(ids))) else ids,
    )


def write_palette(path: Path | str, palette: Palette, columns: Mapping[str, Sequence[object]] | None = None) -> Path:
    """Write `name,r,g,b`, one class per row in index order, then `columns` (one value per class).

    If the palette has them, the columns `also` (further colors of the class), `painted` (the color it is painted
    in), `id` (its value in index masks), `certainty` and `ignore` (1 in the last rows: colors of no class) follow.

    Examples
    --------
    >>> import tempfile
    >>> path = write_palette(tempfile.mkdtemp() + "/legend.csv", Palette(["road"], [(128, 64, 128)]))
    >>> path.read_text()
    'name,r,g,b\\nroad,128,64,128\\n'
    """
    extra = dict(columns or {})
    if palette.also:
        extra["also"] = [" ".join(to_hex(c) for i, c in palette.also if i == k) for k in range(len(palette))]
    if palette.repainted is not None:
        extra["painted"] = [to_hex(_rgb(color)) for color in palette.repainted]
    if palette.ids:
        extra["id"] = palette.ids
    if palette.certainty:
        extra["certainty"] = [f"{value:.2f}" for value in palette.certainty]
    if palette.ignored:
        extra["ignore"] = [""] * len(palette)
    rows = [
        [name, *color, *(values[k] for values in extra.values())]
        for k, (name, color) in enumerate(zip(palette.names, palette.colors.tolist(), strict=True))
    ]
    rows += [[name, *color, *[""] * (len(extra) - 1), "1"] for name, color in palette.ignored]
    return write_csv(Path(path), ["name", "r", "g", "b", *extra], rows)


def recolored(palette: Palette, target: Palette) -> Palette:
    """Return `palette` with the colors that `target` has for the same names as painted colors."""
    if target.also:
        raise UserError(f"the target legend has two colors for {target.names[target.also[0][0]]!r}; remove one")
    missing = [name for name in palette.names if name not in target.names]
    if missing:
        raise UserError(f"the target legend has no color for {', '.join(missing)}; add a row for each")
    return replace(palette, repainted=target.painted[[target.find_class(name) for name in palette.names]])


def _levels(colors: Any) -> NDArray[np.uint8]:
    levels = np.asarray(colors)
    if levels.ndim != 2 or levels.shape[1] != 3 or not len(levels):
        raise UserError(f"a palette's colors have shape {levels.shape}; expected (classes, 3)")
    if levels.dtype.kind == "f" and 0 < levels.max() <= 1:
        raise UserError("a palette's colors go from 0 to 1; multiply them by 255")
    if levels.min() < 0 or levels.max() > 255 or not np.all(levels == np.floor(levels)):
        raise UserError("a palette's colors must be integers from 0 to 255")
    return levels.astype(np.uint8)


def _rgb(color: Sequence[int]) -> RGB:
    if len(color) != 3 or not all(0 <= value <= 255 for value in color):
        raise UserError(f"a palette has the color {tuple(color)}; expected three integers from 0 to 255")
    red, green, blue = (int(value) for value in color)
    return red, green, blue


def swatches_html(names: Sequence[str], colors: NDArray[np.uint8]) -> str:
    """Return the classes as an HTML table: index, swatch, name, color; names are escaped."""
    rows = "".join(
        f'<tr><td>{number}</td><td style="background:{to_hex(color)};min-width:3em;border:1px solid #8888"></td>'
        f'<td style="text-align:left">{escape(name)}</td><td>{" ".join(map(str, color))}</td>'
        f"<td><code>{to_hex(color)}</code></td></tr>"
        for number, (name, color) in enumerate(zip(names, colors.tolist(), strict=True))
    )
    head = "<tr><th></th><th></th><th>class</th><th>r g b</th><th>hex</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def swatches_table(names: Sequence[str], colors: NDArray[np.uint8], shares: Sequence[float] = ()) -> Table:
    """Return the classes as a table for a terminal, with their shares of the pixels if these are given."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("class")
    table.add_column("r g b", justify="right")
    if shares:
        table.add_column("share", justify="right")
    for number, (name, color) in enumerate(zip(names, colors.tolist(), strict=True)):
        share = [f"{shares[number]:.3%}"] if shares else []
        swatch = Text("    ", style=f"on {to_hex(color)}")
        table.add_row(swatch, Text(printable(name)), " ".join(map(str, color)), *share)
    return table
