"""CVAT's and VOC's labelmap.txt (`road:128,64,128::`), and lines of a name and a color (`road: 128, 64, 128`)."""

from __future__ import annotations

import re

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    is_hex,
    parse_hex,
    parse_levels,
    reject_fractions,
    shown,
)
from kmseg.legends.formats.plain_table import check_channel_order, data_lines, parse_field
from kmseg.palette import RGB

FILE, EXAMPLE = "labelmap.txt", "name:red,green,blue:parts:actions in each line, as in road:128,64,128::"


def detect(text: str) -> bool:
    """Tell whether the first line is a name, a colon and a color."""
    lines = data_lines(text)[:1]
    return (
        bool(lines)
        and lines[0][1][0] not in "{[<"
        and re.match(r"[^:]+:\s*(?:\(?\[?[\d.]+|#)", lines[0][1]) is not None
    )


def read(text: str, what: str) -> ParsedLegend:
    """Read the lines."""
    check_channel_order(text, what)
    return ParsedLegend([_row(line, f"{what}, line {number}") for number, line in data_lines(text)])


def _row(line: str, where: str) -> tuple[str, RGB]:
    fields = line.split(":")
    if len(fields) not in (2, 4):
        raise UserError(f"{where}: {shown(line)}; expected {EXAMPLE}")
    name, color = fields[0], fields[1].strip()
    if is_hex(color) and color.startswith("#"):
        return parse_field(name, where), parse_hex(color, where)
    levels = re.split(r"\s*,\s*|\s+", color.strip("[]() "))
    reject_fractions(levels, where)
    return parse_field(name, where), parse_levels(levels, where)


def write(classes: Classes) -> str:
    """Write a labelmap.txt, with the head that CVAT writes."""
    rows = (f"{name}:{red},{green},{blue}::\n" for name, (red, green, blue) in classes)
    return "# label:color_rgb:parts:actions\n" + "".join(rows)
