"""Roboflow's _classes.csv: the value of each class in masks of class numbers, without colors."""

from __future__ import annotations

import re

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, order_by_id, parse_id, shown
from kmseg.legends.formats.gray import as_gray
from kmseg.legends.formats.plain_table import data_lines, parse_field

FILE, EXAMPLE = "_classes.csv", "the header Pixel Value, Class and a value and a name in each row"

_HEAD = re.compile(r"pixel value\s*,\s*class", re.IGNORECASE)


def detect(text: str) -> bool:
    """Tell whether the header is Roboflow's."""
    lines = data_lines(text)[:1]
    return bool(lines) and _HEAD.fullmatch(lines[0][1]) is not None


def read(text: str, what: str) -> ParsedLegend:
    """Read values and names; a class has the gray level of its value."""
    found: dict[int, str] = {}
    for number, line in data_lines(text)[1:]:
        where = f"{what}, line {number}"
        value, comma, name = line.partition(",")
        if not comma or "," in name.strip(" ,"):
            raise UserError(f"{where}: {shown(line)}; expected {EXAMPLE}")
        key = parse_id(value, where)
        if found.setdefault(key, parse_field(name, where)) != parse_field(name, where):
            raise UserError(f"{where}: the value {key} has two names; expected one")
    rows = as_gray(found, what)
    parsed = order_by_id(rows, list(found), what)
    return ParsedLegend(parsed.rows, parsed.warnings)


def write(classes: Classes) -> str:
    """Write the values of an index mask with their names."""
    return "Pixel Value, Class\n" + "".join(f"{k}, {name}\n" for k, (name, _) in enumerate(classes))
