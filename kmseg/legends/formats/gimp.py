"""GIMP's palettes, .gpl: a head, then red, green, blue and a name in each line."""

from __future__ import annotations

import re

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, parse_levels, shown
from kmseg.legends.formats.plain_table import parse_field

FILE, EXAMPLE = "palette.gpl", "GIMP Palette, then 128 64 128 and a name in each line"


def detect(text: str) -> bool:
    """Tell whether the first line says so."""
    return text.lstrip().startswith("GIMP Palette")


def read(text: str, what: str) -> ParsedLegend:
    """Read the lines after the head."""
    rows = []
    for number, line in list(enumerate(text.splitlines(), start=1)):
        where, bare = f"{what}, line {number}", line.strip()
        if not bare or bare.startswith("#") or bare == "GIMP Palette" or re.match(r"(Name|Columns):", bare):
            continue
        row = re.fullmatch(r"(\d+)\s+(\d+)\s+(\d+)\s+(\S.*)", bare)
        if row is None:
            raise UserError(f"{where}: {shown(bare)}; expected red, green, blue and a name, as in 128 64 128 road")
        rows.append((parse_field(row[4], where), parse_levels([row[1], row[2], row[3]], where)))
    return ParsedLegend(rows)


def write(classes: Classes) -> str:
    """Write a palette for GIMP, Inkscape and Krita."""
    rows = (f"{red:3d} {green:3d} {blue:3d}\t{name}\n" for name, (red, green, blue) in classes)
    return "GIMP Palette\nName: kmseg\nColumns: 0\n#\n" + "".join(rows)
