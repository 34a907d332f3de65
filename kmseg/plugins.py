"""Find the options of plugins (folders, files, installed packages) and list all options."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kmseg.errors import UserError

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Option:
    """One option of a group, as `group=name` chooses it.

    Attributes
    ----------
    help : str
        Help text, one line.
    target : str
        Its class, `module.Class`; empty for a config that only sets other options.
    origin : str
        Where it comes from, for display.
    """

    group: str
    name: str
    help: str
    target: str
    origin: str


def conf_folder() -> Path:
    """Return the folder of the built-in options: inside an installed package, else beside it in a checkout."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def plugin_folders() -> list[Path]:
    """Return the plugins that are folders with a `conf/`."""
    return [
        folder
        for root in _plugin_roots()
        for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir()))
        if (folder / "conf").is_dir()
    ]


def plugin_files() -> list[Path]:
    """Return the plugins that are one file, which defines `OPTIONS = {"group/name": "Class"}`."""
    files = [path for root in _plugin_roots() for path in sorted(root.glob("*.py"))]
    return [path for path in files if re.search(r"^OPTIONS\b", path.read_text("utf-8", "replace"), re.M)]


@cache
def _entry_points(path: tuple[str, ...]) -> EntryPoints:
    """Return the entry points of plugins, given `sys.path`; a look at every installed package takes some 20 ms."""
    return entry_points(group="kmseg.plugins")


def installed_plugins() -> list[tuple[str, Path]]:
    """Return name and `conf/` of the installed packages with an entry point of the group `kmseg.plugins`.

    The entry point names the package. A package that is missing or has no `conf/` is reported and skipped.
    """
    found = []
    for entry in _entry_points(tuple(sys.path)):
        try:
            spec = find_spec(entry.module)
        except ImportError:
            spec = None
        places = (spec.submodule_search_locations if spec else None) or []
        confs = [Path(place) / "conf" for place in places if (Path(place) / "conf").is_dir()]
        if confs:
            found.append((entry.name, confs[0]))
        else:
            print(f"plugin {entry.name}: the package {entry.module} has no folder conf; skipped", file=sys.stderr)
    return found


def file_options(path: Path) -> list[Option]:
    """Return the options of a plugin that is one file, without importing it; empty if it cannot be parsed."""
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        (value,) = [node.value for node in body if isinstance(node, ast.Assign) and _is_options(node.targets[0])]
        named = dict(ast.literal_eval(value))
    except (SyntaxError, ValueError, TypeError):
        return []
    docs = {node.name: ast.get_docstring(node) or "" for node in body if isinstance(node, ast.ClassDef)}
    return [
        Option(group, name, docs.get(part, "").split("\n")[0], f"{path.stem}.{part}", _shown(path))
        for (group, _, name), part in ((key.partition("/"), part) for key, part in named.items())
    ]


def options() -> list[Option]:
    """Return every option: the built-in ones, then those of plugins, each in the order of groups and names."""
    found = list(_folder_options(conf_folder(), "built in"))
    for folder in plugin_folders():
        found += _folder_options(folder / "conf", _shown(folder))
    for path in plugin_files():
        found += file_options(path)
    for name, conf in installed_plugins():
        found += _folder_options(conf, f"package {name}")
    return found


def plugin_errors() -> list[str]:
    """Import every plugin; return one line for each that cannot be used, with the reason."""
    errors = []
    seen: dict[tuple[str, str], str] = {}
    for option in options():
        first = seen.setdefault((option.group, option.name), option.origin)
        if first != option.origin:
            errors.append(
                f"plugin {option.origin}: {option.group}={option.name} is taken by {first}; give it another name"
            )
        elif option.origin != "built in" and option.target:
            try:
                part_class(option.target)
            except UserError as error:
                errors.append(f"plugin {option.origin}: {option.group}={option.name}: {error}")
    for path in plugin_files():
        if not file_options(path):
            errors.append(f'plugin {_shown(path)}: defines no OPTIONS = {{"group/name": "Class"}}')
    return errors


def part_class(target: str) -> Any:
    """Import a part's class; any error of its module becomes a one-line `UserError`."""
    module, _, name = target.rpartition(".")
    try:
        part = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"{target} cannot be used: {reason}") from error
    if not is_dataclass(part):
        raise UserError(
            f"{target} cannot be used: it is not a dataclass; the fields of the dataclass are the option's settings"
        )
    return part


def make_importable() -> None:
    """Add the plugins to the import path of this process and of its worker processes."""
    places = dict.fromkeys([*plugin_folders(), *(path.parent for path in plugin_files())])
    new = [str(place) for place in places if str(place) not in sys.path]
    sys.path.extend(new)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    os.environ["PYTHONPATH"] = os.pathsep.join([*known, *(path for path in new if path not in known)])


def _plugin_roots() -> list[Path]:
    """Return the folders with plugins: `plugins/` of a checkout and those that KMSEG_PLUGINS names."""
    named = [name for name in os.environ.get("KMSEG_PLUGINS", "").split(os.pathsep) if name]
    for name in named:
        if not Path(name).expanduser().is_dir():
            raise UserError(f"plugins={name} (or KMSEG_PLUGINS) is not an existing folder; give the folder of plugins")
    own = PACKAGE.parent / "plugins"
    checkout = [own] if (PACKAGE.parent / "pyproject.toml").exists() and own.is_dir() else []
    return list(dict.fromkeys([*checkout, *(Path(name).expanduser().resolve() for name in named)]))


def _folder_options(conf: Path, origin: str) -> Iterator[Option]:
    for path in sorted(conf.glob("*/*.yaml")):
        text = path.read_text(encoding="utf-8")
        comments = [line[2:] for line in text.splitlines() if line.startswith("# ") and not line.startswith("# @")]
        target = re.search(r"^_target_:\s*(\S+)", text, re.M)
        yield Option(path.parent.name, path.stem, comments[0] if comments else "", target[1] if target else "", origin)


def _is_options(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "OPTIONS"


def _shown(path: Path) -> str:
    """Return a plugin's path, relative to the working folder if it lies below."""
    working = Path.cwd()
    return str(path.relative_to(working)) if path.is_relative_to(working) else str(path)
