"""The shortest settings of `dataset=folder` that mean given labels and photos, for a command to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kmseg.datasets.folder import Folder
from kmseg.datasets.inspection import LabelSet, Series, common_folder
from kmseg.datasets.listing import why_unread
from kmseg.datasets.patterns import escape, selected
from kmseg.datasets.tree import Tree

MAX_NAMED = 12
"""Labels up to which each is named where no pattern tells them from other images of their folder."""

MAX_FOLDERS = 4
"""Folders of photos up to which each is named where a shorter setting would pair more images."""


def panel_settings(rows: int, columns: int, label: int) -> tuple[str, dict[str, Any]]:
    """Return the option of `dataset` that reads one panel of each file, and the setting that says which.

    Examples
    --------
    >>> panel_settings(1, 2, 0), panel_settings(1, 3, 1)
    (('pairs', {'label': 'left'}), ('panels', {'label': 2}))
    """
    if (rows, columns) == (1, 2):
        return "pairs", {"label": "left" if label == 0 else "right"}
    return "panels", {"label": label + 1}


def folder_settings(root: str, tree: Tree, labels: LabelSet, pairs: Mapping[str, str], photos: Any) -> dict[str, Any]:
    """Return the shortest settings of `folder` that mean these labels and these photos."""
    folder = common_folder(one.folder for one in labels.series)
    start = f"{folder}/" if folder else ""
    images = [path for path in tree.files if path.startswith(start) and not why_unread(path, tree.files)]
    patterns = [one.named.pattern for one in labels.series]
    folders = sorted({escape(one.folder[len(start) :]) for one in labels.series})
    leaves = sorted({escape(one.rpartition("/")[2]) for one in folders if one})
    choices: list[list[str]] = [[], sorted(set(patterns)), leaves, folders, folder_patterns(labels.series, folder)]
    below = {path[len(start) :]: path for path in images}
    mine = set(labels.paths)
    choices = [choice for choice in choices if len(choice) <= len(folders)]
    nearest = choices[-1]
    choices.append([pattern.replace("*.", "*[0-9].") for pattern in nearest])  # `1.png` beside `1_RGB.png`
    if len(labels.paths) <= MAX_NAMED:
        choices.append([escape(path[len(start) :]) for path in labels.paths])
    wanted = next((choice for choice in choices if {below[p] for p in selected(below, choice)} == mine), nearest)
    found: dict[str, Any] = {"root": str(Path(root) / folder)}
    if wanted:
        found["labels"] = wanted[0] if len(wanted) == 1 else wanted
    if photos is not None:
        found["photos"] = photos
    elif pairs:
        found["photos"] = _photo_folders(root, found, labels, pairs)
    return found


def folder_patterns(series: Sequence[Series], folder: str) -> list[str]:
    """Return a pattern for each series below a folder."""
    below = [one.folder[len(folder) :].strip("/") for one in series]
    return sorted({f"{escape(path)}/{one.named.pattern}".lstrip("/") for path, one in zip(below, series, strict=True)})


def _photo_folders(root: str, settings: Mapping[str, Any], labels: LabelSet, pairs: Mapping[str, str]) -> Any:
    """Return the folder of the photos, or the folders, from which `folder` finds the same photos."""
    holders = {path.rpartition("/")[0] for path in pairs.values()}
    tops = sorted(
        {
            one
            for one in holders
            if not any(one != other and f"{one}/".startswith(f"{other}/") for other in holders if other)
        }
    )
    shared = common_folder(holders)
    wanted = {(Path(root) / label).resolve(): (Path(root) / photo).resolve() for label, photo in pairs.items()}
    starred = [one for one in (_starred(tops),) if one]
    choices = [[shared]] if len(tops) == 1 else [[shared], *[[one] for one in starred], tops]
    more = None  # a setting that also pairs what did not look like a photo, such as plans and drawings
    for choice in choices:
        folders = [str(Path(root) / path) for path in choice]
        items = Folder(settings["root"], settings.get("labels", ()), folders).items()
        found = {item.label.resolve(): item.photo.resolve() for item in items if item.photo}
        if found == wanted and (more is None or len(choice) <= MAX_FOLDERS):
            break
        if more is None and wanted.items() <= found.items():
            more = folders
    else:
        folders = more or folders
    return folders[0] if len(folders) == 1 else folders


def _starred(folders: Sequence[str]) -> str:
    """Return one pattern for folders that differ in one part of their paths; nothing where there is none.

    Examples
    --------
    >>> _starred(["data/fox/JPEGImages", "data/wolf/JPEGImages"])
    'data/*/JPEGImages'
    """
    parts = [folder.split("/") for folder in folders]
    if len({len(one) for one in parts}) != 1:
        return ""
    levels = [set(level) for level in zip(*parts, strict=True)]
    if sum(len(level) > 1 for level in levels) != 1:
        return ""
    return "/".join(escape(next(iter(level))) if len(level) == 1 else "*" for level in levels)
