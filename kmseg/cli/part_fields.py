"""The fields of a part's dataclass and their defaults.

Those of kmseg's own parts are read from the source of the class if all defaults are literals, since importing a part
may import a hundred modules, and `--help` needs none of them.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any

from kmseg.plugins import PACKAGE, part_class

MISSING = "???"
"""OmegaConf's mark of a value that must be given."""


def fields_of(target: str) -> dict[str, Any]:
    """Return the fields of the dataclass `module.Class` that can be given, with their defaults.

    >>> fields_of("kmseg.executors.threads.Threads")
    {'workers': 'auto'}
    """
    found = _read_source(target)
    return dict(_read_class(target) if found is None else found)


def _read_class(target: str) -> dict[str, Any]:
    return {field.name: _default(field) for field in dataclasses.fields(part_class(target)) if field.init}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return _plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return MISSING


def _plain(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default


@cache
def _read_source(target: str) -> dict[str, Any] | None:
    """Return the fields of one of kmseg's classes and their defaults; None if not all are literals."""
    module, _, name = target.rpartition(".")
    package, *parts = module.split(".")
    path = PACKAGE.joinpath(*parts)
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if package != PACKAGE.name or not path.is_file():
        return None
    body = ast.parse(path.read_text(encoding="utf-8")).body
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    if name not in classes:
        return None
    fields: dict[str, Any] = {}
    for base in map(ast.unparse, classes[name].bases):
        inherited = _read_source(f"{module}.{base}" if base in classes else imported.get(base, base))
        if inherited is None:
            return None
        fields |= inherited
    try:
        return fields | dict(_own_fields(classes[name]))
    except ValueError:
        return None


def _own_fields(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """Yield the fields that a dataclass itself declares; a class without decorator has none. Raise for other values."""
    for line in node.body if node.decorator_list else ():
        if isinstance(line, ast.AnnAssign) and not ast.unparse(line.annotation).startswith("ClassVar"):
            yield ast.unparse(line.target), MISSING if line.value is None else _plain(ast.literal_eval(line.value))
