"""Holds a given legend against the colors that the data really has, and says in a sentence each what does not fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kmseg.palette import Palette
from kmseg.pixels.distance import between

SAME = 6.0
"""RGB units within which a color of the data is a color of the legend; the metrics call a class found within it."""

SHOWN = 8
"""Colors or names listed in one sentence at most."""


def check_legend(given: Palette, data: NDArray[np.uint8], seen: NDArray[np.int64], lossless: bool) -> list[str]:
    """Compare a given legend with the colors found in the data; what the legend lacks is `kmseg.audit.drift`'s.

    Parameters
    ----------
    given : Palette
        The legend that the user gave.
    data : ndarray of shape (m, 3), uint8
        The colors found in sampled images, mixtures left out.
    seen : ndarray of shape (k,), int64
        Pixels of each class, over all images, that are exactly or nearly of its color.
    lossless : bool
        Whether the colors of the data are exact, so that a level of difference means something.

    Returns
    -------
    list of str
        One sentence for each thing that does not fit, with its mend.
    """
    sources, names = given.sources[0], np.array(given.source_names, object)
    said = _same_color(sources, names)
    if not len(data):
        return said
    apart = between(data, sources)
    best, meant = apart.min(axis=1), apart.argmin(axis=1)
    swapped = between(data, sources[:, ::-1]).min(axis=1)
    if (swapped <= SAME).sum() >= max(2 * (best <= SAME).sum(), (best <= SAME).sum() + 2):
        said.append(
            f"the legend seems to be in BGR order: with red and blue exchanged it has {(swapped <= SAME).sum()} of the "
            f"{len(data)} colors in the data, as it stands {(best <= SAME).sum()}; exchange its r and b columns"
        )
        return said
    if lossless and _off_by_one(data, sources):
        said.append(
            f"the legend's gray levels go from {sources.min()} to {sources.max()} and the data's from {data.min()} to "
            f"{data.max()}: one of them counts its classes from 1; shift the legend's ids by one"
        )
        return said
    off = [i for i in range(len(data)) if lossless and 0 < best[i] <= SAME and apart[:, meant[i]].min() == best[i]]
    if off:
        pairs = [f"{_rgb(data[i])} for {names[meant[i]]} ({_rgb(sources[meant[i]])} in the legend)" for i in off]
        said.append(
            f"{len(off)} of the legend's colors are a few levels off from those in the data, which has "
            f"{_listed(pairs)}; put the data's values into the legend"
        )
    never = [name for name, pixels in zip(given.names, seen, strict=True) if not pixels]
    if never:
        said.append(
            f"{len(never)} of the legend's {len(given)} classes never occur in the images: {_listed(never)}; "
            "if they should, the legend's values for them are wrong"
        )
    return said


def _off_by_one(data: NDArray[np.uint8], sources: NDArray[np.uint8]) -> bool:
    """Tell whether all is gray, as ids are, and the data's levels are the legend's if these are shifted by one."""
    if len(data) < 2 or np.ptp(data, axis=1).any() or np.ptp(sources, axis=1).any():
        return False
    found, told = set(data[:, 0].tolist()), set(sources[:, 0].tolist())
    return not found <= told and any(found <= {level + by for level in told} for by in (-1, 1))


def _same_color(sources: NDArray[np.uint8], names: NDArray[np.object_]) -> list[str]:
    by_color: dict[tuple[int, ...], list[str]] = {}
    for color, name in zip(sources.tolist(), names, strict=True):
        by_color.setdefault(tuple(color), []).append(name)
    return [
        f"the legend gives {_rgb(np.array(color))} to {' and '.join(shared)}: its pixels all go to {shared[0]}; "
        "give both rows one name, or correct one of the colors"
        for color, shared in by_color.items()
        if len(set(shared)) > 1
    ]


def _rgb(color: NDArray[np.integer]) -> str:
    return " ".join(str(int(level)) for level in color)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN} more" if len(words) > SHOWN else "")
