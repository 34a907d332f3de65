"""The labels of a task or project in the XML that CVAT exports: name and color of each."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, load_xml, parse_color, parse_name, shown

FILE, EXAMPLE = "cvat_labels.xml", "<label><name>road</name><color>#804080</color></label> for each class"


def detect(text: str) -> bool:
    """Tell whether a text is XML with such labels."""
    return text.lstrip().startswith("<") and re.search(r"<label>\s*<name>", text) is not None


def read(text: str, what: str) -> ParsedLegend:
    """Read the labels; parts of a skeleton, which have a parent, are none."""
    labels = [label for label in load_xml(text, what, EXAMPLE).iter("label") if label.find("name") is not None]
    rows = []
    for label in labels:
        if (label.findtext("parent") or "").strip():
            continue
        name = parse_name(label.findtext("name"), what)
        color = label.findtext("color")
        if color is None:
            raise UserError(f"{what}: the label {shown(name)} has no color; expected {EXAMPLE}")
        rows.append((name, parse_color(color, f"{what}, {shown(name)}")))
    return ParsedLegend(rows)


def write(classes: Classes) -> str:
    """Write the labels of a task."""
    labels = "".join(
        f"    <label><name>{escape(name)}</name><color>#{r:02x}{g:02x}{b:02x}</color><type>mask</type></label>\n"
        for name, (r, g, b) in classes
    )
    return f"<annotations>\n  <meta><task><labels>\n{labels}  </labels></task></meta>\n</annotations>\n"
