"""The house keeps its floors: imports point downwards, and few rooms know the world outside."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "kmseg"

FLOORS = [
    {"compiled"},
    {"counting", "pixel_loops", "errors", "home", "distance", "outlines", "tiles"},
    {"checks", "files", "swatches"},
    {"scheduling"},
    {"color_cache", "remembered", "images", "histogram", "execution"},
    {"palette", "lookup", "stages", "ranks"},
    {"partners", "finding", "legends"},
    {"metrics", "truth", "sampling", "tracking", "plugins"},
    {"palette_source", "pictures"},
    {"color_spaces", "clusterers", "datasets", "writers"},
    {"maskers"},
    {"comparison"},
    {"tasks"},
    {"sweeps"},
    {"config", "composing", "console", "api"},
    {"app"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def imports() -> list[tuple[str, str]]:
    """List (room, imported module) for every import of the package, those inside functions included."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [(room, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found.append((room, node.module or ""))
    return found


def test_every_room_has_its_floor():
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__", "py.typed", "conf"} == set(FLOOR)


def test_imports_point_downwards():
    wrong = []
    for room, module in imports():
        if module.startswith("kmseg.") and room != "__init__":
            other = module.split(".")[1]
            if other != room and FLOOR[other] >= FLOOR[room]:
                wrong.append(f"{room} imports {other}")
    assert not wrong


def test_only_the_rooms_meant_for_it_know_hydra_and_mlflow():
    knows = {}
    for room, module in imports():
        knows.setdefault(module.split(".")[0], set()).add(room)
    assert knows["hydra"] <= {"app", "composing", "config"}
    assert knows["omegaconf"] <= {"app", "composing", "config"}
    assert knows["mlflow"] == {"tracking"}
