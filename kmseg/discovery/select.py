"""Evaluating the candidates: every color that may be a class, the features, and the verdict with its reason.

The merged half of finding the legend. Where the images are lossless, every color that occurs often enough is a
class. Elsewhere the classes are the modes of the colors' density (flat pixels only, mixtures left out), found as in
mean shift (Comaniciu and Meer, "Mean shift: a robust approach toward feature space analysis", 2002), and each is then
held against the ones before it, the densest first. Classes of small objects only, which in compressed images have
hardly a flat pixel, come last: by the cores of their objects, and only where no mixture can explain the color.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery.candidates import Candidate, Candidates, Demands
from kmseg.discovery.modes import CELL, landscape, lowest_between
from kmseg.discovery.statistics import CORE_IMAGES, CORES, ColorStatistics
from kmseg.palette import RGB
from kmseg.pixels.distance import between

NO_DEMANDS = Demands()

# The figures behind these: `benchmarks/quality.py` and docs/quality.md.
SMOOTH = 1.5  # cells: JPEG's rounding of YCbCr alone moves a color by up to 2 levels
SHARP = 0.5  # cells: the same where nothing is noisy, so that close colors (ADE20K's: 7 to 12 levels) stay apart
CORE = 6  # levels: pixels that surely belong to a mode
BLUR = 12  # levels: pixels that vote for a lossy mode's center; also how near two lossy modes may come
EXACT_GAP = 4  # levels: the same for modes of images that were only resized, whose overshoot moves a color by 1 to 3
SNAP = 2  # levels: the most frequent value is preferred to the mean if it is as near as this
NOISY = 0.2  # levels, rms of solid pixels around a mode: resized images 0.00 to 0.16, JPEG of any quality 0.25 to 1.2
COLOR_BLEED_DISTANCE = 22  # levels: a color that is nowhere solid and this close to another is its tinted copy
ISOLATION_DISTANCE = 30  # levels: in lossy images a color that is nowhere solid must stand this far from all others ...
REPEATED_ISOLATION_DISTANCE = (
    60  # ... and this far where it is mostly one repeated value, as tinted poles in rows of equal blocks are
)
REPEATED_SHARE = (
    0.6  # share of one exact value that makes a streak; small true objects in lossy images have 0.05 to 0.5
)
SOLID_PIXELS, SOLID_SHARE = 5, 0.02  # solid pixels, or this share of all, that make a color solid somewhere
VALLEY = 0.5  # density between two modes, relative to the lower one, below which they are two
LOSSLESS_PIXELS = 9  # one 3x3 patch in the whole data set
LOSSY_PIXELS = 30  # flat ones: three thin objects' worth
STRAY = 1000  # times the pixels: a lossless color within STRAY_LEVELS of such a one is a slip of the tool
STRAY_LEVELS = 8
SMALL_IMAGES = 2  # images with small objects of a color that nothing else speaks for; cores, LOSSY_PIXELS
SMALL_SIZE = 6  # cores per image; into objects with fewer so much color has leaked that their cores are 10 to 35 off
SMALL_APART = 50  # levels from all other classes: nearer ones are these classes' own small objects, ringing or tinted
SMALL_OFF = 25  # levels from the straight way between any two other classes: 10 lets mixtures through, 35 costs classes


def find_candidates(statistics: ColorStatistics, demands: Demands = NO_DEMANDS) -> Candidates:
    """Evaluate every color of a statistics that may be a class.

    Examples
    --------
    >>> label = np.zeros((8, 8, 3), np.uint8)
    >>> label[:, 4:] = (128, 64, 128)
    >>> [c.color for c in find_candidates(ColorStatistics.of(label)).accepted]
    [(0, 0, 0), (128, 64, 128)]
    """
    selection = Selection(demands, statistics)
    features = ModeFeatures.of(statistics)
    for color in demands.pin:
        rows = np.flatnonzero((np.abs(features.colors - color) <= CORE).all(axis=1))
        selection.add(features.mode(np.array(color), rows), "accepted", "pinned")
    selection.pins = len(selection.accepted)
    lossless = _is_lossless(statistics)
    if lossless:
        _judge_exact_colors(selection, ModeFeatures.of_lossless(statistics))
        features = ModeFeatures.of_lossy(statistics)
    noisy = _judge_modes(selection, features)
    if noisy:
        _judge_small_objects(selection, ModeFeatures.of_small(statistics))
    return Candidates(tuple(selection.considered), exact=lossless or not noisy)


@dataclass
class Mode:
    """A candidate before its verdict; `rows` are its colors in the features."""

    color: NDArray[np.int64]
    rows: NDArray[np.intp]
    pixels: int
    images: int
    solid: float
    between: float
    one_value: float


class Selection:
    """The cases closed so far, and the colors accepted, which the next cases are held against."""

    def __init__(self, demands: Demands, statistics: ColorStatistics) -> None:
        self.demands = demands
        self.statistics = statistics
        self.considered: list[Candidate] = []
        self.accepted: list[Candidate] = []
        self.pins = 0

    def add(self, mode: Mode, verdict: str, reason: str) -> None:
        """Record the verdict on a mode."""
        red, green, blue = (int(v) for v in mode.color)
        candidate = Candidate(
            color=(red, green, blue),
            pixels=mode.pixels,
            images=mode.images,
            flat=self.statistics.flat_share((red, green, blue)),
            solid=mode.solid,
            between=mode.between,
            one_value=mode.one_value,
            verdict=verdict,
            reason=reason,
        )
        self.considered.append(candidate)
        if verdict == "accepted":
            self.accepted.append(candidate)

    def distances(self, color: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the distances of `color` to the colors accepted."""
        return _distances(color, [candidate.color for candidate in self.accepted])

    def forbids(self, color: NDArray[np.int64], radius: float) -> bool:
        """Tell whether the user forbids a color."""
        forbidden = _distances(color, self.demands.forbid)
        return bool(len(forbidden) and forbidden.min() < (self.demands.min_distance or radius))


