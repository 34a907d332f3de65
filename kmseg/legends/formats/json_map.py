"""JSON of names and colors: `{"road": [128, 64, 128]}`, `{"road": "#804080"}`, colors to names, objects with both."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    channels_of,
    colored_objects,
    is_hex,
    is_id,
    parse_color,
    parse_name,
    parse_objects,
    refuse_other_order,
    reject_other_alpha,
)

FILE, EXAMPLE = "legend.json", '{"road": [128, 64, 128]}'

NAMES = ("name", "class_name", "label", "title", "category", "class", "label_name", "classname")
COLORS = ("color", "colour", "rgb", "hex", "class_color", "hex_color", "pixel_value")
IDS = ("id", "class_id", "label_id", "png_index", "index", "trainid")

OTHER_FORMATS = ("readable", "instances")
"""Keys of objects that a format of their own reads (Mapillary's)."""


def detect(value: Any) -> bool:
    """Tell whether a value maps names to colors or objects, or colors to names, or is or holds one list of classes."""
    if not isinstance(value, Mapping):
        return bool(colored_objects(value))
    if {"classes", "palette"} <= value.keys() or "segmentation_colors" in value or not value:
        return False
    return (
        all(_is_color(entry) for entry in value.values())
        or all(isinstance(entry, Mapping) and _has_color(entry) for entry in value.values())
        or _list_within(value) is not None
        or (len(value) == 1 and _is_map_of_colors(next(iter(value.values()))))
    )


def _is_map_of_colors(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(looks_like_color(entry) for entry in value.values())


def _is_color(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, str) and bool(value.strip()))


def _has_color(entry: Mapping[Any, Any]) -> bool:
    plain = _with_plain_keys(entry)
    return any(key in plain for key in COLORS) and not any(key in plain for key in OTHER_FORMATS)


def _list_within(value: Mapping[Any, Any]) -> list[Mapping[str, Any]] | None:
    """Return the one list of named and colored objects that an object holds, such as `{"classes": [...]}`."""
    lists = [colored_objects(entry) for entry in value.values()]
    found = [
        entries
        for entries in lists
        if entries and all(_has_color(entry) and _key(NAMES, _with_plain_keys(entry)) for entry in entries)
    ]
    return found[0] if len(found) == 1 else None


def read(value: Any, what: str) -> ParsedLegend:
    """Read names and colors."""
    if isinstance(value, Mapping):
        refuse_other_order(value, what)
        if len(value) == 1 and _is_map_of_colors(inner := next(iter(value.values()))):
            return _read_map(inner, what)
        entries = _list_within(value)
        if entries is None:
            return _read_map(value, what)
    else:
        entries = colored_objects(value)
    plain = [_with_plain_keys(entry) for entry in entries]
    name, color, number = (_key(keys, plain[0]) for keys in (NAMES, COLORS, IDS))
    if name is None or color is None:
        missing = "name" if name is None else "color"
        raise UserError(f"{what}, entry 1: no {missing!r}; expected a name and a color in each, as in {EXAMPLE}")
    return parse_objects(plain, what, name, color, number)


def _read_map(value: Mapping[Any, Any], what: str) -> ParsedLegend:
    """Read names to colors, names or ids to objects, or colors to names."""
    if all(isinstance(entry, Mapping) for entry in value.values()):
        entries = [(key, _with_plain_keys(entry)) for key, entry in value.items()]
        by_id = all(is_id(key) for key, _ in entries)
        key_of = "id" if by_id else "name"
        plain = [{**({key_of: key} if key_of not in entry else {}), **entry} for key, entry in entries]
        return read(plain, what)
    if all(isinstance(name, str) and _is_levels(key) for key, name in value.items()):
        return ParsedLegend([(parse_name(name, what), parse_color(key, what)) for key, name in value.items()])
    reject_other_alpha(list(value.values()), what)
    return ParsedLegend([(parse_name(n, what), parse_color(c, f"{what}, {n!r}"[:200])) for n, c in value.items()])


def _is_levels(key: Any) -> bool:
    """Tell whether a key is a color as three levels: `(128, 64, 128)` in Python, `128,64,128` in text."""
    if isinstance(key, str):
        return re.fullmatch(r"\s*[\[(]?\s*\d{1,3}(\s*[,; ]\s*\d{1,3}){2}\s*[\])]?\s*", key) is not None
    return isinstance(key, tuple) and len(key) == 3


def _with_plain_keys(entry: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an object with its keys in lower case, and its keys for red, green and blue as one color."""
    plain: dict[str, Any] = {}
    for key, value in entry.items():
        plain.setdefault(str(key).casefold(), value)
    if _key(COLORS, plain) is None and (levels := channels_of(entry)):
        plain["color"] = levels
    return plain


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
