"""YAML of labels and color_map by ids, as SemanticKITTI and RELLIS-3D have, and maps of names to colors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    Classes,
    DuplicateKey,
    ParsedLegend,
    is_id,
    order_by_id,
    parse_color,
    parse_name,
)
from kmseg.legends.formats.json_map import looks_like_color

FILE, EXAMPLE = "color_map.yaml", "labels: {0: road} and color_map: {0: [128, 64, 128]} with a comment # rgb or # bgr"


def detect(text: str) -> bool:
    """Tell whether a text may be YAML of ids or names with colors."""
    if text.lstrip()[:1] in ("{", "[", "<") or len(text) > MAX_YAML:
        return False
    return _DETECT.search(text) is not None


_DETECT = re.compile(
    r"^color_map\s*:"  # ids with colors
    r"|^\s*-?\s*[^\s:#][^:\n]*:\s*(?:\[|\n\s*-)"  # road: [128, 64, 128], or the levels one a line
    r"|^\s*-?\s*[^\s:#][^:\n]*:\s*[\"']?#[0-9a-fA-F]{3}"  # road: "#804080"
    r"|^\s*-\s+[\"']?\w+[\"']?:\s|^\s*-\s+\{",  # a list of objects
    re.M,
)

MAX_YAML = 200_000
"""Letters of YAML that are parsed: the parser takes a second for each hundred thousand."""


def read(text: str, what: str) -> ParsedLegend:
    """Read ids with names and colors, or names with colors; SemanticKITTI's colors are blue, green, red."""
    value = _load(text, what)
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        if len(value) == 2 and set(value[0]) == set(value[1]):  # RELLIS-3D: names by ids, then colors by ids
            return _by_ids(value[0], value[1], False, what)
        value = {key: entry for part in value for key, entry in part.items()}
    if not isinstance(value, Mapping):
        raise UserError(f"{what} is YAML of another form; expected {EXAMPLE}")
    if "color_map" in value:
        names, colors = value.get("labels"), value["color_map"]
        if not isinstance(names, Mapping) or not isinstance(colors, Mapping):
            raise UserError(f"{what} has color_map without labels; expected {EXAMPLE}")
        return _by_ids(names, colors, _is_bgr(text, what), what)
    if value and all(looks_like_color(color) for color in value.values()) and not all(map(is_id, value)):
        return ParsedLegend([(parse_name(n, what), parse_color(c, f"{what}, {n!r}"[:200])) for n, c in value.items()])
    raise UserError(f"{what} is YAML of another form; expected {EXAMPLE}")


def _by_ids(names: Mapping[Any, Any], colors: Mapping[Any, Any], bgr: bool, what: str) -> ParsedLegend:
    if not all(map(is_id, names)) or not set(names) <= set(colors):
        raise UserError(f"{what} has not a color for each id; expected {EXAMPLE}")
    parsed = [
        (parse_name(name, what), parse_color(colors[key], f"{what}, {name!r}"[:200])) for key, name in names.items()
    ]
    rows = [(name, color[::-1] if bgr else color) for name, color in parsed]
    return order_by_id(rows, [int(key) for key in names], what)


def _is_bgr(text: str, what: str) -> bool:
    """Tell the order of the channels, which the comment beside color_map says."""
    said = re.search(r"color_map\s*:.*#.*?\b(rgb|bgr)\b", text, re.IGNORECASE) or re.search(
        r"#.*?\b(rgb|bgr)\b.*\n\s*color_map\s*:", text, re.IGNORECASE
    )
    if said is None:
        raise UserError(
            f"{what} does not say whether color_map is red, green, blue or (as SemanticKITTI's) blue, green, red; "
            "write # rgb or # bgr behind color_map:"
        )
    return said[1].casefold() == "bgr"


def load(text: str) -> Any:
    """Return the value of YAML; None where it is none that can be read."""
    try:
        return _load(text, "")
    except UserError:
        return None


def _load(text: str, what: str) -> Any:
    import yaml

    if re.search(r"(^|\s)[&*]\w", text):
        raise UserError(f"{what} has YAML anchors; expected plain YAML, {EXAMPLE}")
    try:
        _refuse_duplicates(yaml.compose(text, yaml.SafeLoader))
        return yaml.safe_load(text)
    except DuplicateKey as error:
        raise UserError(f"{what} has the key {error} twice in one map; expected it once") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 1}" if line is not None else ""
        raise UserError(f"{what}{where} is no YAML that can be read; expected {EXAMPLE}") from None


def _refuse_duplicates(node: Any) -> None:
    """Fail where a key stands twice in one map: the parser would take the last."""
    if getattr(node, "id", "") == "mapping":
        keys = [(key.tag, key.value) for key, _ in node.value if isinstance(key.value, str)]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise DuplicateKey(twice[1])
        for _, value in node.value:
            _refuse_duplicates(value)
    elif node is not None and isinstance(node.value, list):
        for value in node.value:
            _refuse_duplicates(value)


def write(classes: Classes) -> str:
    """Write labels and color_map by ids."""
    names = "".join(f"  {k}: {json.dumps(name, ensure_ascii=False)}\n" for k, (name, _) in enumerate(classes))
    colors = "".join(f"  {k}: {list(color)}\n" for k, (_, color) in enumerate(classes))
    return f"labels:\n{names}color_map: # rgb\n{colors}"
