"""Cityscapes' labels.py: `Label("road", 7, 0, "flat", 1, False, False, (128, 64, 128))` for each class, never run."""

from __future__ import annotations

import ast
import re

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, parse_color, parse_name
from kmseg.legends.formats.mmsegmentation import parse_python

FILE, EXAMPLE = "labels.py", 'Label("road", 7, 0, "flat", 1, False, False, (128, 64, 128)) for each class'


def detect(text: str) -> bool:
    """Tell whether a text has such calls."""
    return re.search(r"\bLabel\(\s*[\"']", text) is not None


def read(text: str, what: str) -> ParsedLegend:
    """Read name and color of each call, in their order; both must be written out."""
    rows = []
    for node in ast.walk(parse_python(text, what)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Label"):
            continue
        try:
            values = [ast.literal_eval(argument) for argument in node.args]
        except ValueError:
            raise UserError(f"{what}, line {node.lineno}: a label that is computed; expected {EXAMPLE}") from None
        if len(values) != 8 or node.keywords:
            raise UserError(f"{what}, line {node.lineno}: a label of {len(values)} values; expected {EXAMPLE}")
        where = f"{what}, line {node.lineno}"
        rows.append((parse_name(values[0], where), parse_color(values[7], where)))
    return ParsedLegend(rows)


def write(classes: Classes) -> str:
    """Write the list; a class's id is its row."""
    rows = "".join(
        f"    Label({name!r}, {k}, {k}, {name!r}, {k}, False, False, {tuple(color)}),\n"
        for k, (name, color) in enumerate(classes)
    )
    return f"labels = [\n    # name, id, trainId, category, categoryId, hasInstances, ignoreInEval, color\n{rows}]\n"
