"""Judging the candidates: every colour that may be a class, the evidence, and the verdict with its reason.

The merged half of finding the legend. Where the images are lossless, every colour that occurs often enough is a
class. Elsewhere the classes are the modes of the colours' density (flat pixels only, mixtures left out), found as in
mean shift (Comaniciu and Meer, "Mean shift: a robust approach toward feature space analysis", 2002), and each is then
held against the ones before it, the densest first. Classes of small objects only, which in compressed images have
hardly a flat pixel, come last: by the cores of their objects, and only where no mixture can explain the colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kmseg.distance import between
from kmseg.finding.candidates import Candidate, Candidates, Demands
from kmseg.finding.census import CORE_IMAGES, CORES, Census
from kmseg.finding.density import CELL, landscape, lowest_between
from kmseg.palette import RGB

NO_DEMANDS = Demands()

# The figures behind these: `benchmarks/quality.py` and docs/quality.md.
SMOOTH = 1.5  # cells: JPEG's rounding of YCbCr alone moves a colour by up to 2 levels
SHARP = 0.5  # cells: the same where nothing is noisy, so that close colours (ADE20K's: 7 to 12 levels) stay apart
CORE = 6  # levels: pixels that surely belong to a mode
BLUR = 12  # levels: pixels that vote for a lossy mode's centre; also how near two lossy modes may come
EXACT_GAP = 4  # levels: the same for modes of images that were only resized, whose overshoot moves a colour by 1 to 3
SNAP = 2  # levels: the most frequent value is preferred to the mean if it is as near as this
NOISY = 0.2  # levels, rms of solid pixels around a mode: resized images 0.00 to 0.16, JPEG of any quality 0.25 to 1.2
TINT = 22  # levels: a colour that is nowhere solid and this close to another is its tinted copy
ALONE = 30  # levels: in lossy images a colour that is nowhere solid must stand this far from all others ...
ALONE_STREAK = 60  # ... and this far where it is mostly one repeated value, as tinted poles in rows of equal blocks are
STREAK = 0.6  # share of one exact value that makes a streak; small true objects in lossy images have 0.05 to 0.5
SOLID_PIXELS, SOLID_SHARE = 5, 0.02  # solid pixels, or this share of all, that make a colour solid somewhere
VALLEY = 0.5  # density between two modes, relative to the lower one, below which they are two
LOSSLESS_PIXELS = 9  # one 3x3 patch in the whole data set
LOSSY_PIXELS = 30  # flat ones: three thin objects' worth
STRAY = 1000  # times the pixels: a lossless color within STRAY_LEVELS of such a one is a slip of the tool
STRAY_LEVELS = 8
SMALL_IMAGES = 2  # images with small objects of a color that nothing else speaks for; cores, LOSSY_PIXELS
SMALL_SIZE = 6  # cores per image; into objects with fewer so much colour has leaked that their cores are 10 to 35 off
SMALL_APART = 50  # levels from all other classes: nearer ones are these classes' own small objects, ringing or tinted
SMALL_OFF = 25  # levels from the straight way between any two other classes: 10 lets mixtures through, 35 costs classes


def find_candidates(census: Census, demands: Demands = NO_DEMANDS) -> Candidates:
    """Judge every colour of a census that may be a class.

    Examples
    --------
    >>> label = np.zeros((8, 8, 3), np.uint8)
    >>> label[:, 4:] = (128, 64, 128)
    >>> [c.color for c in find_candidates(Census.of(label)).kept]
    [(0, 0, 0), (128, 64, 128)]
    """
    docket = _Docket(demands, census)
    evidence = _Evidence.of(census)
    for color in demands.pin:
        rows = np.flatnonzero((np.abs(evidence.colors - color) <= CORE).all(axis=1))
        docket.close(evidence.case(np.array(color), rows), "kept", "pinned")
    docket.pins = len(docket.kept)
    lossless = _is_lossless(census)
    if lossless:
        _judge_exact_colors(docket, _Evidence.of_lossless(census))
        evidence = _Evidence.of_lossy(census)
    noisy = _judge_modes(docket, evidence)
    if noisy:
        _judge_small_objects(docket, _Evidence.of_small(census))
    return Candidates(tuple(docket.closed), exact=lossless or not noisy)


@dataclass
class _Case:
    """A candidate before its verdict; `rows` are its colours in the evidence."""

    color: NDArray[np.int64]
    rows: NDArray[np.intp]
    pixels: int
    images: int
    solid: float
    between: float
    one_value: float


class _Docket:
    """The cases closed so far, and the colours kept, which the next cases are held against."""

    def __init__(self, demands: Demands, census: Census) -> None:
        self.demands = demands
        self.census = census
        self.closed: list[Candidate] = []
        self.kept: list[Candidate] = []
        self.pins = 0

    def close(self, case: _Case, verdict: str, reason: str) -> None:
        red, green, blue = (int(v) for v in case.color)
        candidate = Candidate(
            color=(red, green, blue),
            pixels=case.pixels,
            images=case.images,
            flat=self.census.flat_share((red, green, blue)),
            solid=case.solid,
            between=case.between,
            one_value=case.one_value,
            verdict=verdict,
            reason=reason,
        )
        self.closed.append(candidate)
        if verdict == "kept":
            self.kept.append(candidate)

    def distances(self, color: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the distances of `color` to the colours kept."""
        return _distances(color, [candidate.color for candidate in self.kept])

    def forbids(self, color: NDArray[np.int64], radius: float) -> bool:
        forbidden = _distances(color, self.demands.forbid)
        return bool(len(forbidden) and forbidden.min() < (self.demands.min_distance or radius))


