"""The Python API: `discover` returns a palette, `segment` index masks."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.audit.legend_check import seems_bgr
from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces import ColorSpace
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets import Item, image_files
from kmseg.discovery.palette import find_palette
from kmseg.discovery.statistics import ColorStatistics
from kmseg.errors import UnreadableImage, UserError
from kmseg.executors import Executor
from kmseg.executors.serial import Serial
from kmseg.executors.threads import Threads
from kmseg.histogram import Histogram
from kmseg.images import LabelImage, read_label_image
from kmseg.legends.formats import read_palette
from kmseg.maskers import Masker
from kmseg.maskers.boundary import Boundary
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import CountColors, Counted
from kmseg.pipeline.palette_source import PaletteSource, find_named_palette, with_names
from kmseg.pixels.distance import between

Image = str | os.PathLike[str] | NDArray[np.uint8]
Images = Image | Iterable[Image]
"""A folder, a file, an RGB array `(H, W, 3)` uint8, or any number of files and arrays."""


CHECKED_ARRAYS = 5
"""Number of arrays that are compared with the legend, to warn of BGR order and of other colors."""

FAR = 40
"""RGB units beyond which a pixel hardly has a color, as in the metric `palette/farther_than_40`."""

MAX_FAR_SHARE = 0.5
"""Share of such pixels from which on the arrays seem to have another legend."""

RGB = Rgb()
BOUNDARY = Boundary()


def discover(
    images: Images,
    *,
    k: int | str = "auto",
    names: str = "auto",
    snap: bool = False,
    pin: Sequence[Sequence[int]] = (),
    forbid: Sequence[Sequence[int]] = (),
    color_space: ColorSpace = RGB,
    seed: int = 0,
    workers: int = 1,
) -> Palette:
    """Find the palette of color-coded label images.

    Parameters
    ----------
    images : folder, file, array of shape (H, W, 3) uint8 RGB, or any number of files and arrays
        Label images. A folder is searched with its sub-folders.
    k : int or "auto"
        Number of classes; `auto` finds it from the data. A number uses K-Means, as in the paper.
    names : str
        `auto` names the classes if the palette is recognized as a published legend, `none` numbers them, and the slug
        of a published legend takes its names.
    snap : bool
        Whether recognized classes also take the published colors.
    pin, forbid : sequence of (r, g, b)
        Colors that are always classes, and colors that never are; for `k="auto"`.
    color_space : ColorSpace
        Color space for clustering, for example `kmseg.color_spaces.lab.Lab()`.
    seed : int
        Seed of the clusterer.
    workers : int
        Threads that read the images; 1 uses the current one, -1 one per core.

    Raises
    ------
    UserError
        If an image cannot be read, or no color stands out as a class.

    Examples
    --------
    >>> label = np.zeros((8, 8, 3), np.uint8)
    >>> label[:, 4:] = (128, 64, 128)
    >>> discover(label).colors.tolist()
    [[0, 0, 0], [128, 64, 128]]
    """
    _check_part("color_space", color_space, "to_features", "kmseg.color_spaces.lab.Lab()")
    source = PaletteSource(names=names, snap=snap, pin=pin, forbid=forbid)
    clusterer = KMeans(k=k, seed=seed)
    given = _Images.of(images)
    if k == "auto":
        statistics = _counted(CountColors(given, ColorStatistics), workers).counts
        return find_named_palette(statistics, source, clusterer, color_space).palette
    if pin or forbid:
        raise UserError(f"pin and forbid need k='auto', but k is {k}; leave them out, or set k='auto'")
    histogram = _counted(CountColors(given, Histogram), workers).counts
    return with_names(find_palette(histogram, clusterer, color_space), source).palette


def segment(
    images: Images,
    palette: Palette | Mapping[str, Sequence[int]] | str | os.PathLike[str],
    *,
    masker: Masker = BOUNDARY,
    color_space: ColorSpace = RGB,
    workers: int = 1,
) -> list[NDArray[Any]]:
    """Turn label images into index masks.

    Parameters
    ----------
    images : folder, file, array of shape (H, W, 3) uint8 RGB, or any number of files and arrays
        Label images.
    palette : Palette, mapping of names to (r, g, b), or path
        The legend, or a legend file.
    masker : Masker
        Masker, for example `kmseg.maskers.nearest.Nearest()`, the paper's method.
    color_space : ColorSpace
        Color space in which colors are compared.
    workers : int
        Threads that do the work; 1 uses the current one, -1 one per core.

    Returns
    -------
    list of ndarray of shape (H, W), uint8 (uint16 past 255 classes)
        Rows of the palette, one mask for each image in their order (a folder's by name); `palette.ignore` for
        pixels of no class. `palette.paint(mask)` colors a mask.

    Raises
    ------
    UserError
        If an image or the legend cannot be read.

    Warns
    -----
    UserWarning
        If the first arrays hardly have the legend's colors, or have them in BGR order.

    Examples
    --------
    >>> label = np.zeros((1, 2, 3), np.uint8)
    >>> label[0, 1] = 255
    >>> segment(label, Palette(["no", "yes"], [(0, 0, 0), (255, 255, 255)]))[0].tolist()
    [[0, 1]]
    """
    legend = _legend(palette)
    _check_part("masker", masker, "for_palette", "kmseg.maskers.nearest.Nearest()")
    _check_part("color_space", color_space, "to_features", "kmseg.color_spaces.lab.Lab()")
    given = _Images.of(images)
    if doubt := _doubt(given.images[:CHECKED_ARRAYS], legend):
        warnings.warn(doubt, stacklevel=2)
    work = _MaskChunk(given, legend, masker, color_space)
    return [mask for chunk in _executor(workers).map(work, given.items()) for mask in chunk]


@dataclass(frozen=True, eq=False)
class _Images:
    """The given images as a dataset."""

    images: Sequence[Path | NDArray[np.uint8]]

    @classmethod
    def of(cls, images: Images) -> _Images:
        """Make it of the argument `images`; raise `UserError` for anything that cannot be a label image."""
        if isinstance(images, str | os.PathLike) and storage.is_folder(Path(images)):
            return cls(list(image_files(Path(images)).values()))
        alone = isinstance(images, str | os.PathLike) or getattr(images, "ndim", 0) in (2, 3) or _is_pillow(images)
        if not alone and (not isinstance(images, Iterable) or isinstance(images, Mapping | bytes)):
            raise UserError(
                f"images is {type(images).__name__}; expected a folder, files or arrays (H, W, 3) uint8 RGB"
            )
        several = [cast(Image, images)] if alone else list(cast(Iterable[Image], images))
        if not several:
            raise UserError("there are no images; give a folder, files or arrays")
        return cls([_image(image, number) for number, image in enumerate(several)])

    def items(self) -> list[Item]:
        """List the images by number; an array has its number as path."""
        return [Item(str(n), i if isinstance(i, Path) else Path(str(n))) for n, i in enumerate(self.images)]

    def read_label(self, item: Item) -> LabelImage:
        """Return an image."""
        image = self.images[int(item.key)]
        return read_label_image(image) if isinstance(image, Path) else LabelImage(image)

    def read_photo(self, item: Item) -> None:
        """Return None: only labels are given."""

    def truth(self) -> None:
        """Return None: there is no truth."""

    def fingerprint(self, item: Item) -> None:
        """Return None: arrays change without a trace."""


@dataclass(frozen=True)
class _MaskChunk:
    """The work on a chunk of images."""

    given: _Images
    palette: Palette
    masker: Masker
    space: ColorSpace

    def __call__(self, chunk: Sequence[Item]) -> list[NDArray[Any]]:
        mask = self.masker.for_palette(self.palette, self.space)
        return [mask(self.given.read_label(item)) for item in chunk]


def _legend(palette: Any) -> Palette:
    """Return the palette that an argument is, or names."""
    if isinstance(palette, Palette):
        return palette
    if isinstance(palette, Mapping):
        return Palette([str(name) for name in palette], np.array(list(palette.values())))
    if isinstance(palette, str | os.PathLike):
        return read_palette(os.fspath(palette))
    raise UserError(
        f"palette is {type(palette).__name__}; expected a Palette, names with (r, g, b), or the path of a legend file"
    )


def _check_part(name: str, part: object, method: str, example: str) -> None:
    if isinstance(part, type) or not hasattr(part, method):
        raise UserError(f"{name} is {part!r}; expected one such as {example}")


def _doubt(images: Sequence[Path | NDArray[np.uint8]], legend: Palette) -> str:
    """Return a warning if arrays hardly have the legend's colors, or have them in BGR order; else an empty text."""
    arrays = [image for image in images if not isinstance(image, Path)]
    if not arrays:
        return ""
    histogram = Histogram.of_all(arrays)
    if seems_bgr(histogram, legend):
        return (
            "the arrays have the legend's colors with red and blue exchanged, as cv2.imread returns them; "
            "kmseg expects RGB: give image[..., ::-1]"
        )
    far = between(histogram.colors, legend.sources[0]).min(axis=1) > FAR
    share = float(histogram.counts[far].sum() / histogram.counts.sum())
    if share < MAX_FAR_SHARE:
        return ""
    return (
        f"{share:.0%} of the pixels are farther than {FAR} from every color of the legend: photos, or another legend?"
    )


def _is_pillow(image: object) -> bool:
    """Tell whether an object is an image of Pillow."""
    return hasattr(image, "getbands") and hasattr(image, "convert")


def _image(image: Any, number: int) -> Path | NDArray[np.uint8]:
    if isinstance(image, str | os.PathLike):
        if Path(image).is_dir():
            raise UserError(f"image {number} is the folder {image}; give a folder alone, not in a list")
        return Path(image)
    array = np.asarray(image.convert("RGB") if _is_pillow(image) else image)
    if array.dtype != np.uint8 and array.dtype.kind in "iuf" and array.size and 1 < array.max() <= 255:
        whole = array.astype(np.uint8)
        array = whole if np.array_equal(whole, array) else array
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise UserError(
            f"image {number} is an array of shape {array.shape} and type {array.dtype}; expected RGB, (H, W, 3) uint8"
            + _how_to_convert(array)
        )
    if not array.size:
        raise UserError(f"image {number} is an array of shape {array.shape} without pixels; leave it out")
    return np.require(array, requirements=["C", "W"])  # the compiled loops take writable arrays


def _how_to_convert(array: NDArray[Any]) -> str:
    if array.ndim == 3 and array.shape[2] == 4:
        return "; drop alpha with image[..., :3]"
    if array.ndim == 3 and array.shape[0] == 3:
        return "; move the channels with image.transpose(1, 2, 0)"
    if array.ndim == 2:
        return "; of a gray image or an index mask, give np.dstack([image] * 3)"
    if array.dtype.kind == "f" and array.size and array.min() >= 0 and array.max() <= 1:
        return "; levels go from 0 to 1, so give (255 * image).round().astype(np.uint8)"
    return ""


def _counted(work: CountColors[Any], workers: int) -> Counted[Any]:
    counted = work.add_up(list(_executor(workers).map(work, work.dataset.items())))
    if counted.failures:
        raise UnreadableImage(counted.failures[0])
    return counted


def _executor(workers: int) -> Executor:
    return Serial() if workers == 1 else Threads("auto" if workers == -1 else workers)
