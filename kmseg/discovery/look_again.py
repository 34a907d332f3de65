"""A second look for the classes of a known legend that the palette lacks: by color, with a lower bar.

A color of a published legend that also is a mode of its own needs less evidence than any other: damage makes colors
anywhere, and rarely just there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery import statistics as s
from kmseg.discovery import thresholds as t
from kmseg.discovery.candidates import Candidate, Candidates
from kmseg.discovery.damage import Damage
from kmseg.discovery.modes import Evidence, Mode, Source, mean_shift
from kmseg.discovery.rules import off_lines
from kmseg.discovery.statistics import ColorStatistics
from kmseg.palette import RGB

PUBLISHED_PIXELS = 10
"""Least pixels of no mixture in the color of a published class: a third of what other colors of compressed images
need."""

PUBLISHED_SHIFT = 3.0
"""RGB units between a published color and the mode of what is around it: what JPEG moves the mean of a class by."""

CONCENTRATION = 0.6
"""Least share, of the pixels within `BLUR` levels, that lies within `CORE`; evenly spread pixels have 0.13."""

PUBLISHED_CORES, CORES_SHIFT = 8, 6.0
"""Least cores of small objects around the color of a published class, and RGB units from it to their mean. Other
colors need 30 cores in two images."""

CORES_APART = 30.0
"""RGB units from all classes of such a color; it is also `SMALL_OFF` from the line between any two."""

CERTAINTY = 0.7
"""Certainty of a class that only the published legend speaks for: it is named as doubtful."""


def look_again(
    statistics: ColorStatistics, candidates: Candidates, colors: NDArray[np.uint8], legend: str, forbid: Sequence[RGB]
) -> Candidates:
    """Accept further colors of a published legend that occur; all other verdicts stay.

    Parameters
    ----------
    statistics : ColorStatistics
    candidates : Candidates
        What was found without the legend.
    colors : ndarray of shape (n, 3), uint8
        Colors of the legend's classes that were not found.
    legend : str
        Its title, for the reason.
    forbid : sequence of (r, g, b)
        Colors that the user excludes, and what is near them.
    """
    evidence = [(Evidence.of(statistics, damage), damage) for damage in Damage]
    known = np.array([c.color for c in candidates.accepted] + [*forbid], np.int64).reshape(-1, 3)
    found = []
    for color in colors.astype(np.int64):
        modes = [mode for each, damage in evidence if (mode := _mode_at(each, damage, color, known)) is not None]
        if modes:
            best = max(modes, key=lambda mode: mode.pixels)
            what = "cores" if best.source == Source.OBJECTS else "pixels"
            words = f"by the published legend, {legend}: {best.pixels} {what}"
            found.append(Candidate.of(best, "accepted", words, CERTAINTY))
            known = np.concatenate([known, [color]])
    if not found:
        return candidates
    taken = {candidate.color for candidate in found}
    return replace(candidates, considered=(*(c for c in candidates.considered if c.color not in taken), *found))


def _mode_at(evidence: Evidence, damage: Damage, color: NDArray[np.int64], known: NDArray[np.int64]) -> Mode | None:
    """Return the mode at a color in images of one damage; None where there is none, or mixtures only."""
    apart = float(_distances(color, known).min(initial=np.inf))
    if not len(evidence.colors) or not apart:
        return None
    if damage == Damage.COMPRESSED:
        return (_pixels_at(evidence, color) if apart >= t.BLUR else None) or _cores_at(evidence, color, known)
    rows = evidence.within(color, 0)
    mode = evidence.mode(color, rows, Source.EXACT)
    return mode if evidence.pure[rows].sum() >= PUBLISHED_PIXELS and mode.mixed <= t.MIXTURE else None


def _pixels_at(evidence: Evidence, color: NDArray[np.int64]) -> Mode | None:
    """Return the mode of flat pixels at a color: they are a peak of their own, and not the rim of another."""
    core, around = (evidence.within(color, radius) for radius in (t.CORE, t.BLUR))
    mode = evidence.mode(color, core, Source.PIXELS)
    few = evidence.pure[core].sum() < max(PUBLISHED_PIXELS, CONCENTRATION * evidence.pure[around].sum())
    if few or mode.mixed > t.MIXTURE:
        return None
    shift = _distances(color, mean_shift(evidence, evidence.pure, color)[None])[0]
    return mode if shift <= PUBLISHED_SHIFT else None


def _cores_at(evidence: Evidence, color: NDArray[np.int64], known: NDArray[np.int64]) -> Mode | None:
    """Return the mode of the cores of small objects at a color that no mixture of two classes explains."""
    rows = evidence.within(color, t.BLUR)
    cores = evidence.counts[rows, s.CORES]
    pixels = int(cores.sum())
    if pixels < PUBLISHED_CORES or _distances(color, known).min(initial=np.inf) < CORES_APART:
        return None
    center = np.average(evidence.colors[rows], axis=0, weights=cores)
    if _distances(color, center[None])[0] > CORES_SHIFT or (off_lines(color, known)[1] < t.SMALL_OFF).any():
        return None
    images = int(evidence.counts[rows, s.CORE_IMAGES].max())
    return Mode(color, Source.OBJECTS, pixels, images, one_value=float(cores.max() / pixels))


def _distances(color: NDArray[np.int64], others: NDArray[Any]) -> NDArray[np.float64]:
    """Return the RGB distances `(n,)` of a color to others `(n, 3)`."""
    return np.asarray(np.sqrt(((others - color) ** 2).sum(axis=1)), np.float64)
