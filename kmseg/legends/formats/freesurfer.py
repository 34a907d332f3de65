"""Color tables of FreeSurfer and 3D Slicer: index, name without blanks, red, green, blue and alpha in each line."""

from __future__ import annotations

from kmseg.legends.formats.fields import Classes, ParsedLegend
from kmseg.legends.formats.plain_table import check_channel_order, read_rows, split_rows

FILE, EXAMPLE = "color_table.ctbl", "1 road 128 64 128 255 in each line"


def detect(text: str) -> bool:
    """Tell whether the head says so."""
    head = text[:600].casefold()
    return "color table file" in head or "colorlut" in head or "label name" in head


def read(text: str, what: str) -> ParsedLegend:
    """Read the lines; the alpha, the same in all, is dropped."""
    check_channel_order(text, what)
    return read_rows(split_rows(text, what), what)


def write(classes: Classes) -> str:
    """Write a color table that 3D Slicer and FreeSurfer read."""
    rows = (f"{k} {name} {r} {g} {b} 255\n" for k, (name, (r, g, b)) in enumerate(classes))
    return "# Color table file\n# index name red green blue alpha\n" + "".join(rows)
