"""COCO's categories: a list `categories` of objects with name, id and color, as panoptic data sets have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.legends.formats.fields import Classes, ParsedLegend, colored_objects, parse_objects, to_json

FILE, EXAMPLE = "panoptic_categories.json", '{"categories": [{"id": 0, "name": "road", "color": [128, 64, 128]}]}'


def detect(value: Any) -> bool:
    """Tell whether a value has such a list."""
    entries = colored_objects(value.get("categories")) if isinstance(value, Mapping) else []
    return bool(entries) and {"name", "color"} <= entries[0].keys()


def read(value: Any, what: str) -> ParsedLegend:
    """Read the list by its ids."""
    return parse_objects(colored_objects(value["categories"]), what, "name", "color", "id")


def write(classes: Classes) -> str:
    """Write the list."""
    entries = [
        {"id": k, "name": name, "supercategory": "", "isthing": 0, "color": list(color)}
        for k, (name, color) in enumerate(classes)
    ]
    return to_json({"categories": entries})
