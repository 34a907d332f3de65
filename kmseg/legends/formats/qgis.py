"""QGIS' color maps: value, red, green, blue, alpha and name, with commas between them."""

from __future__ import annotations

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, order_by_id, parse_id, parse_levels, shown
from kmseg.legends.formats.plain_table import parse_field

FILE, EXAMPLE = "color_map.txt", "1,128,64,128,255,road in each line"


def detect(text: str) -> bool:
    """Tell whether the head says so."""
    head = text[:200]
    return "QGIS" in head or "\nINTERPOLATION:" in f"\n{head}"


def read(text: str, what: str) -> ParsedLegend:
    """Read the lines after the head."""
    rows, ids = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        where, bare = f"{what}, line {number}", line.strip()
        if not bare or bare.startswith(("#", "INTERPOLATION:")):
            continue
        fields = [field.strip() for field in bare.split(",", 5)]
        if len(fields) != 6:
            raise UserError(f"{where}: {shown(bare)}; expected {EXAMPLE}")
        parse_levels([fields[4]] * 3, where)
        ids.append(parse_id(fields[0], where))
        rows.append((parse_field(fields[5], where), parse_levels(fields[1:4], where)))
    return order_by_id(rows, ids, what)


def write(classes: Classes) -> str:
    """Write a color map that QGIS imports for a paletted raster."""
    rows = (f"{k},{r},{g},{b},255,{name}\n" for k, (name, (r, g, b)) in enumerate(classes))
    return "# QGIS Generated Color Map Export File\nINTERPOLATION:EXACT\n" + "".join(rows)
