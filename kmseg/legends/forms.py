"""A palette as the legend files that people have: what `kmseg.legends.files` reads, written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.files import legend_of
from kmseg.palette import RGB, Palette
from kmseg.swatches import hex_of

Classes = Sequence[tuple[str, RGB]]


@dataclass(frozen=True)
class Form:
    """One kind of legend file: its usual name, what stands in it, and whether that holds the colours."""

    file: str
    text_of: Callable[[Classes], str]
    colored: bool = True
    spaces: bool = True

    def classes_of(self, palette: Palette) -> Classes:
        """Return the classes with the colours in which they are painted, named as this form can name them."""
        names = palette.names if self.spaces else [re.sub(r"\s+", "_", name) for name in palette.names]
        return [(name, (r, g, b)) for name, (r, g, b) in zip(names, palette.painted.tolist(), strict=True)]

    def of(self, palette: Palette) -> str:
        """Return the text of the file.

        Raises
        ------
        UserError
            If the form cannot hold a class: its text, read again, is not the palette.
        """
        classes = self.classes_of(palette)
        text = self.text_of(classes)
        if not self.colored:
            return text
        try:
            back = legend_of(text, self.file).palette
            read = list(zip(back.names, map(tuple, back.colors.tolist()), strict=True))
        except UserError:
            read = []
        lost = next((c for c, again in zip(classes, [*read, *[None] * len(classes)], strict=False) if c != again), None)
        if lost is None:
            return text
        name, color = lost
        raise UserError(
            f"{self.file} cannot hold the class {name!r} ({hex_of(color)}) so that it reads back as it was; "
            "give it another name or color, or leave this format out"
        )


def _class_dict(classes: Classes) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("name", "r", "g", "b"), *((n, *color) for n, color in classes)])
    return text.getvalue()


def _labelmap(classes: Classes) -> str:
    rows = (f"{name}:{red},{green},{blue}::\n" for name, (red, green, blue) in classes)
    return "# label:color_rgb:parts:actions\n" + "".join(rows)


def _label_colors(classes: Classes) -> str:
    return "".join(f"{red} {green} {blue}\t{name}\n" for name, (red, green, blue) in classes)


def _dataset_meta(classes: Classes) -> str:
    names = [name for name, _ in classes]
    by_id = {str(k): name for k, name in enumerate(names)}
    return _json({"labels": names, "label_map": by_id, "segmentation_colors": [list(color) for _, color in classes]})


def _metainfo(classes: Classes) -> str:
    names = "".join(f"        {name!r},\n" for name, _ in classes)
    colors = "".join(f"        {list(color)},\n" for _, color in classes)
    return f"METAINFO = dict(\n    classes=(\n{names}    ),\n    palette=[\n{colors}    ],\n)\n"


def _names_to_colors(classes: Classes) -> str:
    rows = [f"  {json.dumps(name, ensure_ascii=False)}: {list(color)}" for name, color in classes]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


FORMS = {
    "class_dict": Form("class_dict.csv", _class_dict),
    "cvat": Form("labelmap.txt", _labelmap),
    "camvid": Form("label_colors.txt", _label_colors, spaces=False),
    "datumaro": Form("dataset_meta.json", _dataset_meta),
    "fiftyone": Form("mask_targets.json", lambda classes: _json({hex_of(color): name for name, color in classes})),
    "huggingface": Form(
        "id2label.json", lambda classes: _json({str(k): name for k, (name, _) in enumerate(classes)}), colored=False
    ),
    "mmsegmentation": Form("metainfo.py", _metainfo),
    "json": Form("legend.json", _names_to_colors),
}
