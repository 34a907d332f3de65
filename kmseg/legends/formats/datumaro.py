"""Datumaro's dataset_meta.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kmseg.legends.formats.fields import Classes, ParsedLegend, is_id, numbered, pair_names, parse_name, to_json


def read_dataset_meta(value: Mapping[Any, Any], what: str) -> ParsedLegend:
    """Read names by the ids of `label_map`, each the place of its color; else `labels` in their order."""
    colors, by_id = value["segmentation_colors"], value.get("label_map")
    if not isinstance(by_id, Mapping) or not by_id or not all(map(is_id, by_id)):
        return pair_names(value.get("labels"), colors, what)
    ids, names = [int(key) for key in by_id], [parse_name(name, what) for name in by_id.values()]
    places = isinstance(colors, Sequence) and max(ids) < len(colors)
    told = pair_names(names, [colors[number] for number in ids] if places else colors, what)
    return numbered(told.rows, ids, what)


def write_dataset_meta(classes: Classes) -> str:
    """Return the text of a dataset_meta.json."""
    names = [name for name, _ in classes]
    by_id = {str(k): name for k, name in enumerate(names)}
    return to_json({"labels": names, "label_map": by_id, "segmentation_colors": [list(color) for _, color in classes]})
