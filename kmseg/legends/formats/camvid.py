"""CamVid's label_colors.txt: `r g b name`, one class a line."""

from __future__ import annotations

import re

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, parse_name, parse_rgb, question_fractions
from kmseg.palette import RGB


def read_camvid_row(line: str, where: str) -> tuple[str, RGB]:
    """Read one line `r g b name`."""
    words = re.split(r"[\s,]+", line, maxsplit=3)
    if len(words) < 4:
        raise UserError(f"{where}: {line!r}; expected red, green, blue and a name, as in 128 64 128 road")
    question_fractions(words[:3], where)
    return parse_name(words[3], where), parse_rgb(words[:3], where)


def write_label_colors(classes: Classes) -> str:
    """Return the text of a label_colors.txt."""
    return "".join(f"{red} {green} {blue}\t{name}\n" for name, (red, green, blue) in classes)
