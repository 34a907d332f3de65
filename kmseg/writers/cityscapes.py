"""A data set in the layout of Cityscapes, with its names and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.errors import UserError
from kmseg.files import write_csv, write_text
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout

# From labels.py of cityscapesscripts: names by id, and the ids that have a trainId, in the order of trainId.
NAMES = (
    "unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground", "road", "sidewalk",
    "parking", "rail track", "building", "wall", "fence", "guard rail", "bridge", "tunnel", "pole", "polegroup",
    "traffic light", "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus",
    "caravan", "trailer", "train", "motorcycle", "bicycle",
)  # fmt: skip
TRAINED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
UNLABELED, UNTRAINED = 0, 255


@dataclass(frozen=True)
class Cityscapes(Layout):
    """`cityscapes/leftImg8bit` and `gtFine`, each with `train` and `val` and a folder for each city.

    A mask comes as `labelIds`, `labelTrainIds` and `color`. A class with a name of Cityscapes has its ids there; other
    classes have ids after Cityscapes' last one. `labels.csv` lists all. The city is the image's folder, or `city`.
    Photos are PNG, as the tools expect; see `Layout` for `val` and `seed`.
    """

    photos: str = field(default="png", init=False)

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if the ids need more than 8 bits."""
        if max(label_ids(palette)) >= UNTRAINED:
            raise UserError(
                f"cityscapes masks have 8 bits, too few for the {len(palette)} classes of the palette; "
                "choose another writer"
            )

    def write(self, image: Segmented, palette: Palette, folder: Path) -> list[str]:
        """Write photo and masks of one image; return its key and the name that its files have."""
        root, part = folder / "cityscapes", self.assign_split(image)
        city, stem = _named(self.make_key(image))
        masks = root / "gtFine" / part / city
        write_png(masks / f"{stem}_gtFine_labelIds.png", _mapped(image.mask, palette, label_ids(palette), UNLABELED))
        trained = _mapped(image.mask, palette, train_ids(palette), UNTRAINED)
        write_png(masks / f"{stem}_gtFine_labelTrainIds.png", trained)
        write_png(masks / f"{stem}_gtFine_color.png", palette.paint(image.mask))
        self.put_photo(image, root / "leftImg8bit" / part / city, f"{stem}_leftImg8bit")
        return [image.key, f"{part}/{city}/{stem}"]

    def finish(self, notes: Sequence[Sequence[str]], run: WholeRun) -> list[Path]:
        """Write the list of classes with their ids; raise `UserError` if two images have had one name."""
        keys: dict[str, str] = {}
        for key, name in notes:
            if keys.setdefault(name, key) != key:
                raise UserError(
                    f"cityscapes gives {keys[name]} and {key} the same name, {name}, so that one was written over; "
                    "rename the file or folder of one of them"
                )
        rows = zip(
            run.palette.names,
            *run.palette.painted.T.tolist(),
            label_ids(run.palette),
            train_ids(run.palette),
            strict=True,
        )
        root = run.folder / "cityscapes"
        return [
            write_csv(root / "labels.csv", ["name", "r", "g", "b", "id", "trainId"], rows),
            write_text(root / "label_colors.txt", _label_colors(run.palette)),
        ]


def label_ids(palette: Palette) -> list[int]:
    """Return the `labelIds` of the palette's classes."""
    others = iter(range(len(NAMES), len(NAMES) + len(palette)))
    return [NAMES.index(name) if name in NAMES else next(others) for name in palette.names]


def train_ids(palette: Palette) -> list[int]:
    """Return the `labelTrainIds`: 0 to 18 as Cityscapes has them, 255 for its other classes, then the rest."""
    others = iter(range(len(TRAINED), len(TRAINED) + len(palette)))
    ids = label_ids(palette)
    return [TRAINED.index(i) if i in TRAINED else UNTRAINED if i < len(NAMES) else next(others) for i in ids]


def _label_colors(palette: Palette) -> str:
    """Return the classes by their `labelTrainIds`, as Datumaro names them; without it, it takes Cityscapes' own."""
    colors = palette.painted.tolist()
    by_id = {number: (palette.names[k], colors[k]) for k, number in enumerate(train_ids(palette)) if number < UNTRAINED}
    rows = [
        by_id.get(n, (NAMES[TRAINED[n]] if n < len(TRAINED) else "", [0, 0, 0]))
        for n in range(max(by_id, default=-1) + 1)
    ]
    # The file separates by blanks, so a name has none.
    return "".join(f"{red} {green} {blue} {'_'.join(name.split())}\n" for name, (red, green, blue) in rows)


def _mapped(mask: NDArray[Any], palette: Palette, ids: Sequence[int], none: int) -> NDArray[np.uint8]:
    table = np.full(palette.ignore + 1, none, np.uint8)
    table[: len(ids)] = ids
    return table[mask]


def _named(key: str) -> tuple[str, str]:
    """Return city and stem; a file with a name of Cityscapes keeps it."""
    *folders, name = key.split("/")
    stem = re.sub(r"_(gtFine|gtCoarse|leftImg8bit)\w*$", "", name)
    if re.fullmatch(r"[^_]+_\d{6}_\d{6}", stem):
        return stem.split("_")[0], stem
    city = "-".join(folders).replace("_", "-") or "city"
    return city, f"{city}_{stem}"
