"""Which color a legend had, of those that a JPEG file cannot tell apart.

A flat area comes back from a JPEG file as one color: converted to luma and chroma, which four RGB triples share on
average, its mean rounded to a quantization step, and converted back. So the color that is seen is the legend's own in a
quarter to a half of all cases only. What is known is the set of triples that give it, and people choose some levels
more often than others: 0, 255, 128, equal channels, and those of the legend's other colors. The prior is how often each
level occurs in the published legends and, once every color is chosen, in the other colors.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from kmseg.legends.recognition import published
from kmseg.pixels.packing import pack
from kmseg.pixels.ycbcr import from_ycbcr, to_ycbcr

LUMA_DC, CHROMA_DC = 16, 17
"""First steps of the tables K.1 and K.2 of ITU-T T.81, which the IJG's library scales by the quality."""

REACH = 4
"""Levels, in each channel, that a legend's color may be off the seen one: half a chroma step of quality 60 is 1.8."""

MIN_SUPPORT = 0.1
"""Share of the flat pixels that the best triple explains which another must explain, to be considered."""

UNSEEN = 0.02
"""Share of a legend that each level has beside its occurrences, so that none is impossible."""

EQUAL_CHANNELS, OFF_SEEN = 1.0, -0.1
"""Log odds for each pair of equal channels, and for each squared level off the seen color."""

OWN_LEGEND, PASSES = 10.0, 3
"""Legends that the levels of the other colors count for, and how often all colors are chosen anew."""

# All together: of 52 published legends, each saved at quality 75 and read with the levels of those legends only that
# share less than a third of its colors, 79 % of the colors are exact (38 % as seen); quality 90: 81 % (43 %). Random
# colors: 18 % (16 % as seen) of at most 23 %, since four triples on average are one color to the file.


def through_jpeg(colors: NDArray[np.integer], quality: int) -> NDArray[np.int64]:
    """Return what flat areas of colors `(n, 3)` look like after libjpeg at a quality, 1 to 100, `(n, 3)`.

    Examples
    --------
    >>> through_jpeg(np.array([[152, 251, 152], [128, 64, 128]]), 75).tolist()
    [[154, 250, 152], [128, 63, 127]]
    """
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps = np.clip((np.array([LUMA_DC, CHROMA_DC, CHROMA_DC]) * percent + 50) // 100, 1, 255)[:, None]
    samples = to_ycbcr(colors).astype(np.int64)
    stored = np.sign(samples) * ((8 * np.abs(samples) + steps // 2) // steps) * steps
    return from_ycbcr((stored + 4) >> 3)


def most_plausible(
    seen: NDArray[np.integer], values: NDArray[np.integer], counts: NDArray[np.integer], quality: int
) -> NDArray[np.int64]:
    """Return the likeliest legend colors `(k, 3)` of those that JPEG files of a quality show as the ones seen.

    Parameters
    ----------
    seen : ndarray of shape (k, 3)
        The colors of the classes in the decoded images, to a few levels. One that no flat pixel supports is returned.
    values : ndarray of shape (n, 3)
        Distinct colors of flat pixels.
    counts : ndarray of shape (n,)
        How many flat pixels have each.
    quality : int
        The quality of the files, 1 to 100, with the IJG's tables.

    Examples
    --------
    >>> most_plausible(np.array([[128, 63, 127]]), np.array([[128, 63, 127]]), np.array([500]), 75).tolist()
    [[128, 64, 128]]
    """
    codes = pack(np.asarray(values).astype(np.uint8)).astype(np.int64)
    order = np.argsort(codes)
    known = codes[order], np.asarray(counts)[order]
    choices = [_choices(color, *known, quality) for color in np.asarray(seen, np.int64)]
    shares = _level_shares()
    chosen = np.array([triples[(odds + np.log(shares)[triples].sum(axis=1)).argmax()] for triples, odds in choices])
    for _ in range(PASSES - 1):
        levels, before = np.bincount(chosen.ravel(), minlength=256), chosen.copy()
        for row, (triples, odds) in enumerate(choices):
            others = levels - np.bincount(before[row], minlength=256)
            prior = np.log(shares + OWN_LEGEND * others / levels.sum())
            chosen[row] = triples[(odds + prior[triples].sum(axis=1)).argmax()]
    return chosen


def _choices(
    seen: NDArray[np.int64], codes: NDArray[np.int64], counts: NDArray[np.integer], quality: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the triples `(m, 3)` that may be a color seen, and their log odds but for their levels' `(m,)`.

    `codes`, the colors of flat pixels as 0xRRGGBB, ascend; `counts` are their pixels.
    """
    offsets = np.stack(np.meshgrid(*[np.arange(-REACH, REACH + 1)] * 3), axis=-1).reshape(-1, 3)
    triples = seen + offsets
    triples = triples[((triples >= 0) & (triples <= 255)).all(axis=1)]
    shown = pack(through_jpeg(triples, quality).astype(np.uint8)).astype(np.int64)
    place = np.minimum(np.searchsorted(codes, shown), len(codes) - 1)
    explained = np.where(codes[place] == shown, counts[place], 0)
    considered = (explained > 0) & (explained >= MIN_SUPPORT * explained.max())
    if not considered.any():
        return seen[None], np.zeros(1)
    triples, explained = triples[considered], explained[considered]
    odds = OFF_SEEN * ((triples - seen) ** 2).sum(axis=1) + np.log(explained)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        odds += EQUAL_CHANNELS * (triples[:, one] == triples[:, other])
    return triples, odds


@cache
def _level_shares() -> NDArray[np.float64]:
    """Return how often each level occurs in the published legends, each with the same weight, `(256,)`."""
    shares = np.full(256, UNSEEN)
    for legend in published().values():
        shares += np.bincount(legend.colors.ravel(), minlength=256) / legend.colors.size
    return shares
