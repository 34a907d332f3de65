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


@dataclass(frozen=True)
class Truth:
    """The true legend and the true masks of a dataset.

    Parameters
    ----------
    legend : str or None
        Legend file; its rows are the classes of the masks.
    masks : str or None
        Folder of index masks, PNG, 8 or 16 bits, 255 (65535) = ignore; matched to label images by relative path,
        else by unique file name.
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
        return () if self._read is None else self._read.doubts

    @cached_property
    def _masks(self) -> FileMatcher:
        root = Path(self.masks or ".")
        files = sorted(root.rglob("*.png")) if self.masks is not None else []
        return FileMatcher({path.relative_to(root).with_suffix("").as_posix(): path for path in files})

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
