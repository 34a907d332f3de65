"""Label Studio's labeling config in XML: a name and a background for each label."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    load_xml,
    parse_color,
    parse_name,
    reject_other_alpha,
    shown,
)

FILE, EXAMPLE = "label_studio.xml", '<Label value="road" background="#804080"/> for each class'


def detect(text: str) -> bool:
    """Tell whether a text is XML with labels."""
    return text.lstrip().startswith("<") and re.search(r"<Label\s", text) is not None


def read(text: str, what: str) -> ParsedLegend:
    """Read the labels; each must have a background."""
    labels = list(load_xml(text, what, EXAMPLE).iter("Label"))
    rows = []
    for label in labels:
        name = label.get("value", "")
        if label.get("background") is None:
            raise UserError(f"{what}: the label {shown(name)} has no background; expected {EXAMPLE}")
        rows.append((parse_name(name, what), parse_color(label.get("background"), f"{what}, {shown(name)}")))
    reject_other_alpha([label.get("background") for label in labels], what)
    return ParsedLegend(rows)


def write(classes: Classes) -> str:
    """Write a config for masks drawn with a brush."""
    labels = "".join(
        f'    <Label value={quoteattr(name)} background="#{r:02x}{g:02x}{b:02x}"/>\n' for name, (r, g, b) in classes
    )
    return (
        '<View>\n  <Image name="image" value="$image"/>\n  <BrushLabels name="label" toName="image">\n'
        f"{labels}  </BrushLabels>\n</View>\n"
    )
