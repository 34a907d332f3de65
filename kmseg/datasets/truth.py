"""The truth that a run is measured against: a legend, and index masks in its rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.datasets.matching import FileMatcher
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import read_complete_file
from kmseg.legends.formats import Legend, read_legend
from kmseg.palette import Palette
from kmseg.validation import check_text

SAMPLED_MASKS = 20
"""Masks that are looked at, about, to tell what their values mean."""


@dataclass(frozen=True)
class Truth:
    """The true legend and the true masks of a dataset.

    Parameters
    ----------
    legend : str or None
        Legend file; its rows are the classes of the masks.
    masks : str or None
        Folder of index masks, PNG, 8 or 16 bits, 255 (65535) = ignore; matched to label images by relative path,
        else by unique file name. Masks of a legend of two classes may be 0 and 255 instead: 255 is the second class.
    """

    legend: str | None = None
    masks: str | None = None

    def __post_init__(self) -> None:
        check_text("truth.legend", self.legend, optional=True)
        check_text("truth.masks", self.masks, optional=True)
        if self.masks is not None and self.legend is None:
            raise UserError("truth.masks needs truth.legend, since mask values are rows of the legend; give both")
        if self.masks is not None and not Path(self.masks).is_dir():
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
        if self.palette is None or not self._only_0_and_255:
            return said
        if self.binary:
            return (*said, f"the true masks hold 0 and 255 alone: 255 is read as {self.palette.names[1]!r}")
        return (
            *said,
            f"the true masks in {self.masks} hold 0 and 255 alone, so 255 is ignored and only "
            f"{self.palette.names[0]!r} is evaluated; expected rows of the legend, 0 to {len(self.palette) - 1}",
        )

    @property
    def binary(self) -> bool:
        """Whether 255 means the second of two classes in the masks, and not ignore."""
        return self.palette is not None and len(self.palette) == 2 and self._only_0_and_255

    @cached_property
    def _only_0_and_255(self) -> bool:
        """Whether a sample of the masks holds the values 0 and 255 and no others."""
        files = list(self._mask_files.values())
        values: set[int] = set()
        for path in files[:: len(files) // SAMPLED_MASKS + 1]:
            try:
                values |= set(np.unique(read_index_mask(path)).tolist())
            except UnreadableImage:  # reported when its image is evaluated
                continue
        return 255 in values and values <= {0, 255}

    @cached_property
    def _mask_files(self) -> dict[str, Path]:
        if self.masks is None:
            return {}
        root = Path(self.masks)
        files = sorted(path for path in root.rglob("*") if path.suffix.lower() == ".png")
        return {path.relative_to(root).with_suffix("").as_posix(): path for path in files}

    @cached_property
    def _masks(self) -> FileMatcher:
        return FileMatcher(self._mask_files)

    def mask_file(self, key: str) -> Path | None:
        """Return the file of an item's true mask; None if it has none."""
        return self._masks.find(key)

    def read_mask(self, path: Path, shape: tuple[int, int]) -> NDArray[np.int64]:
        """Return a true mask `(H, W)` as rows of the legend, -1 = ignore.

        Raises `UnreadableImage` if it cannot be read, has another shape or rows that the legend lacks.
        """
        classes = len(self.palette) if self.palette is not None else 0
        mask = read_index_mask(path)
        if mask.shape != shape:
            raise UnreadableImage(f"{path}: the true mask has shape {mask.shape}, its label image {shape}")
        ignored = np.iinfo(mask.dtype).max
        if self.binary:
            return (mask > 0).astype(np.int64)
        rows = np.append(np.arange(ignored), -1).take(mask)
        if rows.max(initial=-1) >= classes:
            raise UnreadableImage(f"{path}: class {rows.max()} is not a row of {self.legend}")
        return rows


def read_index_mask(path: Path) -> NDArray[Any]:
    """Read an index mask `(H, W)`, uint8 or uint16; a paletted PNG is read as its indices."""
    from PIL import Image

    data = read_complete_file(path)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.mode in ("P", "L"):
                return np.asarray(image)
        mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except Exception:  # decoders raise anything for a broken file
        mask = None
    if mask is None or mask.ndim != 2 or mask.dtype not in (np.uint8, np.uint16):
        raise UnreadableImage(f"{path}: not an index mask; expected a gray or paletted PNG of class numbers")
    return mask
