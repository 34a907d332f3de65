"""What nobody can know is asked: which folder holds the labels, with a line to paste for each answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from kmseg.datasets.decision import SHOWN, plural
from kmseg.datasets.inspection import LabelSet, Series
from kmseg.datasets.listing import UNREAD_SUFFIXES
from kmseg.datasets.overrides import quote_override
from kmseg.datasets.settings import folder_settings, panel_settings
from kmseg.datasets.tree import Tree
from kmseg.errors import UnreadableImage
from kmseg.images import FORMATS_READ, read_rgb


def ask_which_labels(root: str, tree: Tree, sets: Sequence[LabelSet], panels: Sequence[Series] = ()) -> str:
    """Ask which of several folders holds the labels that are meant; `panels` hold them beside photos in each file."""
    lines = [_panels_line(root, one) for one in sorted(panels, key=lambda one: one.folder)]
    for found in sorted(sets, key=lambda one: one.folders):
        lines.append(_line("folder", folder_settings(root, tree, found, dict(found.pairs), None)))
    named = [*sorted(panels, key=lambda one: one.folder), *sorted(sets, key=lambda one: one.folders)]
    names = ", ".join(str(found) for found in named[:SHOWN])
    return f"{len(named)} folders may be the labels of {root}: {names}; say which one:\n" + "\n".join(lines)


def _panels_line(root: str, one: Series) -> str:
    """Return the line that takes a panel of each file of a series."""
    dataset, panel = panel_settings(one.panels.rows, one.panels.columns, one.panels.label)
    return _line(dataset, {"root": str(Path(root) / one.folder), **panel})


def _line(dataset: str, settings: Mapping[str, Any]) -> str:
    """Return the command with the settings of a dataset, to paste."""
    words = [quote_override(f"dataset.{name}", value) for name, value in settings.items()]
    return f"  kmseg {' '.join([f'dataset={dataset}', *words])}"


def describe_no_labels(root: str, tree: Tree, series: Sequence[Series]) -> str:
    """Say what a tree holds in which no label image is, and how to insist."""
    if not series:
        return f"{root} has no {FORMATS_READ} image, {_name_files(tree)}; give the folder of the label images"
    largest = sorted(series, key=lambda one: -len(one.paths))[:SHOWN]
    held = ", ".join(f"{one} ({len(one.paths)} {plural(one.kind)})" for one in largest)
    lines = [
        f"  kmseg dataset=folder {quote_override('dataset.root', str(Path(root) / one.folder))}"
        for one in largest
        if one.kind != "unreadable"
    ]
    if not lines:
        return f"no image of {root} can be read: {held}; the first: {_why_unreadable(tree, largest[0])}"
    lost = next((f"; {_why_unreadable(tree, one)}" for one in largest if one.kind == "unreadable"), "")
    return f"no label image is among the files of {root}: {held}{lost}; if one of these is, say so:\n" + "\n".join(
        dict.fromkeys(lines)
    )


def _name_files(tree: Tree) -> str:
    """Name the kinds of files that a tree holds, the most frequent first."""
    kinds = Counter(PurePosixPath(path).suffix.lower() or "without a suffix" for path in tree.files)
    if not kinds:
        return "and no other file"
    words = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(SHOWN))
    unread = any(kind in UNREAD_SUFFIXES for kind in kinds)
    return f"but {words} files" + (" (not read: convert images and arrays to PNG)" if unread else "")


def _why_unreadable(tree: Tree, series: Series) -> str:
    """Return why the first image of a series cannot be read."""
    try:
        read_rgb(Path(tree.files[series.paths[0]]))
    except UnreadableImage as error:
        return str(error)
    return "its pixels are no whole numbers"
