"""Finds parts outside the package: folders that hold code and its `conf/` together."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def conf_folder() -> Path:
    """Return the folder of the built-in options: inside an installed package, else beside it in a checkout."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def plugin_folders() -> list[Path]:
    """Return the plugins, one folder each: below `plugins/` of a checkout and below the folders of KMSEG_PLUGINS."""
    named = os.environ.get("KMSEG_PLUGINS", "").split(os.pathsep)
    shelves = [PACKAGE.parent / "plugins", *(Path(name).expanduser().resolve() for name in named if name)]
    return [
        folder
        for shelf in shelves
        if shelf.is_dir()
        for folder in sorted(shelf.iterdir())
        if (folder / "conf").is_dir()
    ]


def make_importable(folders: list[Path]) -> None:
    """Let the plugins' code be imported, in this process and in the workers that it will start."""
    fresh = [str(folder) for folder in folders if str(folder) not in sys.path]
    sys.path.extend(fresh)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    os.environ["PYTHONPATH"] = os.pathsep.join([*known, *(path for path in fresh if path not in known)])
