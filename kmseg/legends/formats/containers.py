"""Values of legend files, however they are written: JSON, YAML, TOML, and dicts and lists of Python, never run."""

from __future__ import annotations

import ast
import re
import tomllib
import warnings
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats import json_map, yaml_map
from kmseg.legends.formats.fields import DuplicateKey, load_json, shown

MAX_LITERAL = 500_000
"""Letters of Python that are parsed: its tree takes some two hundred bytes of memory for each."""

_ASSIGNED = re.compile(r"^\w+\s*(?::[^=\n]+)?=\s*(?:[\[{(]|dict\()", re.M)
_TOML = re.compile(r"^\s*(?:\[\[?[\w.\"' -]+\]\]?|[\w.\"'-]+\s*=\s*[\[{\"'].*)\s*$", re.M)


def values_of(text: str, what: str) -> list[Any]:
    """Return the values that a text may be, one for each way of writing that it follows.

    Raises
    ------
    UserError
        For what begins as JSON and is none, or has a key twice.
    """
    if text.lstrip()[:1] in ("{", "["):
        return [_json_value(text, what)]
    found = []
    if yaml_map.detect(text):
        found.append(yaml_map.load(text))
    if _TOML.search(text):
        found.append(_toml_value(text))
    if _ASSIGNED.search(text) and len(text) <= MAX_LITERAL:
        found += _assigned_values(text)
    return [value for value in found if isinstance(value, dict | list) and value]


def _json_value(text: str, what: str) -> Any:
    """Return the value of JSON, of TOML that begins with a table, or of a dict or list as Python prints it."""
    try:
        return load_json(text)
    except DuplicateKey as error:
        raise UserError(f"{what} has the key {shown(str(error))} twice in one object; expected it once") from None
    except (ValueError, RecursionError) as error:  # a ValueError also for a number of thousands of digits
        value = _python_value(text)
        if value is None:
            value = _toml_value(text)
        if value is None:
            reason = str(error)[:80]
            raise UserError(f"{what} begins like JSON but is not: {reason}; expected {json_map.EXAMPLE}") from None
        return value


def _toml_value(text: str) -> Any:
    """Return the value of TOML, in which no key stands twice; None if it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _python_value(text: str) -> Any:
    """Return a dict or list as Python prints it, in which no key stands twice; None if it is none."""
    if not re.match(r"[\[{(\s]*(?:'|\(?\d+\s*[:,])", text) or re.search(r"['\"]\s+['\"]", text):
        return None  # a comma that lacks between two texts would join them
    if len(text) > MAX_LITERAL:
        return None
    try:
        return _literal(ast.parse(text.strip(), mode="eval").body)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _assigned_values(text: str) -> list[Any]:
    """Return each dict, and each list of dicts, that a Python text assigns to a name, if it is written out."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        try:
            value = _literal(node.value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict) or json_map.detect(value):
            found.append(value)
    return found


def _literal(node: ast.expr) -> Any:
    """Return the value of an expression that is written out; raise `ValueError` for any other, or a key twice."""
    for part in ast.walk(node):
        if isinstance(part, ast.Dict):
            keys = [ast.dump(key) for key in part.keys if key is not None]
            if len(set(keys)) < len(keys):
                raise ValueError
    return ast.literal_eval(node)
