"""The rules that decide whether a mode is a class, in the order in which they are asked.

Each looks at one mode and what was accepted before it, and gives a verdict with its reason and certainty, or None where
it has nothing to say. The first verdict counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery import thresholds as t
from kmseg.discovery.candidates import Demands
from kmseg.discovery.modes import Mode, Source


class Verdict(NamedTuple):
    """`accepted`, `merged` or `rejected`, why, and how sure, from 0 to 1."""

    verdict: str
    reason: str
    certainty: float


@dataclass
class Context:
    """What a mode is compared with.

    Attributes
    ----------
    proof_distance : float
        Levels from a class within which a mode of compressed images needs proof.
    """

    demands: Demands
    index_masks: bool
    any_compressed: bool
    once_lossy: bool
    images: int
    classes: list[Mode]
    proof_distance: float = t.BLUR

    def nearest(self, mode: Mode) -> tuple[float, Mode]:
        """Return distance and mode of the class nearest to a mode; infinity and the mode itself without classes."""
        if not self.classes:
            return float("inf"), mode
        apart = np.sqrt(((self.colors - mode.color) ** 2).sum(axis=1))
        return float(apart.min()), self.classes[int(apart.argmin())]

    @property
    def colors(self) -> NDArray[np.int64]:
        """The colors of the classes, `(n, 3)`."""
        return np.array([c.color for c in self.classes], np.int64).reshape(-1, 3)

    def is_noisy(self, mode: Mode) -> bool:
        """Tell whether damage may have made the mode of another's pixels."""
        exact = mode.source in (Source.EXACT, Source.PATCH) and not self.once_lossy
        return mode.source not in (Source.PINNED, Source.OBJECTS, Source.THIN) and not exact


Rule = Callable[[Mode, Context], Verdict | None]


def is_pinned(mode: Mode, context: Context) -> Verdict | None:
    """The user says that it is a class."""
    if mode.source == Source.PINNED:
        return Verdict("accepted", "pinned", 1.0)
    return None


def is_forbidden(mode: Mode, context: Context) -> Verdict | None:
    """The user says that it is no class."""
    default = 1 if mode.source == Source.EXACT else t.BLUR
    limit = context.demands.min_distance or default
    if any(_distance(mode.color, color) < limit for color in context.demands.forbid):
        return Verdict("rejected", "forbidden", 1.0)
    return None


def has_few_pixels(mode: Mode, context: Context) -> Verdict | None:
    """It has fewer pixels than the user asks for."""
    counted = mode.source in (Source.EXACT, Source.PIXELS, Source.OBJECTS)
    if counted and mode.pixels < (context.demands.min_pixels or 0):
        return Verdict("rejected", f"too few pixels: {mode.pixels}", 0.9)
    return None


def is_within_min_distance(mode: Mode, context: Context) -> Verdict | None:
    """It is nearer to a class than the user wants."""
    apart, nearest = context.nearest(mode)
    if context.demands.min_distance is not None and apart < context.demands.min_distance:
        return Verdict("merged", f"{apart:.0f} from {text(nearest.color)}, nearer than palette.min_distance", 1.0)
    return None


def is_same_color(mode: Mode, context: Context) -> Verdict | None:
    """Damage moves a color as far as this from a class; the user may say otherwise."""
    apart, nearest = context.nearest(mode)
    limit = 1.0
    if context.is_noisy(mode) and context.demands.min_distance is None:
        limit = t.SAME
    elif nearest.source == Source.PINNED or (mode.source == Source.PATCH and mode.interior < 0.5):
        limit = t.OVERSHOOT
    elif mode.source == Source.PATCH:
        limit = t.ROUNDING
    if apart < limit:
        return Verdict("merged", f"{apart:.1f} from {text(nearest.color)}: one color", 0.95)
    return None


def is_index_value(mode: Mode, context: Context) -> Verdict | None:
    """Of index masks every value is a class."""
    if context.index_masks and mode.source == Source.EXACT:
        if mode.color[0] == 255:
            return Verdict("rejected", "ignore: the only high value of index masks", 0.9)
        return Verdict("accepted", "value of index masks", 1.0)
    return None


def is_mixture(mode: Mode, context: Context) -> Verdict | None:
    """Most of its pixels lie between two other colors, or it is one of several thin shades that do."""
    has_own = mode.source == Source.EXACT and mode.interior_pixels > 0
    if (mode.mixed > t.MIXTURE or mode.blend) and not has_own and mode.source in (Source.EXACT, Source.PIXELS):
        words = "mixture: most of its pixels lie between two other colors" + parents(mode, context)
        return Verdict("rejected", words, 0.9)
    return None


