"""Labels that were blended onto photos, with the photos beside: the blend is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.datasets import Item, Listed, OfFiles, existing_folder
from kmseg.datasets.folder import describe_pairs
from kmseg.datasets.items import PackedItems
from kmseg.datasets.listing import list_images, summarize
from kmseg.datasets.matching import match_names
from kmseg.datasets.truth import Truth
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import JPEG_SUFFIXES, LabelImage, read_rgb
from kmseg.pixels.local_range import largest_channel
from kmseg.pixels.packing import pack
from kmseg.validation import check_number

OPACITIES = np.arange(0.1, 0.97, 0.04)
"""Opacities that are tried first; then steps of 0.01 around the one that stands out most from those 0.08 beside it: the
likeness itself grows with the opacity, as errors shrink."""

BESIDE = 0.08
"""Distance of the opacities that one is compared with."""

OPAQUE_GAIN = 1.5
"""Times the likeness of the best opacity at which labels were painted over the photos: nothing beside 1 shows it."""

SAMPLED_FILES, SAMPLED_PIXELS = 6, 20_000
"""Files, and pixels of each, on which the opacity is found."""

CELL, FULLEST = 8, 40
"""Side of a color cell in levels, and the number of the fullest cells whose share of the pixels is told."""

MIN_SHARE, MIN_SHARPNESS = 0.25, 1.2
"""Least share of the pixels in the fullest cells at the best opacity, and least sharpness. Without a blend colors are
in few cells only where both are gray, and then at every opacity: two versions of a gray photo have 1.0 to 1.15."""

UNCHANGED = 2, 6
"""Levels within which a pixel is the photo's, without JPEG and with it: outside the objects of a partial overlay."""

PARTIAL = 0.05
"""Share of unchanged pixels from which on an overlay covers objects only; what is unchanged becomes black."""

MAX_SHOWN_LIKENESS = 0.5
"""Chance that two unchanged pixels have one color, up to which they show a photo: a black margin has 1."""

MAX_ROUNDED_COLORS, MAX_CLASSES = 20_000, 256
"""Distinct colors among which, and the number up to which, the most frequent ones are looked for."""

LOSSY_SUFFIXES = JPEG_SUFFIXES | {".webp"}


@dataclass(frozen=True)
class FoundOpacity:
    """An opacity, and how surely it is the one at which labels were blended in.

    Attributes
    ----------
    opacity : float
    share : float
        Share of the pixels in the fullest color cells, once the blend is undone.
    likeness : float
        Chance that two pixels of one image are then in the same cell (E. H. Simpson, "Measurement of Diversity", Nature
        163, 1949).
    sharpness : float
        Likeness, times that at the opacities 0.08 beside.
    """

    opacity: float
    share: float
    likeness: float
    sharpness: float


