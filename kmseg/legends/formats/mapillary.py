"""Mapillary Vistas' config.json: a list `labels` of objects with name and color."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.legends.formats.fields import Classes, ParsedLegend, colored_objects, parse_objects, to_json

FILE, EXAMPLE = "config.json", '{"labels": [{"name": "road", "readable": "Road", "color": [128, 64, 128]}]}'


def detect(value: Any) -> bool:
    """Tell whether a value has such a list."""
    entries = colored_objects(value.get("labels")) if isinstance(value, Mapping) else []
    return bool(entries) and "color" in entries[0]


def read(value: Any, what: str) -> ParsedLegend:
    """Read the list; classes have their readable names where all have one."""
    entries = colored_objects(value["labels"])
    readable = [entry.get("readable") for entry in entries]
    named = all(isinstance(name, str) for name in readable) and len(set(readable)) == len(readable)
    return parse_objects(entries, what, "readable" if named else "name", "color", "id")


def write(classes: Classes) -> str:
    """Write the list, in the order of the class indices."""
    labels = [
        {"color": list(color), "evaluate": True, "instances": False, "name": name, "readable": name}
        for name, color in classes
    ]
    return to_json({"labels": labels, "version": "2.0"})
