"""CVAT's and PASCAL VOC's labelmap.txt: `name:r,g,b:parts:actions`, one class a line."""

from __future__ import annotations

from kmseg.legends.formats.fields import Classes, parse_name, parse_rgb, question_fractions
from kmseg.palette import RGB


def read_labelmap_row(line: str, where: str) -> tuple[str, RGB]:
    """Read one line `name:r,g,b:parts:actions`."""
    name, color = [*line.split(":"), ""][:2]
    question_fractions(color.split(","), where)
    return parse_name(name, where), parse_rgb(color.split(","), where)


def write_labelmap(classes: Classes) -> str:
    """Return the text of a labelmap.txt."""
    rows = (f"{name}:{red},{green},{blue}::\n" for name, (red, green, blue) in classes)
    return "# label:color_rgb:parts:actions\n" + "".join(rows)
