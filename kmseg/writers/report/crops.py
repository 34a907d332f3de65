"""The crops in which each class is seen best: the label, the photo, and which pixels are the class's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kmseg.writers import WholeRun
from kmseg.writers.report.embed import averaged, packed, picture_of_label, picture_of_photo, sampled
from kmseg.writers.report.places import Place

SIDE = 112
"""Pixels of a crop's side in the page."""

MOST = 300
"""Crops in one page; with more than 100 classes each has fewer than three, and past 300 the largest have one."""

SMALL = 512 * 512
"""Pixels of an image that is masked whole, once, for all its crops."""

MARGIN = 64
"""Pixels around a crop that are masked with it: a masker may look at so many around a pixel, in blocks of 8."""


def make_crops(run: WholeRun, ranks: Sequence[Sequence[Place]], budget: int) -> Mapping[int, list[dict[str, Any]]]:
    """Return the crops of each class, the best first: of all classes their best, then their second, then their third.

    They stop where they have `budget` characters together, so that no class has a third where another has none.
    """
    crops: dict[int, list[dict[str, Any]]] = {}
    chosen = [place for places in ranks for place in sorted(places, key=lambda p: -run.class_pixels[p.index])][:MOST]
    made = _cut(run, chosen)
    for place in chosen:
        crop = made.get(place)
        if crop is None:
            continue
        budget -= sum(len(value) for value in crop.values() if isinstance(value, str))
        if budget < 0:
            break
        crops.setdefault(place.index, []).append(crop)
    return crops


def _cut(run: WholeRun, places: Sequence[Place]) -> Mapping[Place, dict[str, Any]]:
    """Cut all crops; each image is read once."""
    by_image: dict[str, list[Place]] = {}
    for place in places:
        by_image.setdefault(place.image, []).append(place)
    made: dict[Place, dict[str, Any]] = {}
    for image, here in by_image.items():
        label, photo = run.read_label(image), run.read_photo(image)
        if label is not None:
            mask = run.mask(label) if label.shape[0] * label.shape[1] <= SMALL else None
            made |= {place: _crop(run, place, label, photo, mask) for place in here}
    return made


def _crop(run: WholeRun, place: Place, label: Any, photo: Any, whole: Any) -> dict[str, Any]:
    tall, wide = label.shape[:2]
    bottom, right = min(place.y + place.side, tall), min(place.x + place.side, wide)
    if whole is None:
        top, left = (max(edge - MARGIN, 0) // 8 * 8 for edge in (place.y, place.x))
        mask = run.mask(np.ascontiguousarray(label[top : bottom + MARGIN, left : right + MARGIN]))
        mask = mask[place.y - top : bottom - top, place.x - left : right - left]
    else:
        mask = whole[place.y : bottom, place.x : right]
    shrink = min(SIDE / max(mask.shape), 1)
    width, height = (max(round(length * shrink), 1) for length in (mask.shape[1], mask.shape[0]))
    crop = {
        "image": place.image,
        "width": width,
        "height": height,
        "own": packed(sampled(mask == place.index, width, height)),
        "label": picture_of_label(sampled(label[place.y : bottom, place.x : right], width, height)),
        "photo": None,
    }
    if photo is not None:
        y0, y1 = (edge * photo.shape[0] // tall for edge in (place.y, bottom))
        x0, x1 = (edge * photo.shape[1] // wide for edge in (place.x, right))
        crop["photo"] = picture_of_photo(averaged(photo[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], width, height))
    return crop