@dataclass(frozen=True)
class Overlay(OfFiles):
    """Overlays of labels on photos: `overlay = opacity * label + (1 - opacity) * photo`, solved for the label.

    Parameters
    ----------
    root : str
        Folder of the overlays; sub-folders are searched.
    photos : str
        Folder of the photos, matched as by `dataset=folder`.
    opacity : float or "auto"
        Share of the label's color in a pixel; `auto` takes the opacity at which the labels have the fewest colors.

    Notes
    -----
    Errors of rounding and JPEG grow by 1 / opacity. At a wrong opacity the photo's texture stays in the label and its
    colors are spread; at the right one they fall into few cells of the color cube, a sharp peak. At opacity 1 the
    labels were painted over the photos.
    """

    labels_need_photos: ClassVar[bool] = True

    root: str
    photos: str
    opacity: float | str = "auto"

    def __post_init__(self) -> None:
        existing_folder("dataset.root", self.root)
        existing_folder("dataset.photos", self.photos)
        if self.opacity != "auto":
            check_number("dataset.opacity", self.opacity, at_least=0.05, at_most=1)

    def items(self) -> Sequence[Item]:
        """List the overlays, each with its photo where one is found."""
        return self.listing().items

    def listing(self) -> Listed:
        """List the overlays, and say what is left out and paired."""
        photos = list_images(existing_folder("dataset.photos", self.photos))
        overlays = list_images(existing_folder("dataset.root", self.root))
        if not overlays.images:
            raise UserError(f"{self.root} holds no image that is read, also not in its sub-folders")
        found = match_names(list(overlays.images), list(photos.images))
        partners = {key: photos.images[name] for key, name in found.pairs.items()}
        items = PackedItems(Item(key, path, partners.get(key)) for key, path in overlays.images.items())
        return Listed(items, [*summarize(overlays.unused), describe_pairs(found, [self.photos], photos.unused)])

    def read_label(self, item: Item) -> LabelImage:
        """Read an overlay and its photo, and return the label that was blended in."""
        overlay, photo = _read_both(item)
        tolerance = UNCHANGED[item.label.suffix.lower() in LOSSY_SUFFIXES]
        label = unblend(overlay, photo, self.used_opacity, tolerance)
        if tolerance == UNCHANGED[0]:
            label = _snap(label, self._frequent_colors, _rounding_radius(self.used_opacity))
        return LabelImage.from_array(label)

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, where there is one."""
        return None if item.photo is None else read_rgb(item.photo)

    def truth(self) -> Truth | None:
        """Return None: overlays bring no truth."""
        return None

    @cached_property
    def used_opacity(self) -> float:
        """The opacity said, or the one found on a few files."""
        if self.opacity != "auto":
            return float(self.opacity)
        samples = [_sample(overlay, photo) for overlay, photo in self._read_few()]
        found = find_opacity(samples)
        if found.share < MIN_SHARE or found.sharpness < MIN_SHARPNESS:
            raise UserError(
                f"no opacity turns the overlays of {self.root} and the photos of {self.photos} into labels of few "
                "colors; are they overlays on just these photos? dataset.opacity=0.5 sets it"
            )
        return found.opacity

    @cached_property
    def _frequent_colors(self) -> NDArray[np.int16]:
        """The frequent colors of the labels of a few files, `(k, 3)`: one table for all, or classes had twins."""
        labels = [unblend(overlay, photo, self.used_opacity, UNCHANGED[0]) for overlay, photo in self._read_few()]
        packed = np.concatenate([pack(label).ravel() for label in labels]) if labels else np.zeros(0, np.uint32)
        return _frequent(packed, _rounding_radius(self.used_opacity))

    def _read_few(self) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Read a few overlays with their photos, spread over the folder."""
        items = self.items()
        places = np.linspace(0, len(items) - 1, min(len(items), SAMPLED_FILES)).round().astype(int).tolist()
        few = []
        for place in dict.fromkeys(places):
            try:
                few.append(_read_both(items[place]))
            except UnreadableImage:
                continue
        return few


def _read_both(item: Item) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read an overlay and its photo."""
    if item.photo is None:
        raise UnreadableImage(f"{item.label}: has no photo of the same name in dataset.photos")
    return _read_pair(item.label, item.photo)


def _read_pair(overlay_file: Path, photo_file: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read an overlay and its photo; refuse a pair that does not fit."""
    overlay, photo = read_rgb(overlay_file), read_rgb(photo_file)
    if overlay.shape != photo.shape:
        sizes = f"{overlay.shape[1]} x {overlay.shape[0]} and {photo.shape[1]} x {photo.shape[0]}"
        raise UnreadableImage(f"{overlay_file}: overlay and photo differ in size ({sizes} pixels)")
    return overlay, photo


def read_sample_pair(overlay_file: Path, photo_file: Path) -> tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], float]:
    """Read pixels of an overlay and its photo for `find_opacity`, and the share of pixels in which they differ."""
    overlay, photo = _read_pair(overlay_file, photo_file)
    tolerance = UNCHANGED[overlay_file.suffix.lower() in LOSSY_SUFFIXES or photo_file.suffix.lower() in LOSSY_SUFFIXES]
    differing = float((cv2.absdiff(overlay, photo).max(axis=2) > tolerance).mean())
    return _sample(overlay, photo), differing


