"""Whether each published legend is recognized from a label image: the confusion table of docs/legends.md.

Each legend is rendered as label images of random patches, every class in several, once lossless and once as JPEG of
quality 90 with halved chroma; then the way of every run: images -> colors -> palette -> recognition.

    python benchmarks/legends.py > table.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.audit.legend_check import SAME_COLOR_DISTANCE
from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.discovery.candidates import Demands
from kmseg.discovery.palette import find_palette_by_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.legends.recognition import Recognition, published, recognize
from kmseg.palette import Palette
from kmseg.pixels.distance import between

SIDE = 768
IMAGES = 3
PATCHES = 3
"""Minimum number of patches of each class in an image."""


def draw(legend: Palette, seed: int) -> NDArray[np.uint8]:
    """Draw a label image of patches that meet in straight and slanted borders: the cells of random points."""
    random = np.random.default_rng(seed)
    count = max(PATCHES * len(legend), 40)
    points = random.uniform(0, SIDE, (count, 2)).astype(np.float32)
    classes = random.permutation(np.arange(count) % len(legend))
    cells = cv2.Subdiv2D((0, 0, SIDE, SIDE))
    cells.insert(points.tolist())
    mask = np.zeros((SIDE, SIDE), np.uint8)
    outlines, centers = cells.getVoronoiFacetList([])
    nearest = between(np.asarray(centers), points).argmin(axis=1)
    for outline, number in zip(outlines, nearest, strict=True):
        cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), int(classes[number]))
    return legend.colors[mask]


def as_jpeg(label: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    coded = cv2.imencode(".jpg", label[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB)


@dataclass(frozen=True)
class Seen:
    """Result of one rendering of a legend."""

    slug: str
    found: int
    classes: int
    recognition: Recognition
    wrong: int

    @property
    def verdict(self) -> str:
        best = self.recognition.best
        if best is None:
            suspects = [match.slug for match in self.recognition.suspects]
            return f"not named: one of {', '.join(suspects)}" if self.slug in suspects else "**nobody's**"
        others = {rival.slug for rival in self.recognition.rivals} | {best.slug}
        if others == {self.slug}:
            return "itself"
        if self.slug in others:
            return "itself or " + ", ".join(sorted(others - {self.slug}))
        return f"**{', '.join(sorted(others))}**"


def see(slug: str, quality: int | None) -> Seen:
    legend = published()[slug]
    labels = [draw(legend, seed) for seed in range(IMAGES)]
    shown = labels if quality is None else [as_jpeg(label, quality) for label in labels]
    found = find_palette_by_candidates(
        ColorStatistics.merge(map(ColorStatistics.of, shown)), Demands(), KMeans(), Rgb()
    )
    recognition = recognize(found.palette, found.candidates.exact)
    apart = between(found.palette.colors, legend.colors)
    meant = [legend.names[row] for row in apart.argmin(axis=1)]
    wrong = sum(name is not None and not alike(name, true) for name, true in zip(recognition.names, meant, strict=True))
    return Seen(slug, int((apart.min(axis=0) <= SAME_COLOR_DISTANCE).sum()), len(legend), recognition, wrong)


def alike(name: str, true: str) -> bool:
    return bool({part.strip().casefold() for part in name.split("/")} & {p.strip().casefold() for p in true.split("/")})


def rows(quality: int) -> Iterator[str]:
    for slug in published():
        cells = [slug, str(len(published()[slug]))]
        for seen in (see(slug, None), see(slug, quality)):
            named = sum(name is not None for name in seen.recognition.names)
            cells += [f"{seen.found}", seen.verdict, f"{named}, {seen.wrong} wrong"]
        yield "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quality", type=int, default=90)
    options = parser.parse_args()
    jpeg = f"JPEG {options.quality}"
    print(f"| legend | classes | found, lossless | recognized as | named | found, {jpeg} | recognized as | named |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows(options.quality):
        print(row, flush=True)


if __name__ == "__main__":
    main()
