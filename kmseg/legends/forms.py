"""A palette as the legend files that people have: what `kmseg.legends.formats` reads, written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kmseg.errors import UserError
from kmseg.legends.formats import parse_legend
from kmseg.legends.formats.camvid import write_label_colors
from kmseg.legends.formats.csv_table import write_class_dict
from kmseg.legends.formats.cvat import write_labelmap
from kmseg.legends.formats.datumaro import write_dataset_meta
from kmseg.legends.formats.fields import Classes, to_json
from kmseg.legends.formats.json_map import write_names_to_colors
from kmseg.legends.formats.mmsegmentation import write_metainfo
from kmseg.palette import Palette
from kmseg.pixels.packing import to_hex


@dataclass(frozen=True)
class Form:
    """One kind of legend file: its usual name, what stands in it, and whether that holds the colors."""

    file: str
    text_of: Callable[[Classes], str]
    colored: bool = True
    spaces: bool = True

    def list_classes(self, palette: Palette) -> Classes:
        """Return the classes with the colors in which they are painted, named as this form can name them."""
        names = palette.names if self.spaces else [re.sub(r"\s+", "_", name) for name in palette.names]
        return [(name, (r, g, b)) for name, (r, g, b) in zip(names, palette.painted.tolist(), strict=True)]

    def of(self, palette: Palette) -> str:
        """Return the text of the file.

        Raises
        ------
        UserError
            If the form cannot hold a class: its text, read again, is not the palette.
        """
        classes = self.list_classes(palette)
        text = self.text_of(classes)
        if not self.colored:
            return text
        try:
            back = parse_legend(text, self.file).palette
            read = list(zip(back.names, map(tuple, back.colors.tolist()), strict=True))
        except UserError:
            read = []
        lost = next((c for c, again in zip(classes, [*read, *[None] * len(classes)], strict=False) if c != again), None)
        if lost is None:
            return text
        name, color = lost
        raise UserError(
            f"{self.file} cannot hold the class {name!r} ({to_hex(color)}) so that it reads back as it was; "
            "give it another name or color, or leave this format out"
        )


FORMS = {
    "class_dict": Form("class_dict.csv", write_class_dict),
    "cvat": Form("labelmap.txt", write_labelmap),
    "camvid": Form("label_colors.txt", write_label_colors, spaces=False),
    "datumaro": Form("dataset_meta.json", write_dataset_meta),
    "fiftyone": Form("mask_targets.json", lambda classes: to_json({to_hex(color): name for name, color in classes})),
    "huggingface": Form(
        "id2label.json", lambda classes: to_json({str(k): name for k, (name, _) in enumerate(classes)}), colored=False
    ),
    "mmsegmentation": Form("metainfo.py", write_metainfo),
    "json": Form("legend.json", write_names_to_colors),
}
