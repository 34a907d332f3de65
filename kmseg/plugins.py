"""Finds parts outside the package: folders that hold code and its `conf/` together, and installed packages."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def conf_folder() -> Path:
    """Return the folder of the built-in options: inside an installed package, else beside it in a checkout."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def plugin_folders() -> list[Path]:
    """Return the plugins, one folder each: below `plugins/` of a checkout and below the folders of KMSEG_PLUGINS."""
    named = os.environ.get("KMSEG_PLUGINS", "").split(os.pathsep)
    checkout = [PACKAGE.parent / "plugins"] if (PACKAGE.parent / "pyproject.toml").exists() else []
    shelves = [*checkout, *(Path(name).expanduser().resolve() for name in named if name)]
    return [
        folder
        for shelf in shelves
        if shelf.is_dir()
        for folder in sorted(shelf.iterdir())
        if (folder / "conf").is_dir()
    ]


def installed_plugins() -> list[tuple[str, Path]]:
    """Return name and `conf/` of the packages that bring parts by an entry point of the group `kmseg.plugins`.

    The entry point names the package; one that is not there or has no `conf/` is named and left out.
    """
    found = []
    for entry in entry_points(group="kmseg.plugins"):
        try:
            spec = find_spec(entry.module)
        except ImportError:
            spec = None
        places = (spec.submodule_search_locations if spec else None) or []
        confs = [Path(place) / "conf" for place in places if (Path(place) / "conf").is_dir()]
        if confs:
            found.append((entry.name, confs[0]))
        else:
            print(f"plugin {entry.name}: the package {entry.module} has no folder conf; left out", file=sys.stderr)
    return found


def make_importable(folders: list[Path]) -> None:
    """Let the plugins' code be imported, in this process and in the workers that it will start."""
    fresh = [str(folder) for folder in folders if str(folder) not in sys.path]
    sys.path.extend(fresh)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    os.environ["PYTHONPATH"] = os.pathsep.join([*known, *(path for path in fresh if path not in known)])