def is_exact(mode: Mode, context: Context) -> Verdict | None:
    """A color of lossless images, or of uniform patches of resized ones, is a class."""
    if mode.source == Source.EXACT:
        sure = 1.0 if mode.largest_region else 0.9 if mode.pixels >= t.RARE_PIXELS else 0.6
        return Verdict("accepted", mode.source.value + ("" if mode.largest_region else ", nowhere 3 pixels wide"), sure)
    if mode.source == Source.PATCH:
        return Verdict("accepted", mode.source.value, 0.95 if mode.largest_region >= t.RARE_PIXELS else 0.6)
    return None


def has_bled(mode: Mode, context: Context) -> Verdict | None:
    """Without flat interior and close to a class, it is the class with its surroundings' chroma."""
    apart, nearest = context.nearest(mode)
    noisy = mode.source in (Source.PIXELS, Source.REGIONS)
    if noisy and apart < t.COLOR_BLEED_DISTANCE and mode.interior < t.BLED_INTERIOR:
        return Verdict("merged", f"chroma bleeding: no flat interior, {apart:.0f} from {text(nearest.color)}", 0.8)
    return None


def is_satellite(mode: Mode, context: Context) -> Verdict | None:
    """Near a larger class, block noise of nearly its color is no class: several large regions are."""
    apart, nearest = context.nearest(mode)
    proven = mode.proof_regions >= t.PROVEN_REGIONS or mode.largest_region >= t.PROVEN_PIXELS
    unproven = mode.source == Source.PIXELS or not proven
    if unproven and context.is_noisy(mode) and apart < context.proof_distance and context.demands.min_distance is None:
        return Verdict("merged", f"{apart:.0f} from {text(nearest.color)}, without large regions of its own", 0.8)
    return None


def is_lone_shade(mode: Mode, context: Context) -> Verdict | None:
    """Close to a class, what a single image shows is a shade of the class: small, or mixed with another class.

    In a ramp of shades, where classes lie between others, a color between two says nothing.
    """
    if not context.is_noisy(mode) or context.images < t.LONE_IMAGES or max(mode.images, mode.region_images) > 1:
        return None
    apart, nearest = context.nearest(mode)
    classes = context.classes
    small = apart < t.COLOR_BLEED_DISTANCE and not mode.proof_regions and mode.one_value < t.OWN_VALUE
    blend = apart < t.ISOLATION_DISTANCE and _is_between(mode.color, classes)
    if small or (blend and not _is_ramp(classes)):
        return Verdict("merged", f"in 1 of {context.images} images only, {apart:.0f} from {text(nearest.color)}", 0.6)
    return None


def _is_between(color: NDArray[Any], classes: Sequence[Mode]) -> bool:
    """Tell whether a color lies between two classes; many classes leave hardly a color off all such lines."""
    if len(classes) > t.FEW_CLASSES:
        return False
    return bool((off_lines(color, np.array([c.color for c in classes]).reshape(-1, 3))[1] < t.SAME).any())


def _is_ramp(classes: Sequence[Mode]) -> bool:
    """Tell whether a class lies between two others."""
    return any(_is_between(c.color, [o for o in classes if o is not c]) for c in classes)


def has_large_region(mode: Mode, context: Context) -> Verdict | None:
    """Damage forms no large flat regions."""
    if mode.source == Source.REGIONS:
        near = context.nearest(mode)[0] < context.proof_distance
        return Verdict("accepted", f"flat regions of up to {mode.largest_region} pixels", 0.9 if near else 0.99)
    return None


def has_no_interior(mode: Mode, context: Context) -> Verdict | None:
    """Without flat interior it must stand far from all classes, and not between two.

    Soft edges, as networks and smoothing leave them, are flat here and there, but form no large region.
    """
    if mode.source != Source.PIXELS:
        return None
    between = _is_between(mode.color, context.classes)
    soft = between and mode.largest_region < t.LARGE and mode.mixed >= t.SOFT_MIXED
    soft = soft and not _is_ramp([known for known in context.classes if known.largest_region >= t.LARGE])
    if has_interior(mode) and not soft:
        return None
    apart, nearest = context.nearest(mode)
    limit = t.ISOLATION_DISTANCE if mode.one_value < t.REPEATED_SHARE else t.REPEATED_ISOLATION_DISTANCE
    if between:
        return Verdict("rejected", f"no flat {'region' if soft else 'interior'}: mixture" + parents(mode, context), 0.7)
    if apart < limit:
        words = f"no flat interior and close to {text(nearest.color)}: chroma bleeding" + parents(mode, context)
        return Verdict("rejected", words, 0.7)
    return None


def is_in_few_images(mode: Mode, context: Context) -> Verdict | None:
    """Without flat interior it must be in several images: what damage makes by chance is in one of many."""
    many = mode.images >= t.LONE_SHARE * context.images
    if mode.source != Source.PIXELS or many or has_interior(mode):
        return None
    words = f"no flat interior, in {mode.images} of {context.images} images only" + parents(mode, context)
    return Verdict("rejected", words, 0.6)


