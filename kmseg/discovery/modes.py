"""Modes: the colors that may be classes, each with its features.

Of lossless images every color is a mode, of resized ones every color of a uniform 3x3 patch. Of compressed images the
modes are those of the mean colors of flat regions, and then those of the density of flat pixels, found as in mean shift
(Comaniciu and Meer, "Mean shift: a robust approach toward feature space analysis", 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.discovery import statistics as s
from kmseg.discovery import thresholds as t
from kmseg.discovery.damage import MAX_BLEND_ENDS, MAX_COLORS, Damage, find_blends
from kmseg.discovery.statistics import ColorStatistics

Color = NDArray[np.int64] | NDArray[np.float64]
"""`(3,)`, in levels."""

Rows = Sequence[int] | NDArray[np.intp]
"""Indices of colors."""

SHIFTS = 5
"""Steps of mean shift: on these modes the last one is far below a level."""

CELL = 2
"""Levels of a cell of the density's grid."""


class Source(Enum):
    """Where a mode comes from."""

    PINNED = "pinned"
    EXACT = "exact color of lossless images"
    PATCH = "uniform patches of resized images"
    REGIONS = "flat regions"
    PIXELS = "flat pixels"
    OBJECTS = "small objects only"
    THIN = "thin objects only"


@dataclass(frozen=True, eq=False)
class Mode:
    """A color that may be a class, with its features.

    Attributes
    ----------
    color : ndarray of shape (3,), int64
    source : Source
    pixels, images : int
        Its pixels; images that hold its most widespread exact value.
    interior, mixed, one_value : float
        Shares of its pixels that have a flat 5x5 neighborhood, that are mixtures, that are of one exact value.
    interior_pixels : int
        Pixels with a flat 5x5 neighborhood.
    blend : bool
        Whether it is one of several colors of lossless images that lie between others and have no uniform patch.
    largest_region, region_images, proof_regions : int
        Pixels of its largest flat region; images that hold regions of its most widespread mean; large regions.
    """

    color: NDArray[np.int64]
    source: Source
    pixels: int = 0
    images: int = 0
    interior: float = 0.0
    mixed: float = 0.0
    one_value: float = 0.0
    interior_pixels: int = 0
    blend: bool = False
    largest_region: int = 0
    region_images: int = 0
    proof_regions: int = 0


@dataclass(frozen=True, eq=False)
class Evidence:
    """The statistics of the images of one damage: colors `(n, 3)` and counts `(n, 14)`."""

    colors: NDArray[np.int64]
    counts: NDArray[np.int64]

    @staticmethod
    def of(statistics: ColorStatistics, damage: Damage) -> Evidence:
        """Take the part of the statistics that is of one damage."""
        return Evidence(*statistics.under(damage))

    @cached_property
    def pure(self) -> NDArray[np.float64]:
        """Pixels that are no mixture."""
        return (self.counts[:, s.PIXELS] - self.counts[:, s.MIXED]).astype(float)

    @cached_property
    def _first_of_red(self) -> NDArray[np.intp]:
        """The first row of each level of red: rows are in the order of their colors."""
        return np.searchsorted(self.colors[:, 0], np.arange(257))

    def within(self, color: Color, radius: float) -> NDArray[np.intp]:
        """Return the rows of the colors within `radius` levels of `color`."""
        low, high = max(int(color[0] - radius), 0), min(int(color[0] + radius) + 1, 255)
        first, end = self._first_of_red[[low, high + 1]]
        near = ((self.colors[first:end] - color) ** 2).sum(axis=1) <= radius**2
        return np.asarray(first + np.flatnonzero(near))

    def mode(self, color: Color, rows: Rows, source: Source, regions: Rows | None = None, **features: Any) -> Mode:
        """Sum up what is known of the colors in `rows`; of `regions`, rows too, what is known of regions."""
        counts = self.counts[rows]
        region = counts if regions is None else self.counts[regions]
        pixels, interior, mixed = (int(counts[:, c].sum()) for c in (s.PIXELS, s.INTERIOR, s.MIXED))
        total = max(1, pixels)
        found: dict[str, Any] = {
            "pixels": pixels,
            "images": int(counts[:, s.IMAGES].max(initial=0)),
            "interior": interior / total,
            "mixed": mixed / total,
            "one_value": float(counts[:, s.PIXELS].max(initial=0) / total),
            "interior_pixels": interior,
            "largest_region": int(region[:, s.LARGEST].max(initial=0)),
            "region_images": int(region[:, s.REGION_IMAGES].max(initial=0)),
            "proof_regions": int(region[:, s.PROOF_REGIONS].sum()),
        }
        return Mode(np.asarray(color, np.int64), source, **(found | features))