@dataclass(frozen=True, eq=False)
class _Evidence:
    """A census as floats: per colour its pixels, and how many of them are solid and between."""

    colors: NDArray[np.int64]
    pixels: NDArray[np.float64]
    solid: NDArray[np.float64]
    between: NDArray[np.float64]
    images: NDArray[np.float64]

    @staticmethod
    def of(census: Census) -> _Evidence:
        flat, solid, between, _, _, _, images = census.counts.T[:CORES].astype(np.float64)
        return _Evidence(census.colors.astype(np.int64), flat, solid, between, images)

    @staticmethod
    def of_lossless(census: Census) -> _Evidence:
        """Count all pixels of the images of few colours, those of the others as before."""
        every = _Evidence.of(census)
        return _Evidence(every.colors, census.counts.T[3].astype(np.float64), every.solid, every.between, every.images)

    @staticmethod
    def of_lossy(census: Census) -> _Evidence:
        """Leave out the images of few colours, and what their colours have elsewhere of solid pixels."""
        flat, solid, between, every, every_flat, _, images = census.counts.T[:CORES].astype(np.float64)
        seen = every > 0
        return _Evidence(
            census.colors.astype(np.int64),
            flat - every_flat,
            np.where(seen, 0, solid),
            np.where(seen, 0, between),
            images,
        )

    @staticmethod
    def of_small(census: Census) -> _Evidence:
        """Take the cores of small objects for the pixels, and their images."""
        small = np.flatnonzero(census.counts[:, CORES])
        cores, images = census.counts[small][:, [CORES, CORE_IMAGES]].T.astype(np.float64)
        nothing = np.zeros(len(small))
        return _Evidence(census.colors[small].astype(np.int64), cores, nothing, nothing, images)

    @cached_property
    def pure(self) -> NDArray[np.float64]:
        """Pixels that are no mixture."""
        return self.pixels - self.between

    def within(self, color: NDArray[np.floating], radius: float) -> NDArray[np.intp]:
        """Return the rows of the colours within `radius` levels of `color`."""
        return np.flatnonzero(((self.colors - color) ** 2).sum(axis=1) <= radius**2)

    def case(self, color: NDArray[np.int64], rows: NDArray[np.intp]) -> _Case:
        """Sum up what is known of the colours in `rows`."""
        pixels = self.pixels[rows]
        total = max(1.0, pixels.sum())
        return _Case(
            color,
            rows,
            pixels=int(pixels.sum()),
            images=int(self.images[rows].max(initial=0)),
            solid=float(self.solid[rows].sum() / total),
            between=float(self.between[rows].sum() / total),
            one_value=float(pixels.max(initial=0) / total),
        )


def _is_lossless(census: Census) -> bool:
    """Tell whether images of few colours are exact: a resized label of few classes has few colours too.

    Most of its shades lie between two others, or are nowhere solid, and vote it out.
    """
    _, solid, _, every, _, between, _ = census.counts.T[:CORES]
    few = every > 0
    mixed_look = (between > 0.5 * every) | (solid == 0)
    return bool(few.any() and 2 * (few & mixed_look).sum() <= few.sum())


