"""The best crops of each class: label, photo, and the class's pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kmseg.images import Box, LabelImage
from kmseg.writers import WholeRun
from kmseg.writers.report.embed import averaged, packed, picture_of_label, picture_of_photo, sampled
from kmseg.writers.report.places import Place

SIDE = 112
"""Side of a crop in the page, in pixels."""

MAX_CROPS = 300
"""Crops in one page at most; beyond 100 classes each has fewer than three, beyond 300 only the largest have one."""

MAX_PIXELS_MASKED_WHOLE = 512 * 512
"""Images up to this number of pixels are masked once for all their crops."""

MARGIN = 64
"""Pixels around a crop that are masked with it, as context for the masker; a multiple of 8."""


def make_crops(
    run: WholeRun, ranked_places: Sequence[Sequence[Place]], budget: int
) -> Mapping[int, list[dict[str, Any]]]:
    """Return the crops of each class, best first.

    First the best crop of every class is added, then the second, then the third, until `budget` characters are used.
    """
    crops: dict[int, list[dict[str, Any]]] = {}
    chosen = [place for places in ranked_places for place in sorted(places, key=lambda p: -run.class_pixels[p.index])][
        :MAX_CROPS
    ]
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
    for image, own in by_image.items():
        label, photo = run.read_label(image), run.read_photo(image)
        if label is not None:
            mask = run.mask(label) if label.shape[0] * label.shape[1] <= MAX_PIXELS_MASKED_WHOLE else None
            made |= {place: _crop(run, place, label, photo, mask) for place in own}
    return made


def _crop(run: WholeRun, place: Place, label: LabelImage, photo: Any, image_mask: Any) -> dict[str, Any]:
    tall, wide = label.shape[:2]
    bottom, right = min(place.y + place.side, tall), min(place.x + place.side, wide)
    if image_mask is None:
        top, left = (max(edge - MARGIN, 0) // 8 * 8 for edge in (place.y, place.x))
        mask = run.mask(label.crop(Box(top, bottom + MARGIN, left, right + MARGIN)))
        mask = mask[place.y - top : bottom - top, place.x - left : right - left]
    else:
        mask = image_mask[place.y : bottom, place.x : right]
    shrink = min(SIDE / max(mask.shape), 1)
    width, height = (max(round(length * shrink), 1) for length in (mask.shape[1], mask.shape[0]))
    crop = {
        "image": place.image,
        "width": width,
        "height": height,
        "own": packed(sampled(mask == place.index, width, height)),
        "label": picture_of_label(sampled(label.pixels[place.y : bottom, place.x : right], width, height)),
        "photo": None,
    }
    if photo is not None:
        y0, y1 = (edge * photo.shape[0] // tall for edge in (place.y, bottom))
        x0, x1 = (edge * photo.shape[1] // wide for edge in (place.x, right))
        crop["photo"] = picture_of_photo(averaged(photo[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], width, height))
    return crop
