"""Legends that are one value, as JSON has them: lists and maps of names, ids and colors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.datumaro import read_dataset_meta
from kmseg.legends.formats.fields import (
    VALUE_FORMS,
    Classes,
    ParsedLegend,
    hex_color,
    is_hex,
    is_id,
    numbered,
    pair_names,
    parse_color,
    parse_name,
)
from kmseg.legends.formats.huggingface import read_id2label


def parse_value(value: Any, what: str) -> ParsedLegend:
    """Read whichever of the forms a value is of; tuples count as lists."""
    if isinstance(value, Mapping):
        return _parse_map(value, what)
    if isinstance(value, Sequence) and all(isinstance(entry, Mapping) and "name" in entry for entry in value):
        names = [parse_name(entry["name"], what) for entry in value]
        colors = [
            parse_color(entry.get("color"), f"{what}, {name!r}") for entry, name in zip(value, names, strict=True)
        ]
        ids = [entry.get("id") for entry in value]
        rows = list(zip(names, colors, strict=True))
        return numbered(rows, ids, what) if rows and all(type(number) is int for number in ids) else ParsedLegend(rows)
    raise UserError(f"{what} holds a value of another form; expected {VALUE_FORMS}")


def _parse_map(value: Mapping[Any, Any], what: str) -> ParsedLegend:
    if {"classes", "palette"} <= value.keys():
        return pair_names(value["classes"], value["palette"], what)
    if "segmentation_colors" in value:
        return read_dataset_meta(value, what)
    if isinstance(value.get("id2label"), Mapping):  # a model's config.json
        return _parse_map(value["id2label"], what)
    if value and all(_means_color(*entry) for entry in value.items()):
        return ParsedLegend([(parse_name(name, what), hex_color(color, what)) for color, name in value.items()])
    if value and all(is_id(key) and isinstance(name, str) and not is_hex(name) for key, name in value.items()):
        return read_id2label({int(key): name for key, name in value.items()}, what)
    return ParsedLegend(
        [(parse_name(name, what), parse_color(color, f"{what}, {name!r}")) for name, color in value.items()]
    )


def _means_color(key: Any, value: Any) -> bool:
    """Tell whether an entry is a color with its name; a class may be named `facade`, which is hex without its `#`."""
    hex_key = isinstance(key, str) and is_hex(key)
    return hex_key and (key.strip().startswith("#") or not (isinstance(value, list | tuple) or is_hex(str(value))))


def write_names_to_colors(classes: Classes) -> str:
    """Return the text of a JSON object of names to [r, g, b]."""
    rows = [f"  {json.dumps(name, ensure_ascii=False)}: {list(color)}" for name, color in classes]
    return "{\n" + ",\n".join(rows) + "\n}\n"
