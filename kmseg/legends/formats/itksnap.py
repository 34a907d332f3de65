"""ITK-SNAP's label descriptions: index, red, green, blue, opacity, two switches, and the name in quotes."""

from __future__ import annotations

import re

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, order_by_id, parse_id, parse_levels, parse_name, shown
from kmseg.legends.formats.plain_table import check_channel_order, data_lines

FILE, EXAMPLE = "itksnap_labels.txt", '1 255 0 0 1 1 1 "road" in each line'

_ROW = re.compile(r'(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+[\d.]+\s+[01]\s+[01]\s+"([^"]*)"')


def detect(text: str) -> bool:
    """Tell whether the first line is of this shape."""
    lines = data_lines(text)[:1]
    return bool(lines) and (_ROW.fullmatch(lines[0][1]) is not None or "itk-snap label" in text[:400].casefold())


def read(text: str, what: str) -> ParsedLegend:
    """Read the lines."""
    check_channel_order(text, what)
    found, ids = [], []
    for number, line in data_lines(text):
        where = f"{what}, line {number}"
        row = _ROW.fullmatch(line)
        if row is None:
            raise UserError(f"{where}: {shown(line)}; expected {EXAMPLE}")
        ids.append(parse_id(row[1], where))
        found.append((parse_name(row[5], where), parse_levels([row[2], row[3], row[4]], where)))
    return order_by_id(found, ids, what)


def write(classes: Classes) -> str:
    """Write label descriptions whose indices are those of an index mask."""
    head = "# ITK-SnAP Label Description File\n# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL\n"
    rows = (f'{k:5d}  {r:4d} {g:4d} {b:4d}        1  1  1    "{name}"\n' for k, (name, (r, g, b)) in enumerate(classes))
    return head + "".join(rows)
