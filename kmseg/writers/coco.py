"""COCO annotations for stuff: each class of an image as run lengths (RLE), which keep holes and single pixels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kmseg import storage
from kmseg._version import __version__
from kmseg.errors import UserError
from kmseg.files import replacing, write_json
from kmseg.palette import Palette
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout, splits_written


@dataclass(frozen=True)
class Coco(Layout):
    """`coco/images/train`, `val` with the photos, and `coco/annotations/stuff_train.json`, `stuff_val.json`.

    One annotation for each class of an image; a category's id is its row of the palette plus one, since 0 is no
    category in COCO. Pixels of no class have no annotation. See `kmseg.writers.dataset_layout.Layout` for the settings.
    Needs `pip install 'kmseg[coco]'`.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if find_spec("pycocotools") is None:
            raise UserError("writers=[coco] needs pycocotools; install it with: pip install 'kmseg[coco]'")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> list[str]:
        """Write the photo, and the annotations of one image to a file of their own until `finish` joins them."""
        part, key = self.assign_split(image), self.make_key(image)
        photo = self.put_photo(image, folder / "coco" / "images" / part, key)
        height, width = image.mask.shape
        entry = {
            "image": {"file_name": key + (photo.suffix if photo else ".png"), "height": height, "width": width},
            "annotations": [
                _annotation(image.mask == k, k + 1) for k in np.unique(image.mask).tolist() if k < len(palette)
            ],
        }
        write_json(_image_folder(folder) / part / f"{key}.json", entry)
        return [part, key]

    def finish(self, notes: Sequence[Sequence[str]], run: WholeRun) -> list[Path]:
        """Join what was written of the images; one image at a time is in memory."""
        written = []
        for part in splits_written([part for part, _ in notes]):
            path = run.folder / "coco" / "annotations" / f"stuff_{part}.json"
            keys = [key for split, key in notes if split == part]
            with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
                file.writelines(
                    _joined([_image_folder(run.folder) / part / f"{key}.json" for key in keys], run.palette)
                )
            written.append(path)
        storage.remove_folder(_image_folder(run.folder))
        return written


def _annotation(mask: Any, category: int) -> dict[str, Any]:
    from pycocotools import mask as rle

    runs = rle.encode(np.asfortranarray(mask, np.uint8))
    return {
        "category_id": category,
        "segmentation": {"size": runs["size"], "counts": runs["counts"].decode("ascii")},
        "area": int(rle.area(runs)),
        "bbox": rle.toBbox(runs).tolist(),
        "iscrowd": 0,
    }


def _joined(files: Sequence[Path], palette: Palette) -> Iterator[str]:
    """Yield the text of the file: all images, then their annotations, numbered."""
    colors = palette.painted.tolist()
    categories = [
        {"id": k + 1, "name": name, "supercategory": name, "color": colors[k]} for k, name in enumerate(palette.names)
    ]
    info = {"description": "Made by kmseg from color-coded label images", "version": __version__}
    yield f'{{"info": {json.dumps(info)},\n"licenses": [],\n'
    yield f'"categories": {json.dumps(categories, ensure_ascii=False)},\n"images": ['
    for number, file in enumerate(files, start=1):
        yield (",\n" if number > 1 else "\n") + json.dumps({"id": number, **_read(file)["image"]}, ensure_ascii=False)
    yield '],\n"annotations": ['
    written = 0
    for number, file in enumerate(files, start=1):
        for annotation in _read(file)["annotations"]:
            written += 1
            yield (",\n" if written > 1 else "\n") + json.dumps({"id": written, "image_id": number, **annotation})
    yield "]}\n"


def _read(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(storage.read_bytes(file))
    return read


def _image_folder(folder: Path) -> Path:
    return folder / "coco" / ".images"
