"""Legends that are one value, as JSON has them: lists and maps of names, ids and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.values import Told, color_of, hex_color, is_hex, name_of, numbered

VALUE_FORMS = (
    "JSON of names to [r,g,b] or hex, of hex to names, Datumaro's dataset_meta.json, Hugging Face's id2label.json, or "
    "mmsegmentation's classes and palette"
)


def told_by_value(value: Any, what: str) -> Told:
    """Read whichever of the forms a value is of; tuples count as lists."""
    if isinstance(value, Mapping):
        return _told_by_map(value, what)
    if isinstance(value, Sequence) and all(isinstance(entry, Mapping) and "name" in entry for entry in value):
        names = [name_of(entry["name"], what) for entry in value]
        colors = [color_of(entry.get("color"), f"{what}, {name!r}") for entry, name in zip(value, names, strict=True)]
        ids = [entry.get("id") for entry in value]
        rows = list(zip(names, colors, strict=True))
        return numbered(rows, ids, what) if rows and all(type(number) is int for number in ids) else Told(rows)
    raise UserError(f"{what} holds a value of another form; expected {VALUE_FORMS}")


def _told_by_map(value: Mapping[Any, Any], what: str) -> Told:
    if {"classes", "palette"} <= value.keys():
        return _paired(value["classes"], value["palette"], what)
    if "segmentation_colors" in value:
        return _datumaro(value, what)
    if isinstance(value.get("id2label"), Mapping):  # a model's config.json
        return _told_by_map(value["id2label"], what)
    if value and all(_means_color(*entry) for entry in value.items()):
        return Told([(name_of(name, what), hex_color(color, what)) for color, name in value.items()])
    if value and all(_is_id(key) and isinstance(name, str) and not is_hex(name) for key, name in value.items()):
        return _id2label({int(key): name for key, name in value.items()}, what)
    return Told([(name_of(name, what), color_of(color, f"{what}, {name!r}")) for name, color in value.items()])


def _paired(names: Any, colors: Any, what: str) -> Told:
    lists = all(isinstance(values, Sequence) and not isinstance(values, str) for values in (names, colors))
    if not lists or len(names) != len(colors):
        raise UserError(f"{what} has not as many names as colors; expected one color for each name")
    both = zip(names, colors, strict=True)
    return Told([(name_of(name, what), color_of(color, f"{what}, {name!r}")) for name, color in both])


def _datumaro(value: Mapping[Any, Any], what: str) -> Told:
    """Read names by the ids of `label_map`, each the place of its colour; else `labels` in their order."""
    colors, by_id = value["segmentation_colors"], value.get("label_map")
    if not isinstance(by_id, Mapping) or not by_id or not all(map(_is_id, by_id)):
        return _paired(value.get("labels"), colors, what)
    ids, names = [int(key) for key in by_id], [name_of(name, what) for name in by_id.values()]
    places = isinstance(colors, Sequence) and max(ids) < len(colors)
    told = _paired(names, [colors[number] for number in ids] if places else colors, what)
    return numbered(told.rows, ids, what)


def _id2label(names: Mapping[int, str], what: str) -> Told:
    if max(names) > 255:
        raise UserError(f"{what} has names for ids up to {max(names)} but no colors; expected {VALUE_FORMS}")
    rows = [(name_of(name, what), (number, number, number)) for number, name in names.items()]
    said = (
        f"{what} has ids and no colors, so {rows[0][0]} is the grey level {rows[0][1][0]} and so on, as an index mask "
        "shows them; for images in color give each class its color"
    )
    return Told(rows, (said, *numbered(rows, list(names), what).doubts))


def _means_color(key: Any, value: Any) -> bool:
    """Tell whether an entry is a colour with its name; a class may be named `facade`, which is hex without its `#`."""
    hex_key = isinstance(key, str) and is_hex(key)
    return hex_key and (key.strip().startswith("#") or not (isinstance(value, list | tuple) or is_hex(str(value))))


def _is_id(key: Any) -> bool:
    return str(key).isascii() and str(key).isdigit() and len(str(key)) < 10
