"""FiftyOne's mask targets: names by colors in hex, `{"#804080": "road"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    is_hex,
    parse_hex,
    parse_name,
    reject_other_alpha,
    to_json,
)

FILE, EXAMPLE = "mask_targets.json", '{"#804080": "road"}'


def detect(value: Any) -> bool:
    """Tell whether a value maps hex to names."""
    return isinstance(value, Mapping) and bool(value) and all(_is_color_key(*entry) for entry in value.items())


def _is_color_key(key: Any, value: Any) -> bool:
    """Tell whether an entry is a color with its name; a class may be named `facade`, which is hex without its `#`."""
    hex_key = isinstance(key, str) and is_hex(key)
    return hex_key and isinstance(value, str) and (key.strip().startswith("#") or not is_hex(value))


def read(value: Any, what: str) -> ParsedLegend:
    """Read names by colors."""
    reject_other_alpha(list(value), what)
    return ParsedLegend([(parse_name(name, what), parse_hex(color, what)) for color, name in value.items()])


def write(classes: Classes) -> str:
    """Write names by colors."""
    return to_json({"#{:02x}{:02x}{:02x}".format(*color): name for name, color in classes})