def _judge_exact_colors(docket: _Docket, evidence: _Evidence) -> None:
    """Judge the colours of lossless images: each that occurs often enough is a class."""
    demands = docket.demands
    occurring = np.flatnonzero(evidence.pixels)
    for i in occurring[np.argsort(-evidence.pixels[occurring], kind="stable")]:
        case = evidence.case(evidence.colors[i], np.array([i]))
        apart = docket.distances(case.color)
        nearest = int(apart.argmin()) if len(apart) else -1
        gap = max(demands.min_distance or 0, EXACT_GAP if nearest < docket.pins else 1)
        giant = next((k for k in docket.kept if _is_slip_of(case, k)), None)
        if docket.forbids(case.color, 1):
            docket.close(case, "rejected", "forbidden")
        elif len(apart) and apart[nearest] < gap:
            docket.close(case, "merged", f"into {_text(docket.kept[nearest].color)}")
        elif case.pixels < (demands.min_pixels or LOSSLESS_PIXELS):
            docket.close(case, "rejected", f"too few pixels: {case.pixels}")
        elif giant is not None:
            docket.close(
                case, "merged", f"stray shade of {_text(giant.color)}, which has over {STRAY} times its pixels"
            )
        else:
            docket.close(case, "kept", "exact color of lossless images")


def _is_slip_of(case: _Case, other: Candidate) -> bool:
    return other.pixels > STRAY * case.pixels and int(np.abs(case.color - other.color).max()) <= STRAY_LEVELS


