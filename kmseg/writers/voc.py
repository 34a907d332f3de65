"""A data set in the layout of PASCAL VOC's segmentation task, as CVAT imports it to correct masks."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg import storage
from kmseg.errors import UserError
from kmseg.files import replacing, write_text
from kmseg.palette import Palette
from kmseg.validation import check_bool
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout, refuse_more_than_8_bits, splits_written
from kmseg.writers.paletted_png import write_paletted_png

VOID = (224, 224, 192)
"""Color of ignored pixels in PASCAL VOC."""


@dataclass(frozen=True)
class Voc(Layout):
    """`voc/JPEGImages`, `SegmentationClass`, `ImageSets/Segmentation/*.txt` and `labelmap.txt`.

    Masks are paletted PNG whose indices are rows of the palette; readers that expect colors (CVAT, Datumaro) see them
    as colors. Ignored pixels have the index 255, and where there are any, a line in `labelmap.txt`, without which these
    readers refuse the masks. torchvision reads only photos whose suffix is `.jpg`.

    Parameters
    ----------
    zip : bool
        Whether the folder is also packed as `voc.zip`, which CVAT uploads.
    """

    zip: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bool("zip", self.zip)

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if 8 bits cannot hold the classes, or `labelmap.txt` their names."""
        refuse_more_than_8_bits(palette, "voc")
        wrong = next((name for name in palette.names if ":" in name or name.startswith("#")), None)
        if wrong is not None:
            raise UserError(f"voc cannot name a class {wrong!r}: labelmap.txt separates by a colon; rename the class")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> list[Any]:
        """Write photo and mask of one image; return its split, its key and whether it has ignored pixels."""
        root = folder / "voc"
        write_paletted_png(root / "SegmentationClass" / f"{image.key}.png", image.mask, palette, void_color(palette))
        self.put_photo(image, root / "JPEGImages", image.key)
        return [self.assign_split(image), image.key, has_ignored(image, palette)]

    def finish(self, notes: Sequence[Sequence[Any]], run: WholeRun) -> list[Path]:
        """Write the file lists, the label map and the archive."""
        root = run.folder / "voc"
        lists = root / "ImageSets" / "Segmentation"
        parts = splits_written([part for part, *_ in notes])
        splits = {part: [key for split, key, _ in notes if split == part] for part in parts}
        trainval = [key for split, key, _ in notes if split != "test"]
        for name, keys in {**splits, "trainval": trainval}.items():
            write_text(lists / f"{name}.txt", "".join(f"{key}\n" for key in keys))
        rows = named_colors(run.palette, any(ignored for *_, ignored in notes))
        lines = [f"{name}:{red},{green},{blue}::\n" for name, (red, green, blue) in rows]
        labelmap = write_text(root / "labelmap.txt", "# label:color_rgb:parts:actions\n" + "".join(lines))
        return [labelmap, self._pack(root)] if self.zip else [labelmap]

    def _pack(self, root: Path) -> Path:
        """Pack the folder; entries are sorted and have one date, so that the same files give the same archive."""
        path = root.parent / "voc.zip"
        with replacing(path) as part, zipfile.ZipFile(part, "w") as archive:
            listed = storage.contents(root)
            inside = root.rglob("*") if listed is None else (root / name for name in listed.files)
            for file in sorted(file for file in inside if storage.is_file(file)):
                entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
                archive.writestr(entry, storage.read_bytes(file))
        return path


def has_ignored(image: Segmented, palette: Palette) -> bool:
    """Tell whether a mask has pixels of no class."""
    return bool((image.mask == palette.ignore).any())


def named_colors(palette: Palette, ignored: bool) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the classes with their colors, and where pixels are ignored, a last one for these."""
    rows = [(name, (r, g, b)) for name, (r, g, b) in zip(palette.names, palette.painted.tolist(), strict=True)]
    name = next(word for word in ("ignored", "void", *map(str, range(len(rows) + 1))) if word not in palette.names)
    return [*rows, (name, void_color(palette))] if ignored else rows


def void_color(palette: Palette) -> tuple[int, int, int]:
    """Return the color of ignored pixels: PASCAL VOC's, or a neighboring one that no class has."""
    used = {tuple(color) for color in palette.painted.tolist()}
    return next((224, 224, blue) for blue in (192, *range(256)) if (224, 224, blue) not in used)
