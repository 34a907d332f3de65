"""Tables without a header: `road,128,64,128`, `0 road 128 64 128`, `road #804080`, ESRI's .clr `1 128 64 128 road`."""

from __future__ import annotations

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend
from kmseg.legends.formats.plain_table import (
    check_channel_order,
    data_lines,
    holds_hex,
    read_hex_rows,
    read_rows,
    split_rows,
)

FILE, EXAMPLE = "colormap.clr", "id, red, green, blue and name in each row, as in 0 128 64 128 road"


def detect(text: str) -> bool:
    """Tell whether the first row has three numbers or a color in hex."""
    lines = data_lines(text)[:1]
    if not lines or lines[0][1][0] in "{[<":
        return False
    try:
        rows = split_rows(text, "")
    except UserError:
        return True  # named where it is read
    return holds_hex(rows) or sum(rows[0].numeric) >= 3


def read(text: str, what: str) -> ParsedLegend:
    """Read rows by where their names stand among the numbers."""
    check_channel_order(text, what)
    rows = split_rows(text, what)
    return read_hex_rows(rows, what) if holds_hex(rows) else read_rows(rows, what)


def write(classes: Classes) -> str:
    """Write ESRI's color map: value, red, green, blue, name."""
    return "".join(f"{k} {red} {green} {blue} {name}\n" for k, (name, (red, green, blue)) in enumerate(classes))
