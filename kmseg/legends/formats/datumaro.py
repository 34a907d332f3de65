"""Datumaro's dataset_meta.json: labels, their ids, and the colors of the ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, is_id, order_by_id, parse_name, to_json
from kmseg.legends.formats.mmsegmentation import parse_pairs

FILE, EXAMPLE = "dataset_meta.json", '{"label_map": {"0": "road"}, "segmentation_colors": [[128, 64, 128]]}'


def detect(value: Any) -> bool:
    """Tell whether a value has segmentation colors."""
    return isinstance(value, Mapping) and "segmentation_colors" in value


def read(value: Any, what: str) -> ParsedLegend:
    """Read names by the ids of `label_map`, each the place of its color; else `labels` in their order."""
    colors, by_id = value["segmentation_colors"], value.get("label_map")
    if not isinstance(by_id, Mapping) or not by_id or not all(map(is_id, by_id)):
        return parse_pairs(value.get("labels"), colors, what)
    ids, names = [int(key) for key in by_id], [parse_name(name, what) for name in by_id.values()]
    if not isinstance(colors, Sequence) or (len(colors) != len(ids) and max(ids) >= len(colors)):
        raise UserError(f"{what} has not a color for each id of label_map; expected {EXAMPLE}")
    labels = value.get("labels")
    if isinstance(labels, list) and len(labels) == len(ids) and sorted(map(str, labels)) != sorted(names):
        raise UserError(f"{what} names other classes in labels than in label_map; expected the same")
    places = max(ids) < len(colors)
    parsed = parse_pairs(names, [colors[number] for number in ids] if places else colors, what)
    return order_by_id(parsed.rows, ids, what)


def write(classes: Classes) -> str:
    """Write labels, ids and colors."""
    names = [name for name, _ in classes]
    by_id = {str(k): name for k, name in enumerate(names)}
    return to_json({"labels": names, "label_map": by_id, "segmentation_colors": [list(color) for _, color in classes]})
