"""mmsegmentation's classes and palette, as JSON or in Python: `METAINFO = dict(classes=..., palette=...)`.

Python is read as text and never run.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats.fields import Classes, ParsedLegend, parse_color, parse_name, refuse_other_order, shown

FILE, EXAMPLE = "metainfo.py", "METAINFO = dict(classes=(...), palette=[[128, 64, 128], ...])"

MAX_CODE = 500_000
"""Letters of Python that are parsed: its tree takes some two hundred bytes of memory for each."""


LISTS = (("classes", "names", "labels", "class_names"), ("palette", "colors", "colormap", "class_colors"))
"""Keys of the list of names and of the list of colors."""


def detect_value(value: Any) -> bool:
    """Tell whether a value has classes and their palette."""
    return _lists_of(value) is not None


def _lists_of(value: Any) -> tuple[Any, Any] | None:
    """Return the lists of names and of colors, where there is one of each."""
    if not isinstance(value, Mapping):
        return None
    names, colors = ([entry for key, entry in value.items() if str(key).casefold() in keys] for keys in LISTS)
    if len(names) != 1 or len(colors) != 1 or not isinstance(names[0], list | tuple):
        return None
    return (names[0], colors[0]) if all(isinstance(name, str) for name in names[0]) else None


def read_value(value: Any, what: str) -> ParsedLegend:
    """Read classes and their palette."""
    refuse_other_order(value, what)
    names, colors = _lists_of(value) or (None, None)
    return parse_pairs(names, colors, what)


def parse_pairs(names: Any, colors: Any, what: str) -> ParsedLegend:
    """Read a list of names and a list of colors of equal length."""
    lists = all(isinstance(values, Sequence) and not isinstance(values, str) for values in (names, colors))
    if not lists or len(names) != len(colors):
        raise UserError(f"{what} has not as many names as colors; expected one color for each name")
    both = zip(names, colors, strict=True)
    return ParsedLegend(
        [(parse_name(name, what), parse_color(color, f"{what}, {shown(name)}")) for name, color in both]
    )


def detect(text: str) -> bool:
    """Tell whether a text seems to be Python that gives `classes` and `palette`."""
    return text.lstrip()[:1] not in ("{", "[", "<") and all(
        re.search(rf"\b{word}[\"']?\s*[=:]", text, re.IGNORECASE) for word in ("classes", "palette")
    )


def read(text: str, what: str) -> ParsedLegend:
    """Read the one legend that the code has, as values written out; nothing is run."""
    tree = parse_python(text, what)
    assigned = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = list(_legends(tree))
    if len(found) != 1:
        raise UserError(f"{what} is Python with {len(found)} pairs of classes and palette; expected one pair")
    return read_value({key: _value(node, assigned, f"{what}: {key}") for key, node in found[0].items()}, what)


def parse_python(text: str, what: str) -> ast.Module:
    """Return the tree of a text that is Python."""
    if len(text) > MAX_CODE:
        raise UserError(f"{what} is Python of {len(text):,} letters; expected {MAX_CODE:,} at most")
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python thinks of the code's style is no matter here
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = (str(error) or "it is nested too deeply")[:80]
        raise UserError(f"{what} looks like Python but cannot be read as such: {reason}") from None


def _legends(tree: ast.Module) -> Iterator[Mapping[str, ast.expr]]:
    """Yield each pair of `classes` and `palette`: in a dict(...), a {...}, or assigned in one block."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            pairs: dict[Any, ast.expr] = {word.arg: word.value for word in node.keywords}
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            named = [key for key in keys if key in ("classes", "palette")]
            if len(named) > 2:
                continue  # one stands twice
            pairs = dict(zip(keys, node.values, strict=True))
        elif isinstance(node, ast.Module | ast.ClassDef):
            lines = [line for line in node.body if isinstance(line, ast.Assign)]
            pairs = {t.id.lower(): line.value for line in lines for t in line.targets if isinstance(t, ast.Name)}
        else:
            continue
        if {"classes", "palette"} <= pairs.keys() and not _only_named(pairs):
            yield {key: pairs[key] for key in ("classes", "palette")}


def _only_named(pairs: Mapping[Any, ast.expr]) -> bool:
    """Tell whether `dict(classes=CLASSES, palette=PALETTE)` only names what a block assigns, which is found there."""
    values = (pairs["classes"], pairs["palette"])
    named = [value.id.lower() for value in values if isinstance(value, ast.Name)]
    return named == ["classes", "palette"]


def _value(node: ast.expr, assigned: Mapping[str, ast.expr], where: str) -> Any:
    if isinstance(node, ast.Name) and node.id in assigned:
        node = assigned[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise UserError(f"{where} is computed; expected its values written out") from None


def write(classes: Classes) -> str:
    """Write METAINFO in Python."""
    names = "".join(f"        {name!r},\n" for name, _ in classes)
    colors = "".join(f"        {list(color)},\n" for _, color in classes)
    return f"METAINFO = dict(\n    classes=(\n{names}    ),\n    palette=[\n{colors}    ],\n)\n"
