"""Hugging Face's id2label: names by ids, without colors; alone, or in a model's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.legends.formats.fields import Classes, ParsedLegend, is_hex, is_id, order_by_id, parse_name, to_json
from kmseg.legends.formats.gray import as_gray

FILE, EXAMPLE = "id2label.json", '{"0": "road", "1": "car"}'


def detect(value: Any) -> bool:
    """Tell whether a value maps ids to names."""
    names = value.get("id2label", value) if isinstance(value, Mapping) else None
    return (
        isinstance(names, Mapping)
        and bool(names)
        and all(is_id(key) and isinstance(name, str) and not is_hex(name) for key, name in names.items())
    )


def read(value: Any, what: str) -> ParsedLegend:
    """Read names by ids; a class has the gray level of its id, and a warning says so."""
    found = {int(key): parse_name(name, what) for key, name in value.get("id2label", value).items()}
    rows = as_gray(found, what)
    note = (
        f"{what} has ids and no colors, so {rows[0][0]} is the gray level {rows[0][1][0]} and so on, as an index mask "
        "shows them; for images in color give each class its color"
    )
    parsed = order_by_id(rows, list(found), what)
    return ParsedLegend(parsed.rows, (note, *parsed.warnings))


def write(classes: Classes) -> str:
    """Write names by ids."""
    return to_json({str(k): name for k, (name, _) in enumerate(classes)})