def _judge_modes(docket: _Docket, evidence: _Evidence) -> bool:
    """Judge the modes of the density, densest first; return whether the colours are noisy, as any JPEG's are."""
    if not evidence.pure.any():
        return False
    least = docket.demands.min_pixels or LOSSY_PIXELS
    density, peaks = landscape(evidence.colors, evidence.pure, SMOOTH, least)
    noisy = _noise(evidence, peaks[:10]) > NOISY
    if not noisy:
        density, peaks = landscape(evidence.colors, evidence.pure, SHARP, least)
    for peak in peaks:
        case = _case_of_peak(evidence, peak, least, noisy)
        if case is not None and not any(tuple(case.color) == other.color for other in docket.kept):
            top = float(density[tuple((peak // CELL).astype(int))])
            docket.close(case, *_verdict(docket, evidence, case, density, top, least, noisy))
    return noisy


def _case_of_peak(evidence: _Evidence, peak: NDArray[np.float64], least: int, noisy: bool) -> _Case | None:
    """Return the colour of a peak with the pixels that are its own; None where there are too few to speak of."""
    wide = evidence.within(peak, BLUR)
    wide = wide[evidence.pixels[wide] > 0]
    near = ((evidence.colors[wide] - peak) ** 2).sum(axis=1)
    core = wide[near <= (CORE if noisy else EXACT_GAP) ** 2]
    if evidence.pixels[wide].sum() < least or not evidence.pixels[core].sum():
        return None
    color = evidence.colors[core[evidence.pure[core].argmax()]]
    at_core = evidence.case(color, core)
    if not noisy:
        return at_core
    centre = _mean_shift(evidence, peak)
    if np.sqrt(((color - centre) ** 2).sum()) > SNAP:
        color = np.rint(centre).astype(np.int64)
    case = evidence.case(color, evidence.within(color, BLUR))
    case.between, case.one_value = at_core.between, at_core.one_value
    return case


def _mean_shift(evidence: _Evidence, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move to the mean of the pixels around, five times: on these modes the last step is far below a level."""
    centre = start
    for _ in range(5):
        near = evidence.within(centre, BLUR)
        weight = evidence.pure[near, None]
        if not weight.sum():
            break
        centre = (evidence.colors[near] * weight).sum(axis=0) / weight.sum()
    return centre


def _verdict(
    docket: _Docket,
    evidence: _Evidence,
    case: _Case,
    density: NDArray[np.float32],
    top: float,
    least: int,
    noisy: bool,
) -> tuple[str, str]:
    """Return verdict and reason for a mode whose peak has the density `top`."""
    solid_pixels = evidence.solid[case.rows].sum()
    is_solid = solid_pixels >= min(max(SOLID_PIXELS, SOLID_SHARE * evidence.pixels[case.rows].sum()), least)
    kept = ("kept", "a mode of its own" + ("" if is_solid else ", though nowhere solid"))
    if case.pixels < least or evidence.pure[case.rows].sum() < 0.6 * least:
        return "rejected", f"too few pixels: {case.pixels}"
    if case.between > 0.5:
        return "rejected", "mixture: most of its pixels lie between two other colors" + _parents(case, docket.kept)
    if docket.forbids(case.color, BLUR):
        return "rejected", "forbidden"
    if not docket.kept:
        return kept
    apart = docket.distances(case.color)
    n = int(apart.argmin())
    nearest = docket.kept[n]
    clear = not noisy and case.one_value > 0.5 and nearest.one_value > 0.5
    if apart[n] < (docket.demands.min_distance or (EXACT_GAP if clear and n >= docket.pins else BLUR)):
        return "merged", f"{apart[n]:.0f} levels from {_text(nearest.color)}"
    if apart[n] < TINT and case.solid < 0.1 and not (clear and is_solid):
        return "merged", f"tinted copy: nowhere solid, {apart[n]:.0f} levels from {_text(nearest.color)}"
    if not clear:
        for other, far in zip(docket.kept, apart, strict=True):
            if far < 40 and lowest_between(density, case.color, other.color) > VALLEY * top:
                return "merged", f"no valley between it and {_text(other.color)}"
    if noisy and not is_solid and apart[n] < (ALONE if case.one_value < STREAK else ALONE_STREAK):
        leaked = f"nowhere solid and not far from {_text(nearest.color)}: color has leaked into it"
        return "rejected", leaked + _parents(case, docket.kept)
    return kept


def _judge_small_objects(docket: _Docket, evidence: _Evidence) -> None:
    """Judge the colours of small objects that lie far from every class so far, the one with most cores first."""
    least = docket.demands.min_pixels or LOSSY_PIXELS
    apart = max(SMALL_APART, docket.demands.min_distance or 0)
    left = np.array([docket.distances(color).min(initial=np.inf) >= apart - BLUR for color in evidence.colors], bool)
    while left.any():
        start = evidence.colors[np.argmax(evidence.pixels * left)]
        rows = _own(evidence, _mean_shift(evidence, start), left)
        rows = rows if len(rows) else _own(evidence, start, left)
        left[rows] = False
        color = np.rint(np.average(evidence.colors[rows], axis=0, weights=evidence.pixels[rows])).astype(np.int64)
        case = evidence.case(color, rows)
        case.images = int(evidence.images[rows].sum())
        if case.pixels >= least and docket.distances(color).min(initial=np.inf) >= apart:
            docket.close(case, *_verdict_on_small(docket, case))


def _own(evidence: _Evidence, color: NDArray[np.floating], left: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows around a colour that no earlier case has taken."""
    rows = evidence.within(color, BLUR)
    return rows[left[rows]]


def _verdict_on_small(docket: _Docket, case: _Case) -> tuple[str, str]:
    """Return verdict and reason for a colour of small objects that is far from all others."""
    colors = np.array([other.color for other in docket.kept], float)
    off = min((_off_the_way(case.color, colors[i], colors[:i]) for i in range(1, len(colors))), default=np.inf)
    if docket.forbids(case.color, BLUR):
        return "rejected", "forbidden"
    if case.images < SMALL_IMAGES:
        return "rejected", f"small objects only, in {case.images} image"
    if case.pixels < SMALL_SIZE * case.images:
        return "rejected", f"small objects only, too small: {case.pixels} cores in {case.images} images"
    if off < SMALL_OFF:
        return "rejected", "mixture: small objects only" + _parents(case, docket.kept)
    return "kept", f"small objects only: {case.pixels} cores in {case.images} images"


def _off_the_way(color: NDArray[np.int64], one: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return how far a colour is from the nearest of the straight ways from one colour to each of the others."""
    ways = others - one
    shares = ((color - one) * ways).sum(axis=1) / np.maximum(1.0, (ways**2).sum(axis=1))
    nearest = one + np.clip(shares, 0, 1)[:, None] * ways
    return float(np.sqrt(((nearest - color) ** 2).sum(axis=1)).min())


def _noise(evidence: _Evidence, centres: NDArray[np.float64]) -> float:
    """Return the rms distance, in levels, of solid pixels from the most frequent value within 10, median of `centres`.

    The median, because in a legend of close colours some have neighbours within 10.
    """
    squares = []
    for centre in centres:
        near = evidence.within(centre, 10)
        solid = evidence.solid[near]
        if solid.sum():
            apart = ((evidence.colors[near] - evidence.colors[near[solid.argmax()]]) ** 2).sum(axis=1)
            squares.append((apart * solid).sum() / solid.sum())
    return float(np.sqrt(np.median(squares))) if squares else 0.0


def _parents(case: _Case, kept: Sequence[Candidate]) -> str:
    """Name the two colours that have this one on the way between them; only words, no verdict hangs on it."""
    best, words = 8.0, ""
    for i, one in enumerate(kept):
        for other in kept[:i]:
            a, b = np.array(one.color, float), np.array(other.color, float)
            share = ((case.color - a) @ (b - a)) / max(1.0, (b - a) @ (b - a))
            off = float(np.sqrt(((a + share * (b - a) - case.color) ** 2).sum()))
            if 0.1 < share < 0.9 and off < best:
                best, words = off, f", on the way from {_text(one.color)} to {_text(other.color)}"
    return words


def _distances(color: NDArray[np.int64], others: Sequence[RGB]) -> NDArray[np.float64]:
    return between(color[None], np.array(others, float).reshape(-1, 3))[0]


def _text(color: Sequence[int]) -> str:
    return "({}, {}, {})".format(*color)