@dataclass(frozen=True, eq=False)
class ModeFeatures:
    """A statistics as floats: per color its pixels, and how many of them are solid and between."""

    colors: NDArray[np.int64]
    pixels: NDArray[np.float64]
    solid: NDArray[np.float64]
    between: NDArray[np.float64]
    images: NDArray[np.float64]

    @staticmethod
    def of(statistics: ColorStatistics) -> ModeFeatures:
        """Take the flat pixels of all images."""
        flat, solid, between, _, _, _, images = statistics.counts.T[:CORES].astype(np.float64)
        return ModeFeatures(statistics.colors.astype(np.int64), flat, solid, between, images)

    @staticmethod
    def of_lossless(statistics: ColorStatistics) -> ModeFeatures:
        """Count all pixels of the images of few colors, those of the others as before."""
        every = ModeFeatures.of(statistics)
        return ModeFeatures(
            every.colors, statistics.counts.T[3].astype(np.float64), every.solid, every.between, every.images
        )

    @staticmethod
    def of_lossy(statistics: ColorStatistics) -> ModeFeatures:
        """Leave out the images of few colors, and what their colors have elsewhere of solid pixels."""
        flat, solid, between, every, every_flat, _, images = statistics.counts.T[:CORES].astype(np.float64)
        seen = every > 0
        return ModeFeatures(
            statistics.colors.astype(np.int64),
            flat - every_flat,
            np.where(seen, 0, solid),
            np.where(seen, 0, between),
            images,
        )

    @staticmethod
    def of_small(statistics: ColorStatistics) -> ModeFeatures:
        """Take the cores of small objects for the pixels, and their images."""
        small = np.flatnonzero(statistics.counts[:, CORES])
        cores, images = statistics.counts[small][:, [CORES, CORE_IMAGES]].T.astype(np.float64)
        nothing = np.zeros(len(small))
        return ModeFeatures(statistics.colors[small].astype(np.int64), cores, nothing, nothing, images)

    @cached_property
    def pure(self) -> NDArray[np.float64]:
        """Pixels that are no mixture."""
        return self.pixels - self.between

    def within(self, color: NDArray[np.floating], radius: float) -> NDArray[np.intp]:
        """Return the rows of the colors within `radius` levels of `color`."""
        return np.flatnonzero(((self.colors - color) ** 2).sum(axis=1) <= radius**2)

    def mode(self, color: NDArray[np.int64], rows: NDArray[np.intp]) -> Mode:
        """Sum up what is known of the colors in `rows`."""
        pixels = self.pixels[rows]
        total = max(1.0, pixels.sum())
        return Mode(
            color,
            rows,
            pixels=int(pixels.sum()),
            images=int(self.images[rows].max(initial=0)),
            solid=float(self.solid[rows].sum() / total),
            between=float(self.between[rows].sum() / total),
            one_value=float(pixels.max(initial=0) / total),
        )


