"""Writers: what a run leaves on disk, one file per option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette


@dataclass(frozen=True, eq=False)
class Segmented:
    """One label image with its index mask.

    Attributes
    ----------
    key : str
        Path of the files to write, below the writer's folder and without suffix; sub-folders with `/`.
    position : int
        Place of the image in the dataset, from 0.
    label : ndarray of shape (H, W, 3), uint8
        The label image.
    mask : ndarray of shape (H, W), uint8 or uint16
        Its index mask.
    read_photo : callable
        Reads the photo `(H, W, 3)` uint8, or returns None where there is none.
    photo_file : Path or None
        The photo's own file; None where there is no photo, or label and photo share a file.
    """

    key: str
    position: int
    label: NDArray[np.uint8]
    mask: NDArray[Any]
    read_photo: Callable[[], NDArray[np.uint8] | None]
    photo_file: Path | None = None


class Writer(Protocol):
    """What every writer does: `check` before any work, `write` per image in a worker, `finish` once."""

    def check(self, palette: Palette) -> None:
        """Fail if this palette lacks what the writer's options ask for."""

    def write(self, image: Segmented, palette: Palette, folder: Path) -> Any:
        """Write what belongs to one image below the run's folder; return what `finish` needs, something small."""

    def finish(self, notes: Sequence[Any], palette: Palette, folder: Path) -> list[Path]:
        """Write what belongs to the whole run and return those files; the run's record gets them, too.

        `notes` are the values of `write`, None left out, in order.
        """


class PerImage:
    """A writer that has nothing to check and nothing to write for the whole run."""

    def check(self, palette: Palette) -> None:
        """Accept any palette."""

    def finish(self, notes: Sequence[Any], palette: Palette, folder: Path) -> list[Path]:
        """Write nothing more."""
        return []
