"""Names and meanings of all metrics, defined in one place."""

from __future__ import annotations

MEANING = {
    "legend/recall": "share of the classes present in the images whose color the palette has within 6 RGB units",
    "legend/precision": "share of the palette's colors within 10 RGB units of a true color",
    "legend/f1": "harmonic mean of legend/recall and legend/precision",
    "legend/found": "classes present that were found",
    "legend/present": "classes present: at least 30 flat pixels within 8 RGB units of the true color",
    "legend/spurious": "palette colors farther than 10 RGB units from every true color",
    "legend/exact": "classes present whose color was found exactly",
    "mask/accuracy": "share of pixels with the true class, without ignored pixels",
    "mask/miou": "mean over the classes in the truth of intersection over union",
    "mask/coverage": "share of the evaluated pixels that have a class, where some have none",
    "mask/miou_covered": "mask/miou over the pixels that have a class, where some have none",
    "mask/consistent": "share of the JPEG files' blocks that the masks, painted, could have given (masker=jpeg)",
    "mask/iou/<class>": "intersection over union of one class",
    "compare/<method>/miou": "mean IoU over the compared classes, on the evaluated images",
    "compare/<method>/accuracy": "share of the compared classes' pixels that the method labels correctly",
    "compare/<method>/boundary_f1": "mean boundary F1 of the classes that have one (within task.tolerance pixels)",
    "compare/tuning/<axis>": "best mean IoU on the tuning images by tolerance (the step) of hue, saturation or value",
    "palette/classes": "classes of the palette",
    "palette/inertia": "squared distances of the clustered pixels (k=auto: flat ones) to their centroid, summed",
    "palette/farther_than_10": "share of pixels farther than 10 RGB units from their class's color",
    "palette/farther_than_40": "share of pixels farther than 40 RGB units from their class's color",
    "palette/exact": "share of pixels of exactly their class's color",
    "palette/near": "share of pixels not exactly, but within 20 RGB units of their class's color",
    "palette/reassigned": "share of pixels at borders with a mixed color, labeled with a neighbor's class",
    "palette/unmatched": "share of pixels neither of a class's color nor between those of two classes around them",
    "sampled/farther_than_10": "share of the counted pixels (task=discover: flat ones) farther than 10 from any color",
    "sampled/farther_than_40": "share of the counted pixels farther than 40 from any color",
    "images/sampled": "images that the palette was learned from",
    "images/evaluated": "images that have a true mask",
    "images/read": "images that were masked",
    "images/failed": "files that could not be used",
    "incremental/done": "images that an incremental run masked: new ones and changed ones",
    "incremental/unchanged": "images taken over from earlier runs",
    "incremental/gone": "images of earlier runs that are no longer in the dataset",
    "drift/colors": "colors of the images that the palette lacks (see drift.csv)",
    "drift/unmatched": "share of pixels of these colors",
    "drift/images": "images that have any of these colors",
    "time/<stage>": "seconds of a stage",
}
"""What each metric means; the page of metrics, the report and the tracked run's description are made from it."""

LESS_IS_BETTER = ("legend/spurious", "palette/inertia", "palette/unmatched", "images/failed", "drift/", "time/")


def less_is_better(metric: str) -> bool:
    """Return whether smaller values of a metric are better."""
    return metric.startswith(LESS_IS_BETTER) or "/farther_than_" in metric
