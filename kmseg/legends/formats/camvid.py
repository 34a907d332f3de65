"""CamVid's label_colors.txt: red, green, blue and name in each line, `128 64 128 road`."""

from __future__ import annotations

import re

from kmseg.legends.formats.fields import Classes, ParsedLegend
from kmseg.legends.formats.plain_table import check_channel_order, data_lines, read_rows, split_rows

FILE, EXAMPLE = "label_colors.txt", "red, green, blue and name in each line, as in 128 64 128 road"


def detect(text: str) -> bool:
    """Tell whether the first line has three numbers and then a word."""
    lines = data_lines(text)[:1]
    return bool(lines) and re.match(r"[\d.]+(?:[\s,]+[\d.]+){2}\s+[^\s\d,]", lines[0][1]) is not None


def read(text: str, what: str) -> ParsedLegend:
    """Read the lines, all of which must be of this shape."""
    check_channel_order(text, what)
    return read_rows(split_rows(text, what), what)


def write(classes: Classes) -> str:
    """Write the lines; CamVid's readers split at blanks, so names have none."""
    return "".join(f"{red} {green} {blue}\t{name}\n" for name, (red, green, blue) in classes)
