"""Supervisely's meta.json: a list `classes` of objects with title and color."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.legends.formats.fields import Classes, ParsedLegend, colored_objects, parse_objects, to_json

FILE, EXAMPLE = "meta.json", '{"classes": [{"title": "road", "color": "#804080"}]}'


def detect(value: Any) -> bool:
    """Tell whether a value has such a list."""
    entries = colored_objects(value.get("classes")) if isinstance(value, Mapping) else []
    return bool(entries) and {"title", "color"} <= entries[0].keys()


def read(value: Any, what: str) -> ParsedLegend:
    """Read the list."""
    return parse_objects(colored_objects(value["classes"]), what, "title", "color")


def write(classes: Classes) -> str:
    """Write the list."""
    entries = [
        {"title": name, "shape": "bitmap", "color": "#{:02X}{:02X}{:02X}".format(*color), "geometry_config": {}}
        for name, color in classes
    ]
    return to_json({"classes": entries, "tags": [], "projectType": "images"})
