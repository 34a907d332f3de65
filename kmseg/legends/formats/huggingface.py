"""Hugging Face's id2label.json: ids and names, no colors."""

from __future__ import annotations

from collections.abc import Mapping

from kmseg.errors import UserError
from kmseg.legends.formats.fields import VALUE_FORMS, ParsedLegend, numbered, parse_name


def read_id2label(names: Mapping[int, str], what: str) -> ParsedLegend:
    """Read ids and names; the id is taken for the gray level of an index mask."""
    if max(names) > 255:
        raise UserError(f"{what} has names for ids up to {max(names)} but no colors; expected {VALUE_FORMS}")
    rows = [(parse_name(name, what), (number, number, number)) for number, name in names.items()]
    said = (
        f"{what} has ids and no colors, so {rows[0][0]} is the gray level {rows[0][1][0]} and so on, as an index mask "
        "shows them; for images in color give each class its color"
    )
    return ParsedLegend(rows, (said, *numbered(rows, list(names), what).doubts))
