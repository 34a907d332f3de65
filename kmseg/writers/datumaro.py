"""A data set in Datumaro's generic layout for semantic segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg import storage
from kmseg.files import write_json
from kmseg.palette import Palette
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout, refuse_more_than_8_bits, splits_written
from kmseg.writers.paletted_png import write_paletted_png
from kmseg.writers.voc import has_ignored, named_colors, void_color


@dataclass(frozen=True)
class Datumaro(Layout):
    """`datumaro/train` and `val`, each with `images`, `masks` and `dataset_meta.json` (`common_semantic_segmentation`).

    Masks are paletted PNG whose indices are rows of the palette, 255 where pixels are ignored. Where there are ignored
    pixels, `dataset_meta.json` has an entry with a color for them, without which Datumaro refuses the masks. See
    `Layout` for the settings.
    """

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if 8 bits cannot hold the classes."""
        refuse_more_than_8_bits(palette, "datumaro")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> list[Any]:
        """Write photo and mask of one image; return its split and whether it has ignored pixels."""
        split, key = self.assign_split(image), self.make_key(image)
        root = folder / "datumaro" / split
        write_paletted_png(root / "masks" / f"{key}.png", image.mask, palette, void_color(palette))
        self.put_photo(image, root / "images", key)
        return [split, has_ignored(image, palette)]

    def finish(self, notes: Sequence[Sequence[Any]], run: WholeRun) -> list[Path]:
        """Write the classes with their colors, for each split."""
        rows = named_colors(run.palette, any(ignored for _, ignored in notes))
        meta = {
            "labels": [name for name, _ in rows],
            "label_map": {str(k): name for k, (name, _) in enumerate(rows)},
            "segmentation_colors": [list(color) for _, color in rows],
        }
        root = run.folder / "datumaro"
        return [
            write_json(root / part / "dataset_meta.json", meta)
            for part in splits_written([split for split, _ in notes])
            if storage.is_folder(root / part)
        ]
