"""Legend and mask quality, data sets down and methods across, all measured in this one run.

    python benchmarks/quality.py DATA [SET ...] [--images 8] [--json benchmarks/results/quality.json]
    python benchmarks/quality.py DATA [SET ...] --draws 60

DATA holds one folder a data set, each with its true legend PALETTE.csv (name,r,g,b) and either `labels/` (label images)
or `train/` and `truth/` (photo and label side by side, and index masks). Lossless labels are their own truth.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets import Dataset, Item
from kmseg.datasets.folder import Folder
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.sampling import Sampling
from kmseg.datasets.truth import Truth
from kmseg.discovery.candidates import Demands
from kmseg.discovery.palette import find_palette, find_palette_by_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.histogram import Histogram
from kmseg.legends.formats import read_palette
from kmseg.maskers import Masker
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.hsv_range import HsvRange
from kmseg.maskers.nearest import Nearest
from kmseg.metrics.legend import count_flat_pixels, legend_scores
from kmseg.metrics.masks import confusion, mask_scores
from kmseg.palette import Palette
from kmseg.pixels.color_lookup import ColorTable

TOLERANCES = list(itertools.product((3, 6, 10, 20, 40), (30, 60, 100, 160)))
"""HSV tolerances tried for the best single one: hue, and saturation and value alike."""


@dataclass(frozen=True)
class Case:
    """One data set with its true legend and where its true masks come from."""

    name: str
    dataset: Dataset
    true: Palette
    truth: Truth | None
    limit: int

    def items(self) -> list[Item]:
        return self.dataset.items()

    def evaluated(self) -> list[Item]:
        """The images whose masks are measured: all that come with masks, some of the large lossless ones."""
        return self.items() if self.truth else self.items()[: self.limit]

    def true_mask(self, item: Item, label: np.ndarray) -> np.ndarray | None:
        if self.truth:
            path = self.truth.mask_file(item.key)
            return None if path is None else self.truth.read_mask(path, label.shape[:2])
        exact = ColorTable(lambda colors: _exact(colors, self.true), np.uint8)(label).astype(np.int64)
        exact[exact == 255] = -1
        return exact if (exact >= 0).mean() > 0.999 else None


def _exact(colors: np.ndarray, true: Palette) -> np.ndarray:
    equal = (colors[:, None] == true.colors[None]).all(axis=2)
    return np.where(equal.any(axis=1), equal.argmax(axis=1), 255)


def cases(data: Path, wanted: Sequence[str], limit: int) -> Iterator[Case]:
    for folder in sorted(data.iterdir()):
        if not (folder / "PALETTE.csv").exists() or (wanted and folder.name not in wanted):
            continue
        legend = folder / "PALETTE.csv"
        true = read_palette(legend)
        if (folder / "train").is_dir():
            truth = Truth(str(legend), str(folder / "truth"))
            yield Case(folder.name, Pairs(str(folder / "train")), true, truth, limit)
        for kind in ("labels", "predictions"):
            if (folder / kind).is_dir():
                name = folder.name if kind == "labels" else f"{folder.name} ({kind})"
                yield Case(name, Folder(str(folder / kind)), true, None, limit)


def palettes(case: Case) -> dict[str, Palette]:
    """Find the palette in each way."""
    ten = [case.dataset.read_label(item) for item in Sampling(images=10).choose(case.items())]
    colors = Histogram.merge(Histogram.of(label) for label in ten)
    found = {}
    for k in (13, 30):
        clusters = min(k, len(colors.codes))
        found[f"K-Means k={k}"] = find_palette(colors, KMeans(k=clusters, n_init=10), Rgb()).palette
    statistics = ColorStatistics.merge(ColorStatistics.of(case.dataset.read_label(item)) for item in case.items())
    found["ours, no legend"] = find_palette_by_candidates(statistics, Demands(), KMeans(), Rgb()).palette
    return found


def miou(case: Case, palette: Palette, masker: Masker) -> float | None:
    """Mean IoU over all evaluated images together; None where there is no truth."""
    mask = masker.for_palette(palette, Rgb())
    total = np.zeros((len(case.true), len(palette) + 1), np.int64)
    for item in case.evaluated():
        label = case.dataset.read_label(item)
        wanted = case.true_mask(item, label)
        if wanted is not None:
            total += confusion(wanted, mask(label), len(case.true), len(palette))
    return mask_scores(total, palette, case.true)["mask/miou"] if total.any() else None


def legend_text(case: Case, palette: Palette, flat_pixels: np.ndarray) -> str:
    scores = legend_scores(palette, case.true, flat_pixels)
    return "{legend/found} of {legend/present}, {legend/spurious} spurious, {legend/exact} exact".format(
        **{name: int(value) for name, value in scores.items()}
    )


def rows(case: Case) -> Iterator[tuple[str, str, float | None]]:
    """Yield method, legend and mean IoU."""
    flat_pixels = np.sum(
        [count_flat_pixels(case.dataset.read_label(i).pixels, case.true) for i in case.items()], axis=0
    )
    for method, palette in palettes(case).items():
        masker = Boundary() if method.startswith("ours") else Nearest()
        yield method, legend_text(case, palette, flat_pixels), miou(case, palette, masker)
    yield "nearest, true legend", "given", miou(case, case.true, Nearest())
    yield "HSV ranges, true legend", "given", miou(case, case.true, HsvRange())
    tuned = [miou(case, case.true, HsvRange(hue=hue, saturation=sv, value=sv)) for hue, sv in TOLERANCES]
    if tuned[0] is not None:
        best = int(np.argmax(tuned))
        yield "HSV ranges, best of {} ({}, {})".format(len(tuned), *TOLERANCES[best]), "given", tuned[best]
    yield "ours, true legend", "given", miou(case, case.true, Boundary())


def ten_images(case: Case, seeds: int) -> str:
    """Find the palette in ten images drawn by each seed; classes are present if they are in those ten."""
    items = case.items()
    statistics = [ColorStatistics.of(case.dataset.read_label(item)) for item in items]
    flat_pixels = [count_flat_pixels(case.dataset.read_label(item).pixels, case.true) for item in items]
    missed, spurious = [], []
    for seed in range(seeds):
        drawn = Sampling(images=10, seed=seed).choose(range(len(items)))
        statistics = ColorStatistics.merge(statistics[i] for i in drawn)
        palette = find_palette_by_candidates(statistics, Demands(), KMeans(), Rgb()).palette
        scores = legend_scores(palette, case.true, np.sum([flat_pixels[i] for i in drawn], axis=0))
        missed.append(scores["legend/present"] - scores["legend/found"])
        spurious.append(scores["legend/spurious"])
    perfect = sum(m == s == 0 for m, s in zip(missed, spurious, strict=True))
    return (
        f"{case.name}, ten images, {seeds} draws: missed {np.mean(missed):.2f} on average and at most {max(missed):g}, "
        f"spurious {np.mean(spurious):.2f} and {max(spurious):g}; {perfect} draws without either"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--images", type=int, default=8, help="lossless images whose masks are measured, a set")
    parser.add_argument("--json", type=Path, help="also write the rows here; docs/figures.py makes tables of them")
    parser.add_argument("--draws", type=int, default=0, help="only find the legend, in so many draws of ten images")
    options = parser.parse_args()
    if options.draws:
        for case in cases(options.data, options.sets, options.images):
            print(ten_images(case, options.draws), flush=True)
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}\n")
    print("| data set | method | legend found | mean IoU |\n|---|---|---|---|")
    measured = []
    for case in cases(options.data, options.sets, options.images):
        for method, legend, score in rows(case):
            print(f"| {case.name} | {method} | {legend} | {'-' if score is None else f'{score:.3f}'} |", flush=True)
            measured.append({"set": case.name, "method": method, "legend": legend, "miou": score})
    if options.json:
        sets = " ".join(["DATA", *options.sets])
        record = {
            "command": f"python benchmarks/quality.py {sets} --images {options.images}",
            "date": f"{datetime.date.today()}",
            "machine": f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}",
            "rows": measured,
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
