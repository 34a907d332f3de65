"""What layouts ask of a tree: where a folder of a name lies, and which files end in a certain way."""

from __future__ import annotations

from kmseg.datasets.tree import Tree


def find_folders(tree: Tree, name: str) -> list[str]:
    """Return the paths of the folders of a name, without case, that have files below them."""
    found = set()
    for folder in tree.folders:
        parts = folder.split("/")
        found |= {"/".join(parts[: k + 1]) for k, part in enumerate(parts) if part.casefold() == name.casefold()}
    return sorted(found)


def count_names(tree: Tree, *endings: str) -> int:
    """Return how many files' names end in one of the endings."""
    lower = tuple(ending.casefold() for ending in endings)
    return sum(path.lower().endswith(lower) for path in tree.files)


def beside(folder: str, name: str) -> str:
    """Return the path of a folder's neighbor."""
    parent = folder.rpartition("/")[0]
    return f"{parent}/{name}" if parent else name
