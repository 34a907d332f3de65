"""PixelAnnotationTool's config: a map `labels` of objects with name, color and id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, parse_objects, shown, to_json

FILE, EXAMPLE = "pixel_annotation_tool.json", '{"labels": {"road": {"name": "road", "id": 0, "color": [128, 64, 128]}}}'


def detect(value: Any) -> bool:
    """Tell whether a value has such a map."""
    labels = value.get("labels") if isinstance(value, Mapping) else None
    return (
        isinstance(labels, Mapping)
        and bool(labels)
        and all(isinstance(entry, Mapping) and "color" in entry for entry in labels.values())
    )


def read(value: Any, what: str) -> ParsedLegend:
    """Read the map by its ids."""
    entries = [{"name": key, **entry} for key, entry in value["labels"].items()]
    for key, entry in value["labels"].items():
        if entry.get("name", key) != key:
            raise UserError(f"{what}: {shown(key)} is named {shown(entry['name'])}; expected one name for a class")
    return parse_objects(entries, what, "name", "color", "id")


def write(classes: Classes) -> str:
    """Write the map."""
    labels = {
        name: {"categorie": "kmseg", "color": list(color), "id": k, "id_categorie": 0, "name": name}
        for k, (name, color) in enumerate(classes)
    }
    return to_json({"labels": labels, "labels_order": list(labels), "version": "1.5.0"})