def exact_modes(evidence: Evidence) -> Iterator[Mode]:
    """Yield every color of lossless images, the one with most pixels first.

    Where something in them is antialiased, its rims have many colors that are nowhere 3 pixels wide.
    """
    wide = _descending(evidence.counts[:, s.LARGEST])[:MAX_BLEND_ENDS]
    thin = np.flatnonzero(evidence.counts[:, s.LARGEST] == 0)[: MAX_COLORS >> 4]
    blends = set(thin[find_blends(evidence.colors[thin], evidence.colors[wide])].tolist())
    for row in _descending(evidence.counts[:, s.PIXELS]):
        yield evidence.mode(evidence.colors[row], [row], Source.EXACT, blend=row in blends)


def patch_modes(evidence: Evidence) -> Iterator[Mode]:
    """Yield every color of resized images that has a uniform 3x3 patch, the one with most of them first."""
    for row in _descending(evidence.counts[:, s.REGION_PIXELS]):
        yield evidence.mode(evidence.colors[row], [row], Source.PATCH)


def region_modes(evidence: Evidence) -> Iterator[Mode]:
    """Yield the modes of the mean colors of flat regions that have a large one: proven and heavy ones first."""
    weight = evidence.counts[:, s.REGION_WEIGHT].astype(float)
    free = weight > 0
    proven = evidence.counts[:, s.PROOF_REGIONS] > 0
    started = np.where(evidence.counts[:, s.LARGEST] >= t.LARGE, weight, 0)
    for start in _descending(started + np.where(proven, started.max(initial=0), 0)):
        if not free[start]:
            continue
        center = evidence.colors[start].astype(float)
        for _ in range(SHIFTS):
            near = _free_within(evidence, center, t.REGION_RADIUS, free)
            if not len(near):
                break
            center = np.average(evidence.colors[near], axis=0, weights=weight[near])
        regions = np.union1d(_free_within(evidence, center, t.REGION_REACH, free), [start])
        free[regions] = False
        yield _mode_of_regions(evidence, center, regions)


