"""Several panels in one file, side by side or above each other: photo, true label, prediction, ..."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Item, OfFiles, existing_folder, image_files
from kmseg.datasets.items import PackedItems
from kmseg.datasets.truth import Truth
from kmseg.errors import UnreadableImage, UserError
from kmseg.image_kinds import LABEL_KINDS, classify
from kmseg.image_kinds.panels import MIN_PANEL_SIDE
from kmseg.images import Box, LabelImage, read_label_image, read_rgb
from kmseg.validation import check_integer

LOOKED_AT = 8
"""Files in which the panels are looked for: all files of a folder are laid out alike."""


@dataclass(frozen=True)
class Layout:
    """How the files of a folder fall into panels; `label` and `photo` are panels, counted from 0."""

    rows: int
    columns: int
    bar: int
    label: int
    photo: int | None


@dataclass(frozen=True)
class Panels(OfFiles):
    """Files of several panels of one size, one of which is the label.

    What is `auto` is found in a few of the files: bars between the panels, and which panels are labels. Of several
    labels the first is taken: files made to be looked at show the true label before predictions.

    Parameters
    ----------
    root : str
        Folder of the files; sub-folders are searched.
    label : int or "auto"
        The panel that holds the label, counted from 1, rows first.
    photo : int or "auto"
        The panel that holds the photo; with `auto` the first that is no label.
    rows, columns : int or "auto"
        Number of panels down and across.
    bar : int or "auto"
        Width of the bars between the panels, in pixels.
    """

    root: str
    label: int | str = "auto"
    photo: int | str = "auto"
    rows: int | str = "auto"
    columns: int | str = "auto"
    bar: int | str = "auto"

    def __post_init__(self) -> None:
        existing_folder("dataset.root", self.root)
        for name, least in (("label", 1), ("photo", 1), ("rows", 1), ("columns", 1), ("bar", 0)):
            value = getattr(self, name)
            if value != "auto":
                check_integer(f"dataset.{name}", value, at_least=least)

    def items(self) -> Sequence[Item]:
        """List the files; each is its own photo."""
        files = image_files(existing_folder("dataset.root", self.root))
        return PackedItems(Item(key, path, path) for key, path in files.items())

    def read_label(self, item: Item) -> LabelImage:
        """Read the label's panel."""
        whole = read_label_image(item.label)
        return whole.crop(panel_box(whole.shape, self.layout, self.layout.label, item.label))

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo's panel, `(H, W, 3)` uint8 RGB, where there is one."""
        if self.layout.photo is None:
            return None
        whole = read_rgb(item.label)
        box = panel_box(whole.shape, self.layout, self.layout.photo, item.label)
        return np.ascontiguousarray(whole[box.top : box.bottom, box.left : box.right])

    def truth(self) -> Truth | None:
        """Return None: panels bring no truth."""
        return None

    @cached_property
    def layout(self) -> Layout:
        """How the files fall into panels: as said, and what was not said as most of a few files show it."""
        said = [None if v == "auto" else int(v) for v in (self.rows, self.columns, self.bar, self.label, self.photo)]
        rows, columns, bar, label, photo = said
        found = _look(self.items(), self.root) if None in (rows, columns, bar, label) else None
        if found is not None:
            same = (rows or found.rows, columns or found.columns) == (found.rows, found.columns)
            rows, columns = rows or found.rows, columns or found.columns
            bar = found.bar if bar is None and same else bar or 0
            label = found.label + 1 if label is None else label
            if photo is None and found.photo is not None and same:
                photo = found.photo + 1
        if rows is None or columns is None or label is None:
            raise UserError(
                f"no panels are found in the files of {self.root}; say how they lie: dataset.rows=1 dataset.columns=3 "
                "dataset.label=2, or use dataset=folder if the files are labels"
            )
        if max(label, photo or 1) > rows * columns:
            raise UserError(
                f"dataset.label is {label} and dataset.photo {photo}; the files have {rows * columns} panels "
                f"({rows} down, {columns} across)"
            )
        return Layout(rows, columns, bar or 0, label - 1, None if photo is None else photo - 1)


def panel_box(shape: Sequence[int], layout: Layout, number: int, path: Path) -> Box:
    """Return where a panel lies in a file of `shape` (H, W, ...); refuse a file that is too small."""
    row, column = divmod(number, layout.columns)
    top, bottom = _span(shape[0], layout.rows, layout.bar, row)
    left, right = _span(shape[1], layout.columns, layout.bar, column)
    if min(bottom - top, right - left) < MIN_PANEL_SIDE // 3:
        raise UnreadableImage(
            f"{path}: {shape[1]} x {shape[0]} pixels do not hold {layout.rows} x {layout.columns} panels with bars of "
            f"{layout.bar} pixels"
        )
    return Box(top, bottom, left, right)


def _span(size: int, count: int, bar: int, number: int) -> tuple[int, int]:
    """Return where panel `number` of `count` begins and ends along a side of `size` pixels."""
    each = (size - (count - 1) * bar) / count
    return round(number * (each + bar)), round(number * (each + bar) + each)


def _look(items: Sequence[Item], root: str) -> Layout | None:
    """Find the panels in a few files and take what most of them show; None where most have no panels."""
    places = np.linspace(0, len(items) - 1, min(len(items), LOOKED_AT)).round().astype(int).tolist()
    found, readable = [], 0
    for place in dict.fromkeys(places):
        try:
            kind = classify(read_rgb(items[place].label))
        except UnreadableImage:
            continue
        readable += 1
        if kind.panels is not None:
            found.append(kind.panels)
    if not found or 2 * len(found) < readable:
        return None
    (rows, columns), _ = Counter((each.rows, each.columns) for each in found).most_common(1)[0]
    alike = [each for each in found if (each.rows, each.columns) == (rows, columns)]
    labels = Counter(each.label for each in alike if each.label is not None)
    if not labels:
        raise UserError(f"none of the {rows * columns} panels in the files of {root} is a label; say dataset.label=2")
    others = Counter(n for each in alike for n, kind in enumerate(each.kinds) if kind not in LABEL_KINDS)
    photo = min((n for n, times in others.items() if 2 * times >= len(alike)), default=None)
    return Layout(rows, columns, int(np.median([each.bar for each in alike])), labels.most_common(1)[0][0], photo)