def _sample(overlay: NDArray[np.uint8], photo: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pixels of an overlay and its photo, `(n, 3)` each, averaged 3x3.

    An average of blends is the blend of the averages, and errors of JPEG shrink.
    """
    size = max(overlay.shape[1] // 3, 1), max(overlay.shape[0] // 3, 1)
    small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA).reshape(-1, 3) for image in (overlay, photo)]
    step = max(1, len(small[0]) // SAMPLED_PIXELS)
    return small[0][::step], small[1][::step]


def unblend(overlay: NDArray[np.uint8], photo: NDArray[np.uint8], opacity: float, tolerance: int) -> NDArray[np.uint8]:
    """Return the label `(H, W, 3)` that was blended onto a photo with an opacity.

    Where the overlay covers objects only, what is within `tolerance` levels of the photo is black.
    """
    label = np.asarray(cv2.addWeighted(overlay, 1 / opacity, photo, 1 - 1 / opacity, 0), np.uint8)
    unchanged = largest_channel(cv2.absdiff(overlay, photo)) <= tolerance
    if unchanged.mean() >= PARTIAL:
        label[unchanged] = 0
    return label


def _rounding_radius(opacity: float) -> int:
    """Return the levels within which two colors may be one: rounding the blend shifts a label by 0.5 / opacity."""
    return 2 * int(np.ceil(0.5 / opacity))


def _frequent(packed: NDArray[np.uint32], radius: int) -> NDArray[np.int16]:
    """Return the most frequent of packed colors `(k, 3)`, none within `radius` levels of a more frequent one."""
    values, counts = np.unique(packed, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:MAX_ROUNDED_COLORS]
    colors = np.stack([values >> 16, (values >> 8) & 255, values & 255], axis=1).astype(np.int16)[often]
    free, leaders = np.ones(len(colors), bool), []
    for number, color in enumerate(colors):
        if free[number]:
            leaders.append(color)
            free &= np.abs(colors - color).max(axis=1) > radius
        if len(leaders) == MAX_CLASSES:
            break
    return np.array(leaders, np.int16).reshape(-1, 3)


def _snap(label: NDArray[np.uint8], leaders: NDArray[np.int16], radius: int) -> NDArray[np.uint8]:
    """Return a label in which colors within `radius` levels of a frequent one are that one."""
    values, inverse = np.unique(pack(label), return_inverse=True)
    colors = np.stack([values >> 16, (values >> 8) & 255, values & 255], axis=1).astype(np.int16)
    snapped = colors.copy()
    for leader in leaders[::-1]:  # the most frequent last, so that it wins
        snapped[np.abs(colors - leader).max(axis=1) <= radius] = leader
    return snapped.astype(np.uint8)[inverse.reshape(label.shape[:2])]


def find_opacity(samples: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> FoundOpacity:
    """Return the opacity at which the labels have the fewest colors.

    Parameters
    ----------
    samples : sequence of (ndarray of shape (n, 3), ndarray of shape (n, 3)), uint8
        Pixels of overlays and of their photos. Those that are equal tell nothing and are left out.
    """
    told = []
    for overlay, photo in samples:
        changed = cv2.absdiff(overlay, photo).max(axis=1) > UNCHANGED[0]
        if changed.any():
            told.append((overlay[changed].astype(np.float32), photo[changed].astype(np.float32)))
    if not told:
        return FoundOpacity(1.0, 0.0, 0.0, 0.0)

    def likeness(opacity: float) -> float:
        return float(np.mean([np.square(_cell_shares(*pair, opacity)).sum() for pair in told]))

    tried = np.array([likeness(opacity) for opacity in OPACITIES])
    around = np.convolve(np.pad(tried, 2, mode="edge"), [0.5, 0, 0, 0, 0.5], mode="valid")
    sharpest = int((tried - around).argmax())
    fine = [round(float(opacity), 2) for opacity in OPACITIES[sharpest] + np.arange(-0.03, 0.031, 0.01)]
    best, most = max(zip(fine, map(likeness, fine), strict=True), key=itemgetter(1))
    if (opaque := likeness(1.0)) > OPAQUE_GAIN * most:
        best, most = 1.0, opaque
    share = float(np.mean([_cell_shares(*pair, best)[:FULLEST].sum() for pair in told]))
    beside = float(np.mean([likeness(opacity) for opacity in (best - BESIDE, best + BESIDE) if 0 < opacity <= 1]))
    return FoundOpacity(best, share, most, most / max(beside, 1e-6))


def show_photos(samples: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> bool:
    """Return whether overlays show parts of their photos unchanged, other than an area of one color: for the arguments
    see `find_opacity`."""
    shown = []
    for overlay, photo in samples:
        same = photo[cv2.absdiff(overlay, photo).max(axis=1) <= UNCHANGED[1]].astype(np.float32)
        likeness = np.square(_cell_shares(same, same, 1.0)).sum() if len(same) else 1.0
        shown.append(len(same) >= PARTIAL * len(photo) and likeness <= MAX_SHOWN_LIKENESS)
    return float(np.mean(shown)) > 0.5


def _cell_shares(overlay: NDArray[np.float32], photo: NDArray[np.float32], opacity: float) -> NDArray[np.float64]:
    """Return the shares of the pixels whose label colors lie in the color cells, the fullest first; those outside of
    0..255 are in none."""
    label = np.rint((overlay - (1 - opacity) * photo) / opacity)
    slack = 1 / opacity
    inside = ((label >= -slack) & (label <= 255 + slack)).all(axis=1)
    cells = (label[inside].clip(0, 255) // CELL).astype(np.int64) @ np.array([1024, 32, 1])
    return np.sort(np.bincount(cells, minlength=1))[::-1] / len(label)
