"""Find labels that were blended onto photos lying beside them, in a tree that has no plain labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.datasets.inspection import Series
from kmseg.datasets.listing import why_unread
from kmseg.datasets.matching import match_names
from kmseg.datasets.overlay import find_opacity, read_sample_pair, show_photos
from kmseg.datasets.tree import Tree
from kmseg.errors import UnreadableImage

LOOKED_AT = 4
"""Pairs of files on which the blend is looked for."""

MIN_PAIRED = 0.8
"""Least share of the overlays that have a photo of the same name."""

MIN_SHARE, MIN_SHARPNESS = 0.6, 1.8
"""Least share of the pixels in few colors once the blend is undone, and its least sharpness, where nobody said that
there is one. Measured at 0.3 to 0.7: drawn scenes of ten classes in JPEG 90 have 0.72 and more, two versions of one
photo 0.35 and less in color; in gray, where colors are few anyway, a sharpness of 1.0 to 1.3."""

COLORED, MIN_COLORED = 24, 0.01
"""Levels between the channels of a pixel from which on it has a color, and least share of such pixels in overlays: of
gray images, such as a network's faint output, some have few colors at any opacity."""

MAX_LIKENESS, WHOLE = 0.9, 0.95
"""Chance that two pixels of the labels have one color, of images that differ from their photos in this share of the
pixels and more, from which on they are the photos made darker, lighter or tinted, and no labels."""

OPACITIES = 0.15, 0.9
"""Opacities of a blend; beyond them it is a tint that nobody sees, or lines and areas painted over. Of images that are
called labels, beside images that are called photos, such areas are the labels."""

MIN_COVERED = 0.05
"""Least share of the pixels in which an overlay differs from its photo."""


@dataclass(frozen=True, eq=False)
class Blend:
    """Overlays and their photos.

    Attributes
    ----------
    overlays, photos : Series
    pairs : mapping of str to str
        The photo of each overlay, by paths below the tree's root.
    opacity : float
        Share of the label's color in a pixel, as found on a few files.
    share : float
        Share of the pixels in few colors once the blend is undone.
    """

    overlays: Series
    photos: Series
    pairs: dict[str, str]
    opacity: float
    share: float


def find_blend(tree: Tree, series: Sequence[Series]) -> Blend | None:
    """Return the overlays that are all images of their folder and have their photos in another; None without.

    Of several those of the most images are taken, then the surest. An overlay and its photo may be exchanged, since the
    photo, too, is a mixture of both: what is called a photo is no overlay on what is called a label.
    """
    pictures = [one for one in series if not one.is_label and _is_whole_folder(tree, one)]
    found = [
        blend
        for one in pictures
        for other in pictures
        if one.folder != other.folder
        and not (one.is_called_photo and other.is_called_label)
        and (blend := _look(tree, one, other)) is not None
    ]
    return max(found, key=lambda blend: (len(blend.pairs), blend.share), default=None)


def _is_whole_folder(tree: Tree, series: Series) -> bool:
    start = f"{series.folder}/" if series.folder else ""
    images = {path for path in tree.files if path.startswith(start) and not why_unread(path, tree.files)}
    return images == set(series.paths)


def _look(tree: Tree, overlays: Series, photos: Series) -> Blend | None:
    """Try to undo the blend of some pairs of files."""
    matched = match_names(list(overlays.keys), list(photos.keys)).pairs
    pairs = {overlays.keys[name]: photos.keys[photo] for name, photo in matched.items()}
    if len(pairs) < MIN_PAIRED * len(overlays.paths):
        return None
    chosen = sorted(pairs)
    samples, covered = [], []
    for place in np.unique(np.linspace(0, len(chosen) - 1, LOOKED_AT).round().astype(int)):
        path = chosen[place]
        try:
            sample, differing = read_sample_pair(Path(tree.files[path]), Path(tree.files[pairs[path]]))
        except UnreadableImage:
            return None
        samples.append(sample)
        covered.append(differing)
    if np.mean(covered) < MIN_COVERED:
        return None
    if np.mean([(np.ptp(overlay, axis=1) >= COLORED).mean() for overlay, _ in samples]) < MIN_COLORED:
        return None
    found = find_opacity(samples)
    most = 1.0 if overlays.is_called_label and photos.is_called_photo else OPACITIES[1]
    if found.share < MIN_SHARE or found.sharpness < MIN_SHARPNESS or not OPACITIES[0] <= found.opacity <= most:
        return None
    if found.likeness > MAX_LIKENESS and np.mean(covered) >= WHOLE:
        return None
    if found.opacity == 1 and not show_photos(samples):  # images of few colors, such as heat maps, and no overlays
        return None
    return Blend(overlays, photos, pairs, found.opacity, found.share)
