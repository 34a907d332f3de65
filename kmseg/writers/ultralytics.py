"""A data set for Ultralytics' semantic segmentation: photos and index masks side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg.files import write_text
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout, refuse_more_than_8_bits, splits_written


@dataclass(frozen=True)
class Ultralytics(Layout):
    """`ultralytics/images` and `masks`, each with `train` and `val`, and `data.yaml`. See `Layout` for the settings."""

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if 8 bits cannot hold the classes."""
        refuse_more_than_8_bits(palette, "ultralytics")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> str:
        """Write photo and mask of one image; return its split."""
        root, part, key = folder / "ultralytics", self.assign_split(image), self.make_key(image)
        write_png(root / "masks" / part / f"{key}.png", image.mask)
        self.put_photo(image, root / "images" / part, key)
        return part

    def finish(self, notes: Sequence[str], run: WholeRun) -> list[Path]:
        """Write `data.yaml`."""
        return [write_data_yaml(run.folder / "ultralytics", run.palette, notes, {"masks_dir": "masks"})]


def write_data_yaml(root: Path, palette: Palette, splits: Sequence[str], more: dict[str, str]) -> Path:
    """Write Ultralytics' description of a data set: its splits and the names of its classes.

    It has no `path`, so that the folder can be moved; Ultralytics then uses the folder of the file.
    """
    places = {split: f"images/{split}" for split in splits_written(splits)} | more
    # A string in JSON is one in YAML, too, whatever is in it.
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in places.items()]
    lines += ["names:", *(f"  {k}: {json.dumps(name, ensure_ascii=False)}" for k, name in enumerate(palette.names))]
    return write_text(root / "data.yaml", "\n".join(lines) + "\n")
