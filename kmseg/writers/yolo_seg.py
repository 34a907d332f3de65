"""A data set for YOLO's instance segmentation: photos, and one polygon per connected component of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg.files import write_text
from kmseg.palette import Palette
from kmseg.pixels.polygons import outlines
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout
from kmseg.writers.ultralytics import write_data_yaml


@dataclass(frozen=True)
class YoloSeg(Layout):
    """`yolo_seg/images` and `labels`, each with `train` and `val`, and `data.yaml`. See `Layout` for the settings.

    A hole is connected to its polygon by a seam of zero width, so that the filled polygon is exactly the component.
    """

    def write(self, image: Segmented, palette: Palette, folder: Path) -> str:
        """Write photo and polygons of one image; return its split."""
        root, part, key = folder / "yolo_seg", self.assign_split(image), self.make_key(image)
        height, width = image.mask.shape
        lines = [
            " ".join([str(k), *(f"{value:.6f}" for value in (outline / (width, height)).ravel())])
            for k in range(len(palette))
            for outline in outlines(image.mask == k)
        ]
        write_text(root / "labels" / part / f"{key}.txt", "".join(f"{line}\n" for line in lines))
        self.put_photo(image, root / "images" / part, key)
        return part

    def finish(self, notes: Sequence[str], run: WholeRun) -> list[Path]:
        """Write `data.yaml`."""
        return [write_data_yaml(run.folder / "yolo_seg", run.palette, notes, {})]
