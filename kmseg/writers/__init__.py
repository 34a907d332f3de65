"""Writers: what a run leaves on disk, one file per option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery.candidates import Candidates
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


@dataclass(frozen=True, eq=False)
class WholeRun:
    """A run whose images are all masked, for the files that speak of the whole.

    Attributes
    ----------
    class_pixels : ndarray of shape (k,), int64
        Pixels of each class in all images.
    metrics : mapping of str to float
        The run's figures, by their names in `kmseg.metrics.MEANING`.
    said : sequence of str
        One sentence for each thing about the data that the user should know.
    unmatched : mapping of str to float
        Share of the pixels of each image that the palette does not explain, by the image's key.
    read_label, read_photo : callable
        Read the label image, the photo `(H, W, 3)` uint8 of the image with a key; None if there is none.
    mask : callable
        Returns the index mask `(H, W)` of a label image, or of a part of one.
    unmatched_pixels : callable
        Tells which pixels `(H, W)` of a label image the palette does not explain.
    candidates : Candidates or None
        Every color that was considered, where the data chose the classes.
    overrides : sequence of str
        What the user changed on the command line.
    """

    palette: Palette
    folder: Path
    class_pixels: NDArray[np.int64]
    metrics: Mapping[str, float]
    said: Sequence[str]
    unmatched: Mapping[str, float]
    read_label: Callable[[str], NDArray[np.uint8] | None]
    read_photo: Callable[[str], NDArray[np.uint8] | None]
    mask: Callable[[NDArray[np.uint8]], NDArray[Any]]
    unmatched_pixels: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
    candidates: Candidates | None = None
    overrides: Sequence[str] = ()


class Writer(Protocol):
    """What every writer does: `check` before any work, `write` per image in a worker, `finish` once."""

    def check(self, palette: Palette) -> None:
        """Fail if this palette lacks what the writer's options ask for."""

    def write(self, image: Segmented, palette: Palette, folder: Path) -> Any:
        """Write what belongs to one image below the run's folder; return what `finish` needs, something small.

        If that is plain JSON (text, numbers, lists, dicts with text keys), an incremental run keeps it and leaves the
        image alone; anything else it asks for again, unless it is None.
        """

    def sees_again(self, position: int) -> bool:
        """Tell whether `write` must see the image at this place again, though an earlier run wrote its files."""

    def finish(self, notes: Sequence[Any], run: WholeRun) -> list[Path]:
        """Write what belongs to the whole run below `run.folder` and return those files, which its record gets, too.

        `notes` are the values of `write`, None left out, in order.
        """


class PerImage:
    """A writer that has nothing to check and nothing to write for the whole run."""

    def check(self, palette: Palette) -> None:
        """Accept any palette."""

    def sees_again(self, position: int) -> bool:
        """Tell that a file that is there stands."""
        return False

    def finish(self, notes: Sequence[Any], run: WholeRun) -> list[Path]:
        """Write nothing more."""
        return []
