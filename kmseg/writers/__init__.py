"""Writers: output formats, one file per option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kmseg.images import LabelImage
from kmseg.palette import Palette

if TYPE_CHECKING:
    from kmseg.discovery.candidates import Candidates


@dataclass(frozen=True, eq=False)
class Segmented:
    """One label image with its index mask.

    Attributes
    ----------
    key : str
        Path of the files to write, below the writer's folder and without suffix; sub-folders with `/`.
    position : int
        Position of the image in the dataset, from 0.
    label : ndarray of shape (H, W, 3), uint8
        The label image.
    mask : ndarray of shape (H, W), uint8 or uint16
        Its index mask.
    read_photo : callable
        Reads the photo `(H, W, 3)` uint8, or returns None if there is none.
    photo_file : Path or None
        The photo's own file; None where there is no photo, or label and photo share a file.
    split : str or None
        `train`, `val` or `test`, where the data set says so.
    complete : ndarray of shape (H, W) or None
        The index mask before pixels of a low confidence were ignored; None where none were.
    """

    key: str
    position: int
    label: NDArray[np.uint8]
    mask: NDArray[Any]
    read_photo: Callable[[], NDArray[np.uint8] | None]
    photo_file: Path | None = None
    split: str | None = None
    complete: NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class WholeRun:
    """The results of a run after all images are masked, for files about the whole run.

    Attributes
    ----------
    class_pixels : ndarray of shape (k,), int64
        Pixels of each class in all images.
    metrics : mapping of str to float
        The run's metrics, by their names in `kmseg.metrics.MEANING`.
    warnings : sequence of str
        One sentence for each finding about the data that the user should know.
    unmatched : mapping of str to float
        Share of unmatched pixels of each image, by the image's key.
    read_label, read_photo : callable
        Read the label image (a `LabelImage`), the photo `(H, W, 3)` uint8 of the image with a key; None if there is
        none.
    mask : callable
        Returns the index mask `(H, W)` of a label image, or of a part of one.
    unmatched_pixels : callable
        Returns the unmatched pixels `(H, W)` bool of a label image.
    contradicted : mapping of str to float
        Share of the blocks of each JPEG file that its mask contradicts, by the image's key; of masker=jpeg.
    contradicted_pixels : callable
        Returns the pixels `(H, W)` bool of these blocks of a label image.
    candidates : Candidates or None
        Every color that was considered, if discovery found the palette.
    overrides : sequence of str
        The overrides of the command line.
    """

    palette: Palette
    folder: Path
    class_pixels: NDArray[np.int64]
    metrics: Mapping[str, float]
    warnings: Sequence[str]
    unmatched: Mapping[str, float]
    read_label: Callable[[str], LabelImage | None]
    read_photo: Callable[[str], NDArray[np.uint8] | None]
    mask: Callable[[LabelImage], NDArray[Any]]
    unmatched_pixels: Callable[[LabelImage], NDArray[np.bool_]]
    candidates: Candidates | None = None
    overrides: Sequence[str] = ()
    contradicted: Mapping[str, float] = field(default_factory=dict)
    contradicted_pixels: Callable[[LabelImage], NDArray[np.bool_]] = lambda label: np.zeros(label.shape[:2], np.bool_)


class Writer(Protocol):
    """The protocol of a writer: `check` before any work, `write` per image in a worker, `finish` once."""

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if the palette does not suit the writer or its options."""

    def write(self, image: Segmented, palette: Palette, folder: Path) -> Any:
        """Write the files of one image below the run's folder; return what `finish` needs, a small object.

        If it is JSON (text, numbers, lists, dicts with text keys) or None, an incremental run stores it in the manifest
        and skips the unchanged image; otherwise the image is written again.
        """

    def needs_again(self, position: int) -> bool:
        """Return whether `write` needs the image at this position again, though an earlier run wrote its files."""

    def finish(self, notes: Sequence[Any], run: WholeRun) -> list[Path]:
        """Write the files of the whole run below `run.folder` and return them; they are also tracked.

        `notes` are the return values of `write`, without None, in order.
        """


class PerImage:
    """Base of writers: accepts any palette and any photos, and writes nothing at the end of the run."""

    def check(self, palette: Palette) -> None:
        """Accept any palette."""

    def check_photos(self, photos: Sequence[Path]) -> None:
        """Accept any photos."""

    def needs_again(self, position: int) -> bool:
        """Return False: files of unchanged images are reused."""
        return False

    def finish(self, notes: Sequence[Any], run: WholeRun) -> list[Path]:
        """Write nothing."""
        return []
