"""Compare a given legend with the colors of the data; one warning per mismatch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kmseg.histogram import Histogram
from kmseg.palette import Palette
from kmseg.pixels.distance import between

SAME_COLOR_DISTANCE = 6.0
"""RGB units within which a color of the data is one of the legend; the same as `legend/found` uses."""

MAX_LISTED = 8
"""Colors or names listed in one warning at most."""


MIN_EXCHANGED_SHARE = 0.5
"""Share of the pixels that must have palette colors with red and blue exchanged, for images to seem BGR."""


def seems_bgr(histogram: Histogram, palette: Palette) -> bool:
    """Return whether images have the palette's colors with red and blue exchanged, and hardly as they are."""
    colors, counts = histogram.colors, histogram.counts
    straight = between(colors, palette.sources[0]).min(axis=1) <= SAME_COLOR_DISTANCE
    exchanged = between(colors, palette.sources[0][:, ::-1]).min(axis=1) <= SAME_COLOR_DISTANCE
    share = counts[exchanged].sum() / max(counts.sum(), 1)
    return bool(share >= MIN_EXCHANGED_SHARE and share >= 2 * counts[straight].sum() / max(counts.sum(), 1))


def check_legend(given: Palette, data: NDArray[np.uint8], seen: NDArray[np.int64], lossless: bool) -> list[str]:
    """Compare a given legend with the colors found in the data; missing colors are reported by `kmseg.audit.drift`.

    Parameters
    ----------
    given : Palette
        The legend that the user gave.
    data : ndarray of shape (m, 3), uint8
        The colors found in sampled images, without mixtures.
    seen : ndarray of shape (k,), int64
        Pixels of each class, over all images, that are exactly or nearly of its color.
    lossless : bool
        Whether the colors of the data are exact, so that a difference of one level is significant.

    Returns
    -------
    list of str
        One sentence for each mismatch, with the fix.
    """
    sources, names = given.sources[0], np.array(given.source_names, object)
    warnings = _same_color(sources, names)
    if not len(data):
        return warnings
    apart = between(data, sources)
    best, nearest = apart.min(axis=1), apart.argmin(axis=1)
    swapped = between(data, sources[:, ::-1]).min(axis=1)
    matched, exchanged = int((best <= SAME_COLOR_DISTANCE).sum()), int((swapped <= SAME_COLOR_DISTANCE).sum())
    if exchanged >= max(2 * matched, matched + 2):
        warnings.append(
            f"the legend seems to be in BGR order: with red and blue exchanged it has {exchanged} of the {len(data)} "
            f"colors in the data, as it stands {matched}; exchange its r and b columns"
        )
        return warnings
    if lossless and _off_by_one(data, sources):
        warnings.append(
            f"the legend's gray levels go from {sources.min()} to {sources.max()} and the data's from {data.min()} to "
            f"{data.max()}: one of them counts its classes from 1; shift the legend's ids by one"
        )
        return warnings
    off = [
        i
        for i in range(len(data))
        if lossless and 0 < best[i] <= SAME_COLOR_DISTANCE and apart[:, nearest[i]].min() == best[i]
    ]
    if off:
        pairs = [f"{_rgb(data[i])} for {names[nearest[i]]} ({_rgb(sources[nearest[i]])} in the legend)" for i in off]
        warnings.append(
            f"{len(off)} of the legend's colors are a few levels off from those in the data, which has "
            f"{_join_first(pairs)}; put the data's values into the legend"
        )
    never = [name for name, pixels in zip(given.names, seen, strict=True) if not pixels]
    if never:
        warnings.append(
            f"{len(never)} of the legend's {len(given)} classes do not occur in the images: {_join_first(never)}; "
            "if they should, correct their colors in the legend"
        )
    return warnings


def _off_by_one(data: NDArray[np.uint8], sources: NDArray[np.uint8]) -> bool:
    """Return whether data and legend are gray, as ids are, and their levels agree after a shift by one."""
    if len(data) < 2 or np.ptp(data, axis=1).any() or np.ptp(sources, axis=1).any():
        return False
    found, given = set(data[:, 0].tolist()), set(sources[:, 0].tolist())
    return not found <= given and any(found <= {level + by for level in given} for by in (-1, 1))


def _same_color(sources: NDArray[np.uint8], names: NDArray[np.object_]) -> list[str]:
    by_color: dict[tuple[int, ...], list[str]] = {}
    for color, name in zip(sources.tolist(), names, strict=True):
        by_color.setdefault(tuple(color), []).append(name)
    return [
        f"the legend gives {_rgb(np.array(color))} to {' and '.join(shared)}: all its pixels become {shared[0]}; "
        "give both rows one name, or correct one of the colors"
        for color, shared in by_color.items()
        if len(set(shared)) > 1
    ]


def _rgb(color: NDArray[np.integer]) -> str:
    return " ".join(str(int(level)) for level in color)


def _join_first(words: Sequence[str]) -> str:
    return ", ".join(words[:MAX_LISTED]) + (f" and {len(words) - MAX_LISTED} more" if len(words) > MAX_LISTED else "")
