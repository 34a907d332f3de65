"""What nobody can know is asked: which folder holds the labels, with a line to paste for each answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kmseg.datasets.decision import SHOWN, name_pattern, plural
from kmseg.datasets.inspection import LabelSet, Series, common_folder
from kmseg.datasets.overrides import quote_override


def ask_which_labels(root: str, sets: Sequence[LabelSet], panels: Sequence[Series] = ()) -> str:
    """Ask which of several folders holds the labels that are meant; `panels` hold them beside photos in each file."""
    lines = [_panels_line(root, one) for one in sorted(panels, key=lambda one: one.folder)]
    for found in sorted(sets, key=lambda one: one.folders):
        words = root_words(root, found)
        lines.append(f"  kmseg {' '.join(quote_override(key, value) for key, value in words)}")
    named = [*sorted(panels, key=lambda one: one.folder), *sorted(sets, key=lambda one: one.folders)]
    names = ", ".join(str(found) for found in named[:SHOWN])
    return f"{len(named)} folders may be the labels of {root}: {names}; say which one:\n" + "\n".join(lines)


def _panels_line(root: str, one: Series) -> str:
    """Return the line that takes a panel of each file of a series."""
    shape, label = (one.panels.rows, one.panels.columns), one.panels.label
    words: list[tuple[str, Any]] = [("dataset.root", str(Path(root) / one.folder))]
    if shape == (1, 2):
        words = [("dataset", "pairs"), *words, ("dataset.label", "left" if label == 0 else "right")]
    else:
        words = [("dataset", "panels"), *words, ("dataset.label", label + 1)]
    return f"  kmseg {' '.join(quote_override(key, value) for key, value in words)}"


def root_words(root: str, found: LabelSet) -> list[tuple[str, Any]]:
    """Return the settings, as keys and values, that take a set of labels with its photos."""
    folder = common_folder(series.folder for series in found.series)
    words: list[tuple[str, Any]] = [("dataset", "folder"), ("dataset.root", str(Path(root) / folder))]
    pattern = name_pattern(found.series)
    if pattern not in ("*", f"*{found.series[0].named.suffix}"):
        words.append(("dataset.labels", pattern))
    if found.pairs:
        photos = common_folder(path.rpartition("/")[0] for path in found.pairs.values())
        words.append(("dataset.photos", str(Path(root) / photos)))
    return words


def describe_no_labels(root: str, sets: Sequence[LabelSet], series: Sequence[Series]) -> str:
    """Say what a tree holds in which no label image is, and how to insist."""
    if not series:
        return f"{root} has no PNG, JPEG, BMP, GIF, TIFF or WebP image; give the folder of the label images"
    by_kind: dict[str, list[Series]] = {}
    for one in series:
        by_kind.setdefault(one.kind, []).append(one)
    largest = sorted(series, key=lambda one: -len(one.paths))[:SHOWN]
    held = ", ".join(f"{one} ({len(one.paths)} {plural(one.kind)})" for one in largest)
    lines = [
        f"  kmseg dataset=folder {quote_override('dataset.root', str(Path(root) / one.folder))}" for one in largest
    ]
    return f"no label image is among the files of {root}: {held}; if one of these is, say so:\n" + "\n".join(
        dict.fromkeys(lines)
    )
