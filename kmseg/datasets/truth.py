"""The truth that a run is measured against: a legend, and index masks in its rows."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.datasets import Item
from kmseg.datasets.listing import find_images
from kmseg.datasets.matching import match_names
from kmseg.datasets.tree import walk_tree
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import read_complete_file
from kmseg.legends.formats import Legend, read_legend
from kmseg.palette import Palette
from kmseg.validation import check_text

SAMPLED_MASKS = 20
"""Masks that are looked at, about, to tell what their values mean."""

MASK_FORMATS = ("PNG", "TIFF", "BMP")
"""Formats of masks, as Pillow names them: others change class numbers."""


@dataclass(frozen=True)
class Truth:
    """The true legend and the true masks of a dataset.

    Parameters
    ----------
    legend : str or None
        Legend file; its rows are the classes of the masks.
    masks : str or None
        Folder of index masks, PNG, TIFF or BMP, 8 or 16 bits, 255 (65535) = ignore, or of masks in the legend's colors;
        they belong to label images by the rule of `kmseg.datasets.matching`. Masks of a legend of two classes may be 0
        and 255 instead: 255 is the second class.
    """

    legend: str | None = None
    masks: str | None = None

    def __post_init__(self) -> None:
        check_text("truth.legend", self.legend, optional=True)
        check_text("truth.masks", self.masks, optional=True)
        if self.masks is not None and self.legend is None:
            raise UserError("truth.masks needs truth.legend, since mask values are rows of the legend; give both")
        if self.masks is not None and not storage.is_folder(Path(self.masks)):
            raise UserError(f"truth.masks={self.masks} is not an existing folder; give the folder of index masks")
        if self.legend is not None:
            _ = self.palette

    @cached_property
    def _read(self) -> Legend | None:
        return None if self.legend is None else read_legend(self.legend)

    @property
    def palette(self) -> Palette | None:
        """The true palette, if a legend is given."""
        return None if self._read is None else self._read.palette

    @property
    def warnings(self) -> Sequence[str]:
        """One sentence for each entry of the legend file that is probably a mistake."""
        said = () if self._read is None else self._read.warnings
        if self.palette is None or self._in_colors:
            return said
        values, classes = self._values, len(self.palette)
        if values and values <= {classes, *range(1, classes), *IGNORED} and classes in values:
            return (
                *said,
                f"the true masks in {self.masks} hold 1 to {classes} and no 0: they seem to count the "
                "legend's classes from 1; expected its rows, from 0",
            )
        if values and values <= IGNORED:
            return (
                *said,
                f"the true masks in {self.masks} hold {min(values)} alone, which is ignored: none is evaluated",
            )
        if not self._only_0_and_255:
            return said
        if self.binary:
            return (*said, f"the true masks hold 0 and 255 alone: 255 is read as {self.palette.names[1]!r}")
        return (
            *said,
            f"the true masks in {self.masks} hold 0 and 255 alone, so 255 is ignored and only "
            f"{self.palette.names[0]!r} is evaluated; expected rows of the legend, 0 to {classes - 1}",
        )

    @property
    def binary(self) -> bool:
        """Whether 255 means the second of two classes in the masks, and not ignore."""
        return self.palette is not None and len(self.palette) == 2 and self._only_0_and_255

    @cached_property
    def _sample(self) -> list[NDArray[Any]]:
        """The distinct values, or colors `(n, 3)`, of each of some masks."""
        files = list(self._mask_files.values())
        found = []
        for path in files[:: len(files) // SAMPLED_MASKS + 1]:
            try:
                mask = read_true_mask(path)
            except UnreadableImage:  # reported when its image is evaluated
                continue
            found.append(np.unique(mask) if mask.ndim == 2 else np.unique(mask.reshape(-1, 3), axis=0))
        return found

    @cached_property
    def _in_colors(self) -> bool:
        """Whether the masks that were looked at are in the legend's colors, all of them and to the pixel."""
        colors = [values for values in self._sample if values.ndim == 2]
        if self.palette is None or not colors or len(colors) < len(self._sample):
            return False
        known = set(map(tuple, self.palette.sources[0].tolist()))
        return all(color in known for values in colors for color in map(tuple, values.tolist()))

    @cached_property
    def _values(self) -> set[int]:
        """The values in the masks that were looked at."""
        return {int(value) for values in self._sample if values.ndim == 1 for value in values}

    @property
    def _only_0_and_255(self) -> bool:
        """Whether a sample of the masks holds the values 0 and 255 and no others."""
        return 255 in self._values and self._values <= {0, 255}

    @cached_property
    def _mask_files(self) -> Mapping[str, Path]:
        return {} if self.masks is None else find_images(walk_tree(self.masks)).images

    def for_items(self, items: Sequence[Item]) -> Truth:
        """Return the truth with its masks matched to the items of a dataset; a label image is no true mask."""
        if self.masks is None:
            return self
        labels = {str(item.label.absolute()) for item in items}
        names = [name for name, path in self._mask_files.items() if str(path.absolute()) not in labels]
        pairs = match_names([item.key for item in items], names).pairs
        matched = replace(self)
        matched.__dict__["_partners"] = {key: str(self._mask_files[name]) for key, name in pairs.items()}
        return matched

    def for_workers(self) -> Truth:
        """Return the truth without the list of its mask files: it is sent with each chunk of images."""
        bare = replace(self)
        bare.__dict__["_sample"] = self._sample
        return bare

    @cached_property
    def _partners(self) -> Mapping[str, str]:
        """Mask files by keys: those of equal paths, or of names that only one mask has; `for_items` knows more."""
        names = Counter(key.rpartition("/")[2] for key in self._mask_files)
        files = {key: str(path) for key, path in self._mask_files.items()}
        alone = {key.rpartition("/")[2]: file for key, file in files.items()}
        return {name: file for name, file in alone.items() if names[name] == 1} | files

    def mask_file(self, key: str) -> Path | None:
        """Return the file of an item's true mask; None if it has none."""
        file = self._partners.get(key)
        return None if file is None else Path(file)

    def read_mask(self, path: Path, shape: tuple[int, int]) -> NDArray[np.int64]:
        """Return a true mask `(H, W)` as rows of the legend, -1 = ignore.

        Raises `UnreadableImage` if it cannot be read, has another shape or rows that the legend lacks.
        """
        classes = len(self.palette) if self.palette is not None else 0
        mask = read_true_mask(path)
        if mask.shape[:2] != shape:
            raise UnreadableImage(f"{path}: the true mask has shape {mask.shape[:2]}, its label image {shape}")
        if mask.ndim == 3:
            return self._rows_of_colors(path, mask)
        ignored = np.iinfo(mask.dtype).max
        if self.binary:
            return (mask > 0).astype(np.int64)
        rows = np.append(np.arange(ignored), -1).take(mask)
        if rows.max(initial=-1) >= classes:
            raise UnreadableImage(f"{path}: class {rows.max()} is not a row of {self.legend}")
        return rows

    def _rows_of_colors(self, path: Path, mask: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the rows of a mask `(H, W, 3)`: its colors, or where they are no colors of the legend, gray values."""
        assert self.palette is not None
        if self._in_colors:
            sources, owner = self.palette.sources
            known = {tuple(color): row for color, row in zip(sources.tolist(), owner.tolist(), strict=True)}
        else:
            known = {(row, row, row): row for row in range(len(self.palette))} | {(255, 255, 255): -1}
        colors, places = np.unique(mask.reshape(-1, 3), axis=0, return_inverse=True)
        unknown = next((color for color in map(tuple, colors.tolist()) if color not in known), None)
        if unknown is not None:
            raise UnreadableImage(
                f"{path}: {' '.join(map(str, unknown))} is no color of {self.legend}; expected index masks, or "
                "masks in the legend's colors"
            )
        rows = np.array([known[tuple(color)] for color in colors.tolist()], np.int64)
        rows[rows == self.palette.ignore] = -1
        return np.asarray(rows[places.reshape(mask.shape[:2])])


IGNORED = frozenset({255, 65535})
"""Values of masks that are ignored."""


def read_true_mask(path: Path) -> NDArray[Any]:
    """Read an index mask `(H, W)`, uint8 or uint16, or one in color `(H, W, 3)`; a paletted one is its indices."""
    from PIL import Image

    data = read_complete_file(path)
    try:
        with Image.open(io.BytesIO(data), formats=MASK_FORMATS) as image:
            if image.mode in ("P", "L", "1"):
                return np.asarray(image.convert("L") if image.mode == "1" else image)
            if image.mode == "RGB":
                return np.asarray(image)
        mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except Exception:  # decoders raise anything for a broken file
        mask = None
    if mask is None or mask.ndim != 2 or mask.dtype not in (np.uint8, np.uint16):
        raise UnreadableImage(
            f"{path}: not a mask; expected PNG, TIFF or BMP, gray or paletted class numbers, or the legend's colors"
        )
    return mask
