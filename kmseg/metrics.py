"""Every figure that a run reports: named once here, and meaning the same everywhere."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.distance import between
from kmseg.histogram import Histogram
from kmseg.palette import Palette

MEANING = {
    "legend/recall": "share of the classes present in the images whose colour the palette has within 6 RGB units",
    "legend/precision": "share of the palette's colours within 10 RGB units of a true colour",
    "legend/f1": "harmonic mean of the two",
    "legend/found": "classes present that were found",
    "legend/present": "classes present: at least 30 flat pixels within 8 RGB units of the true colour",
    "legend/spurious": "palette colours farther than 10 RGB units from every true colour",
    "legend/exact": "classes present whose colour was found to the digit",
    "mask/accuracy": "share of pixels given their true class, ignored pixels apart",
    "mask/miou": "mean over the classes in the truth of intersection over union",
    "mask/iou/<class>": "intersection over union of one class",
    "compare/<method>/miou": "mean IoU over the compared classes, on the images that nothing was learnt from",
    "compare/<method>/accuracy": "share of the compared classes' pixels that the method gives their class",
    "compare/<method>/boundary_f1": "mean over the classes of the boundary F1 (within task.tolerance pixels)",
    "compare/tuning/hue": "best mean IoU on the tuning images with this hue tolerance (the step)",
    "palette/classes": "classes of the palette",
    "palette/inertia": "squared distances of the clustered pixels (k=auto: flat ones) to their centroid, summed",
    "palette/farther_than_10": "share of pixels farther than 10 RGB units from their class's colour",
    "palette/farther_than_40": "share of pixels farther than 40 RGB units from their class's colour",
    "palette/exact": "share of pixels of exactly their class's colour",
    "palette/near": "share of the other pixels within 20 RGB units of it",
    "palette/reassigned": "share of border pixels of a colour in between, given to a neighbour's class",
    "palette/unmatched": "share of pixels of no class, and of flat pixels of a colour that the palette lacks",
    "sampled/farther_than_10": "share of the counted pixels (task=discover: flat ones) farther than 10 from any colour",
    "sampled/farther_than_40": "the same, farther than 40",
    "images/sampled": "images that the palette was learnt from",
    "images/judged": "images that have a true mask",
    "images/read": "images that were masked",
    "images/failed": "files that could not be used",
    "incremental/done": "images that an incremental run masked: new ones and changed ones",
    "incremental/kept": "images that it took over from the runs before",
    "incremental/gone": "images of the runs before that the dataset has no more",
    "drift/colors": "colours of the images that the palette given or kept lacks (see drift.csv)",
    "drift/unmatched": "share of pixels of these colours",
    "drift/images": "images that have them: the most that have one of them",
    "time/<stage>": "seconds of a stage",
}
"""What each metric means; the README's table and the tracked run's description are made from it."""

LESS_IS_BETTER = ("legend/spurious", "palette/inertia", "palette/unmatched", "images/failed", "drift/", "time/")


def less_is_better(metric: str) -> bool:
    """Tell whether a run is the better, the smaller this figure is."""
    return metric.startswith(LESS_IS_BETTER) or "/farther_than_" in metric


FOUND_WITHIN = 6.0
SPURIOUS_BEYOND = 10.0
PRESENT_WITHIN = 8.0
PRESENT_FLAT_RANGE = 12
PRESENT_PIXELS = 30


def flat(label: NDArray[np.uint8], levels: int) -> NDArray[np.bool_]:
    """Tell which pixels `(H, W)` have a 3x3 neighbourhood that varies by at most `levels` in every channel."""
    kernel = np.ones((3, 3), np.uint8)
    red, green, blue = cv2.split(cv2.subtract(cv2.dilate(label, kernel), cv2.erode(label, kernel)))
    return np.asarray(cv2.max(cv2.max(red, green), blue) <= levels)


def flat_pixels_of(label: NDArray[np.uint8], palette: Palette) -> NDArray[np.int64]:
    """Count, per class `(k,)`, the flat pixels of a label image that lie near the class's true colour."""
    counted = Histogram.of(label[flat(label, PRESENT_FLAT_RANGE)])
    if not len(counted.codes):
        return np.zeros(len(palette), np.int64)
    apart = between(counted.colors, palette.colors)
    near = apart.min(axis=1) < PRESENT_WITHIN
    return np.bincount(apart.argmin(axis=1)[near], counted.counts[near], len(palette)).astype(np.int64)


def legend_scores(found: Palette, true: Palette, flat_pixels: NDArray[np.int64]) -> dict[str, float]:
    """Score a found palette against the true one; `flat_pixels` `(k,)` tell which true classes are present."""
    present = flat_pixels >= PRESENT_PIXELS
    apart = between(found.colors, true.colors)
    best = apart.min(axis=0)
    hits, spurious = (
        int((best[present] <= FOUND_WITHIN).sum()),
        int((apart.min(axis=1) > SPURIOUS_BEYOND).sum()),
    )
    recall, precision = hits / max(int(present.sum()), 1), 1 - spurious / len(found)
    return {
        "legend/recall": recall,
        "legend/precision": precision,
        "legend/f1": 2 * recall * precision / (recall + precision) if recall + precision else 0.0,
        "legend/found": hits,
        "legend/present": int(present.sum()),
        "legend/spurious": spurious,
        "legend/exact": int((best[present] == 0).sum()),
    }


def confusion(true: NDArray[np.int64], mask: NDArray[np.integer], classes: int, found: int) -> NDArray[np.int64]:
    """Count pixels by true class and found class, `(classes, found + 1)`; the last column is "no class".

    Pixels whose true class is negative are left out.
    """
    from kmseg.pixel_loops import count_pairs

    counts = np.zeros((classes, found + 1), np.int64)
    count_pairs(np.ravel(true), np.ravel(mask), counts)
    return counts


def meanings(found: Palette, true: Palette) -> NDArray[np.intp]:
    """Return the true class `(k + 1,)` that each found class is read as, the one of the nearest colour.

    The last entry is for pixels of no class: `len(true)`.
    """
    return np.append(between(found.colors, true.colors).argmin(axis=1), len(true))


def mask_scores(counts: NDArray[np.int64], found: Palette, true: Palette) -> dict[str, float]:
    """Score masks from their `confusion`; every found class is read as the true class of the nearest colour."""
    classes = len(true)
    square = np.zeros((classes, classes), np.int64)
    np.add.at(square.T, meanings(found, true)[:-1], counts[:, :-1].T)
    right, given, wanted = np.diag(square), square.sum(axis=0), counts.sum(axis=1)
    iou = right / np.maximum(given + wanted - right, 1)
    here = [int(k) for k in np.flatnonzero(wanted)]
    scores = {
        "mask/accuracy": float(right.sum() / max(int(wanted.sum()), 1)),
        "mask/miou": float(iou[here].mean()) if len(here) else 0.0,
    }
    return scores | {f"mask/iou/{true.names[k]}": float(iou[k]) for k in here}