def _is_lossless(statistics: ColorStatistics) -> bool:
    """Tell whether images of few colors are exact: a resized label of few classes has few colors too.

    Most of its shades lie between two others, or are nowhere solid, and vote it out.
    """
    _, solid, _, every, _, between, _ = statistics.counts.T[:CORES]
    few = every > 0
    mixed_look = (between > 0.5 * every) | (solid == 0)
    return bool(few.any() and 2 * (few & mixed_look).sum() <= few.sum())


def _judge_exact_colors(selection: Selection, features: ModeFeatures) -> None:
    """Evaluate the colors of lossless images: each that occurs often enough is a class."""
    demands = selection.demands
    occurring = np.flatnonzero(features.pixels)
    for i in occurring[np.argsort(-features.pixels[occurring], kind="stable")]:
        mode = features.mode(features.colors[i], np.array([i]))
        apart = selection.distances(mode.color)
        nearest = int(apart.argmin()) if len(apart) else -1
        gap = max(demands.min_distance or 0, EXACT_GAP if nearest < selection.pins else 1)
        giant = next((k for k in selection.accepted if is_stray_shade(mode, k)), None)
        if selection.forbids(mode.color, 1):
            selection.add(mode, "rejected", "forbidden")
        elif len(apart) and apart[nearest] < gap:
            selection.add(mode, "merged", f"into {_text(selection.accepted[nearest].color)}")
        elif mode.pixels < (demands.min_pixels or LOSSLESS_PIXELS):
            selection.add(mode, "rejected", f"too few pixels: {mode.pixels}")
        elif giant is not None:
            selection.add(
                mode, "merged", f"stray shade of {_text(giant.color)}, which has over {STRAY} times its pixels"
            )
        else:
            selection.add(mode, "accepted", "exact color of lossless images")


def is_stray_shade(mode: Mode, other: Candidate) -> bool:
    """Tell whether a color is an annotation-tool artifact: close to a class with over STRAY times its pixels."""
    return other.pixels > STRAY * mode.pixels and int(np.abs(mode.color - other.color).max()) <= STRAY_LEVELS


