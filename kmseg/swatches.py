"""A palette as people see it: a table of swatches for notebooks and for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import printable

if TYPE_CHECKING:
    from rich.table import Table


def swatches_html(names: Sequence[str], colors: NDArray[np.uint8]) -> str:
    """Return the classes as an HTML table: index, swatch, name, colour; names are escaped."""
    rows = "".join(
        f'<tr><td>{number}</td><td style="background:{hex_of(color)};min-width:3em;border:1px solid #8888"></td>'
        f'<td style="text-align:left">{escape(name)}</td><td>{" ".join(map(str, color))}</td>'
        f"<td><code>{hex_of(color)}</code></td></tr>"
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
        swatch = Text("    ", style=f"on {hex_of(color)}")
        table.add_row(swatch, Text(printable(name)), " ".join(map(str, color)), *share)
    return table


def hex_of(color: Sequence[int]) -> str:
    """Return a colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*color)