def is_density_mode(mode: Mode, context: Context) -> Verdict | None:
    """What is left of the flat pixels' modes is a class."""
    if mode.source == Source.PIXELS:
        inside = has_interior(mode)
        return Verdict(
            "accepted", "density mode" + ("" if inside else " without flat interior"), 0.8 if inside else 0.6
        )
    return None


def is_small_object(mode: Mode, context: Context) -> Verdict | None:
    """Small objects make a class where no mixture explains them."""
    if mode.source != Source.OBJECTS:
        return None
    seen = f"{mode.pixels} cores in {mode.images} images"
    if mode.images < t.SMALL_IMAGES:
        return Verdict("rejected", f"small objects only, in {mode.images} image", 0.6)
    if mode.pixels < t.SMALL_SIZE * mode.images:
        return Verdict("rejected", f"small objects only, too small: {seen}", 0.6)
    if mode.one_value > t.REPEATED_SHARE:
        return Verdict("rejected", f"small objects of one repeated value: chroma bleeding; {seen}", 0.6)
    if (off_lines(mode.color, context.colors)[1] < t.SMALL_OFF).any():
        return Verdict("rejected", "mixture: small objects only" + parents(mode, context), 0.6)
    return Verdict("accepted", f"small objects only: {seen}", 0.6)


def is_thin_object(mode: Mode, context: Context) -> Verdict | None:
    """Thin objects make a class where no mixture explains them, and each image that has them has several.

    Of many images, a few have windows that mislead, as `is_in_few_images` says of pixels.
    """
    if mode.source != Source.THIN:
        return None
    seen = f"{mode.pixels} windows in {mode.images} image{'s' if mode.images != 1 else ''}"
    least = t.LONE_WINDOWS if mode.images == 1 else max(t.THIN_WINDOWS, t.THIN_PER_IMAGE * mode.images)
    if mode.pixels < least or mode.images < t.LONE_SHARE * context.images:
        return Verdict("rejected", f"thin objects only, too few: {seen} of {context.images}", 0.6)
    if (off_lines(mode.color, context.colors)[1] < t.THIN_OFF).any():
        return Verdict("rejected", f"mixture: thin objects only, {seen}" + parents(mode, context), 0.6)
    return Verdict("accepted", f"thin objects only: {seen}", 0.6)


RULES: Sequence[Rule] = (
    is_pinned,
    is_forbidden,
    has_few_pixels,
    is_within_min_distance,
    is_same_color,
    is_index_value,
    is_mixture,
    has_bled,
    is_satellite,
    is_lone_shade,
    is_exact,
    has_large_region,
    has_no_interior,
    is_in_few_images,
    is_density_mode,
    is_small_object,
    is_thin_object,
)


def decide(mode: Mode, context: Context) -> Verdict:
    """Ask the rules in order; the last one always has a verdict on what reaches it."""
    for rule in RULES:
        verdict = rule(mode, context)
        if verdict is not None:
            return verdict
    raise AssertionError(mode)


def has_interior(mode: Mode) -> bool:
    """Tell whether a mode has flat interior pixels somewhere."""
    return mode.interior_pixels >= t.INTERIOR_PIXELS


def parents(mode: Mode, context: Context) -> str:
    """Name the two classes that have this color on the way between them; only words, no verdict hangs on it."""
    pairs, off = off_lines(mode.color, context.colors)
    if off.min(initial=np.inf) >= t.CORE:
        return ""
    first, second = (text(context.classes[i].color) for i in sorted(pairs[off.argmin()], reverse=True))
    return f", on the way from {first} to {second}"


def text(color: Sequence[int] | NDArray[np.int64]) -> str:
    """Write a color as people read it."""
    return "({}, {}, {})".format(*color)


def _distance(one: Sequence[int] | NDArray[np.int64], other: Sequence[int]) -> float:
    return float(np.sqrt(((np.asarray(one, float) - np.asarray(other, float)) ** 2).sum()))


def off_lines(color: NDArray[Any], colors: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the rows of each two of some colors, `(m, 2)`, and how far a color is from the line between, `(m,)`."""
    pairs = np.stack(np.triu_indices(len(colors), 1), axis=1)
    start, way = colors[pairs[:, 0]].astype(float), (colors[pairs[:, 1]] - colors[pairs[:, 0]]).astype(float)
    shares = ((color - start) * way).sum(axis=1) / np.maximum(1.0, (way**2).sum(axis=1))
    nearest = start + np.clip(shares, 0, 1)[:, None] * way
    return pairs, np.sqrt(((nearest - color) ** 2).sum(axis=1))