def _free_within(evidence: Evidence, center: Color, radius: float, free: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows with regions of no mode so far that are within `radius` levels in each channel."""
    near = evidence.within(center, radius * np.sqrt(3))
    near = near[free[near]]
    return near[np.abs(evidence.colors[near] - center).max(axis=1, initial=0) <= radius]


def _mode_of_regions(evidence: Evidence, center: Color, regions: Rows) -> Mode:
    """Return the mode of the regions around a center, in the color of most flat pixels there."""
    pixels = evidence.within(center, t.REGION_REACH)
    core = pixels[evidence.counts[pixels, s.PIXELS] > 0]
    color = np.rint(center).astype(np.int64)
    if len(core):
        most = evidence.colors[core[evidence.pure[core].argmax()]]
        if ((most - center) ** 2).sum() <= t.SNAP**2:
            color = most
    return evidence.mode(color, core, Source.REGIONS, regions)


def pixel_modes(
    evidence: Evidence, least: int, compressed: bool, apart: Callable[[NDArray[np.float64]], NDArray[np.bool_]]
) -> Iterator[Mode]:
    """Yield the modes of the density of flat pixels, the densest first; `apart` tells which peaks are not a class's."""
    sigma = t.SMOOTH if compressed else t.SHARP
    density = _density(evidence.colors, evidence.pure, sigma)
    of_one_pixel = 1 / ((2 * np.pi) ** 1.5 * sigma**3)
    peaks = _peaks(density, least / 4 * of_one_pixel)
    for peak in peaks[apart(peaks)]:
        mode = _mode_of_peak(evidence, peak, least, compressed)
        if mode is not None:
            yield mode


def _mode_of_peak(evidence: Evidence, peak: Color, least: int, compressed: bool) -> Mode | None:
    """Return the color of a peak with the pixels that are its own; None where there are too few to speak of."""
    wide = evidence.within(peak, t.BLUR)
    wide = wide[evidence.counts[wide, s.PIXELS] > 0]
    near = ((evidence.colors[wide] - peak) ** 2).sum(axis=1)
    core = wide[near <= (t.CORE if compressed else t.OVERSHOOT) ** 2]
    if evidence.counts[wide, s.PIXELS].sum() < least or not evidence.counts[core, s.PIXELS].sum():
        return None
    color = evidence.colors[core[evidence.pure[core].argmax()]]
    at_core = evidence.mode(color, core, Source.PIXELS)
    if not compressed:
        return at_core
    center = mean_shift(evidence, evidence.pure, peak)
    drawn_away = ((center - peak) ** 2).sum() > t.CORE**2  # to a larger class not far away
    if drawn_away and at_core.interior >= t.BLED_INTERIOR:
        center = color.astype(float)
    if np.sqrt(((color - center) ** 2).sum()) > t.SNAP:
        color = np.rint(center).astype(np.int64)
    own = {"images": at_core.images, "mixed": at_core.mixed, "one_value": at_core.one_value}
    return evidence.mode(color, evidence.within(color, t.BLUR), Source.PIXELS, core, **own)


def object_modes(
    evidence: Evidence, least: int, apart: Callable[[NDArray[np.int64]], NDArray[np.bool_]]
) -> Iterator[Mode]:
    """Yield the colors of small objects, most cores first; `apart` tells which colors are far from all classes."""
    rows = np.flatnonzero(evidence.counts[:, s.CORES])
    objects = Evidence(evidence.colors[rows], evidence.counts[rows])
    colors, cores = objects.colors, objects.counts[:, s.CORES].astype(float)
    images = objects.counts[:, s.CORE_IMAGES]
    left = apart(colors)
    for row in _descending(cores):
        if not left[row]:
            continue
        own = objects.within(mean_shift(objects, cores, colors[row]), t.BLUR)
        own = own[left[own]]
        if not len(own):
            own = objects.within(colors[row], t.BLUR)
            own = own[left[own]]
        left[own] = False
        color = np.rint(np.average(colors[own], axis=0, weights=cores[own])).astype(np.int64)
        pixels = int(cores[own].sum())
        if pixels >= least:
            most = float(cores[own].max() / pixels)
            yield Mode(color, Source.OBJECTS, pixels, int(images[own].sum()), one_value=most)


def thin_modes(evidence: Evidence, apart: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> Iterator[Mode]:
    """Yield the colors of thin objects, those of most windows first; `apart` tells which are far from all classes."""
    rows = np.flatnonzero(evidence.counts[:, s.THIN])
    thin = Evidence(evidence.colors[rows], evidence.counts[rows])
    windows = thin.counts[:, s.THIN].astype(float)
    left = apart(thin.colors)
    for row in _descending(windows):
        if left[row]:
            own = thin.within(mean_shift(thin, windows, thin.colors[row]), t.BLUR)
            own = np.union1d(own[left[own]], [row])
            left[own] = False
            color = np.rint(np.average(thin.colors[own], axis=0, weights=windows[own])).astype(np.int64)
            yield Mode(color, Source.THIN, int(windows[own].sum()), int(thin.counts[own, s.THIN_IMAGES].sum()))


def mean_shift(evidence: Evidence, weight: NDArray[np.float64], start: Color) -> NDArray[np.float64]:
    """Move to the mean of the pixels around, some times; `weight` has the pixels of each color."""
    center = np.asarray(start, float)
    for _ in range(SHIFTS):
        near = evidence.within(center, t.BLUR)
        total = weight[near].sum()
        if not total:
            break
        center = (evidence.colors[near] * weight[near, None]).sum(axis=0) / total
    return center


def _descending(weight: NDArray[Any]) -> NDArray[np.intp]:
    """Return the rows of positive weight, the heaviest first."""
    order = np.argsort(-weight, kind="stable")
    return order[weight[order] > 0]


def _density(colors: NDArray[np.int64], weight: NDArray[np.float64], sigma: float) -> NDArray[np.float32]:
    """Return the weight of the colors, smoothed, on a grid of cells `(128, 128, 128)`."""
    side = 256 // CELL
    red, green, blue = (colors // CELL).T
    grid = np.bincount((red * side + green) * side + blue, weight, side**3).astype(np.float32)
    width = 2 * int(3 * sigma) + 1

    def smooth(plane: NDArray[np.float32], window: tuple[int, int]) -> NDArray[np.float32]:
        return cv2.GaussianBlur(plane, window, sigma, sigmaY=sigma, borderType=cv2.BORDER_CONSTANT)

    return _along_axes(grid.reshape(side, side, side), smooth, width)


def _peaks(density: NDArray[np.float32], floor: float) -> NDArray[np.float64]:
    """Return the middles, in levels, of the cells that no cell within two exceeds, densest first."""
    highest = _along_axes(density, lambda plane, window: cv2.dilate(plane, np.ones(window[::-1], np.uint8)), 5)
    peaks = np.argwhere((density == highest) & (density > floor))
    ordered = peaks[np.argsort(-density[tuple(peaks.T)], kind="stable")]
    return ordered.astype(np.float64) * CELL + 0.5


def _along_axes(
    grid: NDArray[np.float32],
    filtered: Callable[[NDArray[np.float32], tuple[int, int]], NDArray[np.float32]],
    width: int,
) -> NDArray[np.float32]:
    """Filter a cube along its three axes: along two as an image of many channels, along the last as one of one."""
    side = len(grid)
    two = filtered(grid, (width, width))
    return filtered(two.reshape(-1, side), (width, 1)).reshape(side, side, side)
