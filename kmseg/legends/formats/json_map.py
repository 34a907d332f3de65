"""JSON of names and colors: `{"road": [128, 64, 128]}`, `{"road": "#804080"}`, or a list of objects with both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    colored_objects,
    is_hex,
    parse_color,
    parse_name,
    parse_objects,
    reject_other_alpha,
)

FILE, EXAMPLE = "legend.json", '{"road": [128, 64, 128]}'

NAMES = ("name", "class_name", "label", "title", "category", "class")
COLORS = ("color", "colour", "rgb", "hex", "class_color", "hex_color")
IDS = ("id", "class_id", "label_id", "png_index", "index", "trainId")


def detect(value: Any) -> bool:
    """Tell whether a value is a list of objects with a color, or maps names to colors."""
    if isinstance(value, Mapping):
        paired = {"classes", "palette"} <= value.keys() or "segmentation_colors" in value
        return bool(value) and not paired and all(_is_color(entry) for entry in value.values())
    return bool(colored_objects(value))


def _is_color(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, str) and bool(value.strip()))


def read(value: Any, what: str) -> ParsedLegend:
    """Read names and colors."""
    if isinstance(value, Mapping):
        reject_other_alpha(list(value.values()), what)
        return ParsedLegend([(parse_name(n, what), parse_color(c, f"{what}, {n!r}"[:200])) for n, c in value.items()])
    entries = colored_objects(value)
    name, color, number = (_key(keys, entries[0]) for keys in (NAMES, COLORS, IDS))
    if name is None or color is None:
        missing = "name" if name is None else "color"
        raise UserError(f"{what}, entry 1: no {missing!r}; expected a name and a color in each, as in {EXAMPLE}")
    return parse_objects(entries, what, name, color, number)


def _key(keys: tuple[str, ...], entry: Mapping[str, Any]) -> str | None:
    return next((key for key in keys if key in entry), None)


def looks_like_color(value: Any) -> bool:
    """Tell whether a value is a color without doubt: three levels, or hex."""
    if isinstance(value, str):
        return is_hex(value)
    return isinstance(value, list | tuple) and len(value) in (3, 4) and all(type(level) is int for level in value)


def write(classes: Classes) -> str:
    """Write names to colors."""
    rows = [f"  {json.dumps(name, ensure_ascii=False)}: {list(color)}" for name, color in classes]
    return "{\n" + ",\n".join(rows) + "\n}\n"
