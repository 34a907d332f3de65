"""Render the page: results, pictures within a size budget, and the template."""

from __future__ import annotations

import base64
import hashlib
import heapq
import shlex
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg._version import __version__
from kmseg.discovery.candidates import Candidate, in_order
from kmseg.images import LabelImage
from kmseg.metrics import MEANING
from kmseg.pixels.packing import to_hex
from kmseg.writers import WholeRun
from kmseg.writers.report.crops import make_crops
from kmseg.writers.report.embed import averaged, picture_of_label, sampled
from kmseg.writers.report.places import best_places, places_in

EXAMPLES, CROPS, WORST = 2_000_000, 2_000_000, 400_000
"""Budget in characters for each kind of embedded pictures; the page stays below 5 MB."""

MAX_LISTED = 60
"""Candidates in the list at most; the run's files have all."""

WORST_SHOWN, WORST_WIDTH = 6, 320
"""Number of images with most unmatched or contradicted pixels, and the width of their pictures in pixels."""

MARK_COLOR = np.array((230, 0, 120), np.uint8)
"""Color of marked pixels on a faded label."""


def render_page(run: WholeRun, notes: Sequence[Mapping[str, Any]], examples: Sequence[Mapping[str, Any]]) -> str:
    """Return the page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    rows, keys, owner = places_in(notes)
    images = np.bincount(rows[:, 0], minlength=len(run.palette)).tolist()
    ranked_places = best_places(rows, keys, owner, each=3)
    shown = fitting(examples, EXAMPLES)
    data = {
        "classes": _classes(run, images, make_crops(run, ranked_places, CROPS)),
        "ignored": [[name, to_hex(color)] for name, color in run.palette.ignored],
        "ids": list(run.palette.ids),
        "ignore": run.palette.ignore,
        "examples": shown,
    }
    package = files(__package__)
    style, script = ((package / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    loader = PackageLoader("kmseg.writers", "report")
    template = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("template.html")
    return template.render(
        data=data,
        style=style,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        version=__version__,
        warnings=run.warnings,
        headline=_headline(run, len(keys)),
        command=_command(run.overrides),
        candidates=_candidates(run),
        more_candidates=max(len(run.candidates.considered) - MAX_LISTED, 0) if run.candidates else 0,
        worst=_marked(run, run.unmatched, run.unmatched_pixels),
        contradicted=_marked(run, run.contradicted, run.contradicted_pixels),
        figures=_figures(run.metrics),
    )


def fitting(pictures: Sequence[Mapping[str, Any]], budget: int) -> list[Mapping[str, Any]]:
    """Return the first pictures whose texts fit into the budget."""
    chosen = []
    for picture in pictures:
        budget -= sum(len(value) for value in picture.values() if isinstance(value, str))
        if budget < 0:
            break
        chosen.append(picture)
    return chosen


def _classes(run: WholeRun, images: Sequence[int], crops: Mapping[int, list[Any]]) -> list[dict[str, Any]]:
    total = max(int(run.class_pixels.sum()), 1)
    also: dict[int, list[str]] = {}
    for index, color in run.palette.also:
        also.setdefault(index, []).append(to_hex(color))
    palette = run.palette
    rows = zip(palette.names, palette.colors.tolist(), palette.painted.tolist(), strict=True)
    return [
        {
            "name": name,
            "color": to_hex(color),
            "painted": to_hex(painted),
            "also": also.get(index, []),
            "share": int(run.class_pixels[index]) / total,
            "images": images[index],
            "crops": crops.get(index, []),
        }
        for index, (name, color, painted) in enumerate(rows)
    ]


def _headline(run: WholeRun, images: int) -> list[tuple[str, str, str]]:
    """Return the main metrics: value, label, meaning."""
    figures = [
        (f"{len(run.palette):,}", "classes", MEANING["palette/classes"]),
        (f"{images:,}", "images", MEANING["images/read"]),
    ]
    for name, label in (
        ("palette/unmatched", "unmatched pixels"),
        ("mask/miou", "mean IoU"),
        ("mask/accuracy", "pixel accuracy"),
    ):
        if name in run.metrics:
            figures.append((_percent(run.metrics[name]), label, MEANING[name]))
    if "legend/found" in run.metrics:
        found = f"{run.metrics['legend/found']:g} of {run.metrics['legend/present']:g}"
        figures.append((found, "true classes found", MEANING["legend/found"]))
    return figures


def _command(overrides: Sequence[str]) -> str:
    """Return the command that writes masks with the edited palette."""
    dropped = ("palette.", "clusterer", "sampling", "hydra.", "task=")
    remaining = [word for word in overrides if not word.lstrip("+~").startswith(dropped)]
    return shlex.join(["kmseg", *remaining, "palette.file=palette.csv"])


def _candidates(run: WholeRun) -> list[Candidate]:
    return in_order(run.candidates)[:MAX_LISTED] if run.candidates else []


def _marked(
    run: WholeRun, shares: Mapping[str, float], find_pixels: Callable[[LabelImage], NDArray[np.bool_]]
) -> list[Mapping[str, Any]]:
    """Return the images with the largest shares, with the pixels found in one bright color on a faded label."""
    some = (item for item in shares.items() if item[1] > 0)
    worst = []
    for key, share in heapq.nsmallest(WORST_SHOWN, some, key=lambda item: (-item[1], item[0])):
        label = run.read_label(key)
        if label is None:
            continue
        marked = find_pixels(label)
        width = min(WORST_WIDTH, label.shape[1])
        height = max(round(label.shape[0] * width / label.shape[1]), 1)
        picture = sampled(label.pixels, width, height) // 3 + np.uint8(160)
        # A scaled pixel is bright if any pixel in it is marked.
        picture[averaged(marked.astype(np.float32), width, height) > 0] = MARK_COLOR
        worst.append({"image": key, "share": _percent(share), "picture": picture_of_label(picture)})
    return fitting(worst, WORST)


def _figures(metrics: Mapping[str, float]) -> list[tuple[str, str, str]]:
    figures = [(name, value, _meaning(name)) for name, value in metrics.items()]
    return [
        (name, f"{0 if abs(value) < 1e-9 else value:,.6g}", meaning)
        for name, value, meaning in figures[: 2 * MAX_LISTED]
    ]


def _meaning(name: str) -> str:
    return MEANING["mask/iou/<class>"] if name.startswith("mask/iou/") else MEANING.get(name, "")


def _percent(share: float) -> str:
    return "0 %" if not share else f"{share:.1%}" if share >= 0.1 else f"{share:.2%}" if share >= 0.0001 else "< 0.01%"