def _judge_modes(selection: Selection, features: ModeFeatures) -> bool:
    """Evaluate the modes of the density, densest first; return whether the colors are noisy, as any JPEG's are."""
    if not features.pure.any():
        return False
    least = selection.demands.min_pixels or LOSSY_PIXELS
    density, peaks = landscape(features.colors, features.pure, SMOOTH, least)
    noisy = _noise(features, peaks[:10]) > NOISY
    if not noisy:
        density, peaks = landscape(features.colors, features.pure, SHARP, least)
    for peak in peaks:
        mode = _case_of_peak(features, peak, least, noisy)
        if mode is not None and not any(tuple(mode.color) == other.color for other in selection.accepted):
            top = float(density[tuple((peak // CELL).astype(int))])
            selection.add(mode, *_verdict(selection, features, mode, density, top, least, noisy))
    return noisy


def _case_of_peak(features: ModeFeatures, peak: NDArray[np.float64], least: int, noisy: bool) -> Mode | None:
    """Return the color of a peak with the pixels that are its own; None where there are too few to speak of."""
    wide = features.within(peak, BLUR)
    wide = wide[features.pixels[wide] > 0]
    near = ((features.colors[wide] - peak) ** 2).sum(axis=1)
    core = wide[near <= (CORE if noisy else EXACT_GAP) ** 2]
    if features.pixels[wide].sum() < least or not features.pixels[core].sum():
        return None
    color = features.colors[core[features.pure[core].argmax()]]
    at_core = features.mode(color, core)
    if not noisy:
        return at_core
    center = _mean_shift(features, peak)
    if np.sqrt(((color - center) ** 2).sum()) > SNAP:
        color = np.rint(center).astype(np.int64)
    mode = features.mode(color, features.within(color, BLUR))
    mode.between, mode.one_value = at_core.between, at_core.one_value
    return mode


def _mean_shift(features: ModeFeatures, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move to the mean of the pixels around, five times: on these modes the last step is far below a level."""
    center = start
    for _ in range(5):
        near = features.within(center, BLUR)
        weight = features.pure[near, None]
        if not weight.sum():
            break
        center = (features.colors[near] * weight).sum(axis=0) / weight.sum()
    return center


def _verdict(
    selection: Selection,
    features: ModeFeatures,
    mode: Mode,
    density: NDArray[np.float32],
    top: float,
    least: int,
    noisy: bool,
) -> tuple[str, str]:
    """Return verdict and reason for a mode whose peak has the density `top`."""
    solid_pixels = features.solid[mode.rows].sum()
    is_solid = solid_pixels >= min(max(SOLID_PIXELS, SOLID_SHARE * features.pixels[mode.rows].sum()), least)
    accepted = ("accepted", "a density mode" + ("" if is_solid else " without flat interior"))
    if mode.pixels < least or features.pure[mode.rows].sum() < 0.6 * least:
        return "rejected", f"too few pixels: {mode.pixels}"
    if mode.between > 0.5:
        return "rejected", "mixture: most of its pixels lie between two other colors" + _parents(
            mode, selection.accepted
        )
    if selection.forbids(mode.color, BLUR):
        return "rejected", "forbidden"
    if not selection.accepted:
        return accepted
    apart = selection.distances(mode.color)
    n = int(apart.argmin())
    nearest = selection.accepted[n]
    clear = not noisy and mode.one_value > 0.5 and nearest.one_value > 0.5
    if apart[n] < (selection.demands.min_distance or (EXACT_GAP if clear and n >= selection.pins else BLUR)):
        return "merged", f"{apart[n]:.0f} levels from {_text(nearest.color)}"
    if apart[n] < COLOR_BLEED_DISTANCE and mode.solid < 0.1 and not (clear and is_solid):
        return "merged", f"chroma bleeding: no flat interior, {apart[n]:.0f} levels from {_text(nearest.color)}"
    if not clear:
        for other, far in zip(selection.accepted, apart, strict=True):
            if far < 40 and lowest_between(density, mode.color, other.color) > VALLEY * top:
                return "merged", f"no valley between it and {_text(other.color)}"
    if (
        noisy
        and not is_solid
        and apart[n] < (ISOLATION_DISTANCE if mode.one_value < REPEATED_SHARE else REPEATED_ISOLATION_DISTANCE)
    ):
        leaked = f"no flat interior and close to {_text(nearest.color)}: chroma bleeding"
        return "rejected", leaked + _parents(mode, selection.accepted)
    return accepted


def _judge_small_objects(selection: Selection, features: ModeFeatures) -> None:
    """Evaluate the colors of small objects that lie far from every class so far, the one with most cores first."""
    least = selection.demands.min_pixels or LOSSY_PIXELS
    apart = max(SMALL_APART, selection.demands.min_distance or 0)
    left = np.array([selection.distances(color).min(initial=np.inf) >= apart - BLUR for color in features.colors], bool)
    while left.any():
        start = features.colors[np.argmax(features.pixels * left)]
        rows = _own(features, _mean_shift(features, start), left)
        rows = rows if len(rows) else _own(features, start, left)
        left[rows] = False
        color = np.rint(np.average(features.colors[rows], axis=0, weights=features.pixels[rows])).astype(np.int64)
        mode = features.mode(color, rows)
        mode.images = int(features.images[rows].sum())
        if mode.pixels >= least and selection.distances(color).min(initial=np.inf) >= apart:
            selection.add(mode, *_verdict_on_small(selection, mode))


def _own(features: ModeFeatures, color: NDArray[np.floating], left: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows around a color that no earlier mode has taken."""
    rows = features.within(color, BLUR)
    return rows[left[rows]]


def _verdict_on_small(selection: Selection, mode: Mode) -> tuple[str, str]:
    """Return verdict and reason for a color of small objects that is far from all others."""
    colors = np.array([other.color for other in selection.accepted], float)
    off = min((_off_the_way(mode.color, colors[i], colors[:i]) for i in range(1, len(colors))), default=np.inf)
    if selection.forbids(mode.color, BLUR):
        return "rejected", "forbidden"
    if mode.images < SMALL_IMAGES:
        return "rejected", f"small objects only, in {mode.images} image"
    if mode.pixels < SMALL_SIZE * mode.images:
        return "rejected", f"small objects only, too small: {mode.pixels} cores in {mode.images} images"
    if off < SMALL_OFF:
        return "rejected", "mixture: small objects only" + _parents(mode, selection.accepted)
    return "accepted", f"small objects only: {mode.pixels} cores in {mode.images} images"


def _off_the_way(color: NDArray[np.int64], one: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return how far a color is from the nearest of the straight ways from one color to each of the others."""
    ways = others - one
    shares = ((color - one) * ways).sum(axis=1) / np.maximum(1.0, (ways**2).sum(axis=1))
    nearest = one + np.clip(shares, 0, 1)[:, None] * ways
    return float(np.sqrt(((nearest - color) ** 2).sum(axis=1)).min())


def _noise(features: ModeFeatures, centers: NDArray[np.float64]) -> float:
    """Return the rms distance, in levels, of solid pixels from the most frequent value within 10, median of `centers`.

    The median, because in a legend of close colors some have neighbors within 10.
    """
    squares = []
    for center in centers:
        near = features.within(center, 10)
        solid = features.solid[near]
        if solid.sum():
            apart = ((features.colors[near] - features.colors[near[solid.argmax()]]) ** 2).sum(axis=1)
            squares.append((apart * solid).sum() / solid.sum())
    return float(np.sqrt(np.median(squares))) if squares else 0.0


def _parents(mode: Mode, accepted: Sequence[Candidate]) -> str:
    """Name the two colors that have this one on the way between them; only words, no verdict hangs on it."""
    best, words = 8.0, ""
    for i, one in enumerate(accepted):
        for other in accepted[:i]:
            a, b = np.array(one.color, float), np.array(other.color, float)
            share = ((mode.color - a) @ (b - a)) / max(1.0, (b - a) @ (b - a))
            off = float(np.sqrt(((a + share * (b - a) - mode.color) ** 2).sum()))
            if 0.1 < share < 0.9 and off < best:
                best, words = off, f", on the way from {_text(one.color)} to {_text(other.color)}"
    return words


def _distances(color: NDArray[np.int64], others: Sequence[RGB]) -> NDArray[np.float64]:
    return between(color[None], np.array(others, float).reshape(-1, 3))[0]


def _text(color: Sequence[int]) -> str:
    return "({}, {}, {})".format(*color)
