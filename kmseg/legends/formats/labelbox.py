"""Labelbox' ontology: a list `tools` (or `classifications` beside it) of objects with name and color."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.legends.formats.fields import Classes, ParsedLegend, colored_objects, parse_objects, to_json

FILE, EXAMPLE = "ontology.json", '{"tools": [{"name": "road", "color": "#804080"}]}'


def detect(value: Any) -> bool:
    """Tell whether a value has such a list."""
    entries = colored_objects(value.get("tools")) if isinstance(value, Mapping) else []
    return bool(entries) and "color" in entries[0]


def read(value: Any, what: str) -> ParsedLegend:
    """Read the list."""
    return parse_objects(colored_objects(value["tools"]), what, "name", "color")


def write(classes: Classes) -> str:
    """Write the list, with the tool for masks."""
    tools = [
        {
            "required": False,
            "name": name,
            "tool": "raster-segmentation",
            "color": "#{:02x}{:02x}{:02x}".format(*color),
            "classifications": [],
        }
        for name, color in classes
    ]
    return to_json({"tools": tools, "classifications": []})
