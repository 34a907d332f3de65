"""What becomes of the results without a rule of discovery, or with a number that decides halved or doubled?

    python -m benchmarks.thresholds count FILE --sets 116 --seed 21 [--folder SET ...]     minutes, once
    python -m benchmarks.thresholds vary FILE ... > table.md                               seconds a line
    python -m benchmarks.thresholds vary FILE ... --only LARGE --verbose

Color statistics do not depend on the rules, so `count` takes them once: of drawn sets (benchmarks/label_sets.py) and of
folders with label images in `labels/` or pairs in `train/`, the true legend PALETTE.csv, further colors that are not
demanded OPTIONAL.csv and, for pairs, `layout: pairs, label left` in SOURCE.txt. `vary` leaves out each rule and halves
and doubles each number of kmseg/discovery/thresholds.py, one at a time. A cell tells what that changes: sets that are
right, classes found, colors that are spurious or twins; and in how many sets the palette differs at all. "no change"
on both sides means that the number may be anything near, or that these sets never come near it.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks.label_sets import DAMAGES, StressSet, deal_sets, decode
from benchmarks.legend_stress import INTERIOR_PIXELS, VISIBLE_PIXELS, Score, score
from kmseg.datasets import Dataset
from kmseg.datasets.folder import Folder
from kmseg.datasets.pairs import Pairs
from kmseg.discovery import rules, select, thresholds
from kmseg.discovery.statistics import ColorStatistics
from kmseg.encoding import read_encoding
from kmseg.errors import UnreadableImage
from kmseg.images import LabelImage
from kmseg.legends.formats import read_palette
from kmseg.metrics.legend import count_flat_pixels
from kmseg.palette import Palette

FACTORS = (0.5, 2.0)

LAST = ("is_exact", "has_large_region", "is_density_mode", "is_small_object", "is_thin_object")
"""Rules that accept what no other one rejects: without one of them its modes have no verdict."""


@dataclass(frozen=True, eq=False)
class Case:
    """A set with its truth and its color statistics; `drawn` tells it from one of a folder."""

    truth: StressSet
    statistics: ColorStatistics
    drawn: bool


def count_drawn(options: argparse.Namespace) -> Iterator[Case]:
    """Draw sets and take their statistics."""
    names = options.damage or list(DAMAGES)
    for made in deal_sets(options.seed, options.sets, names, options.size, options.most_images):
        labels = (LabelImage(decode(data), read_encoding(data)) for data, _ in made.files)
        yield Case(replace(made, files=[], masks=[]), ColorStatistics.of_all(labels), drawn=True)


def count_folder(folder: Path, most_images: int) -> Case:
    """Take the statistics of a folder's first images; demanded are the classes that enough flat pixels show."""
    dataset, true = _open(folder), read_palette(folder / "PALETTE.csv")
    colors = [true.colors]
    if (folder / "OPTIONAL.csv").exists():
        colors.append(read_palette(folder / "OPTIONAL.csv").colors)
    known = np.unique(np.concatenate(colors), axis=0)
    visible = np.zeros(len(known), np.int64)

    def labels() -> Iterator[LabelImage]:
        nonlocal visible
        for item in dataset.items()[:most_images]:
            try:
                label = dataset.read_label(item)
            except UnreadableImage as failure:
                print(failure, file=sys.stderr)
                continue
            visible = visible + count_flat_pixels(label.pixels, Palette([str(n) for n in range(len(known))], known))
            yield label

    statistics = ColorStatistics.of_all(labels())
    demanded = (known[:, None] == true.colors).all(axis=2).any(axis=1) & (visible >= VISIBLE_PIXELS)
    interior = np.where(demanded, INTERIOR_PIXELS, 0)
    return Case(StressSet(folder.name, [], known, [], interior, visible, visible), statistics, drawn=False)


def _open(folder: Path) -> Dataset:
    notes = folder / "SOURCE.txt"
    layout = notes.read_text(encoding="utf-8") if notes.exists() else ""
    if (folder / "train").is_dir():
        return Pairs(str(folder / "train"))
    if "layout: pairs" in layout:
        return Pairs(str(folder / "labels"), label="left" if "label left" in layout else "right")
    return Folder(str(folder / "labels"))


@dataclass(frozen=True)
class Result:
    """The score of one set, and the colors that were found."""

    score: Score
    colors: tuple[tuple[int, int, int], ...]

    @property
    def right(self) -> bool:
        """Whether nothing is missed or added."""
        return self.score.found == self.score.demanded and not self.score.spurious and not self.score.twins


def evaluate(case: Case) -> Result:
    """Run the rules on a set's statistics."""
    accepted = select.find_candidates(case.statistics).accepted
    colors = np.array([c.color for c in accepted], np.uint8).reshape(-1, 3)
    certainty = np.array([c.certainty for c in accepted])
    return Result(score(case.truth, (colors, certainty)), tuple(sorted(c.color for c in accepted)))


def compare(cases: Sequence[Case], now: Sequence[Result], base: Sequence[Result]) -> str:
    """Return the cell of a change: the differences to no change."""
    changed = sum(a.colors != b.colors for a, b in zip(now, base, strict=True))
    if not changed:
        return "no change"
    gained = {
        "right": sum(r.right for r in now) - sum(r.right for r in base),
        "found": sum(r.score.found for r in now) - sum(r.score.found for r in base),
        "spurious": sum(r.score.spurious for r in now) - sum(r.score.spurious for r in base),
        "twins": sum(r.score.twins for r in now) - sum(r.score.twins for r in base),
    }
    words = [f"{gain:+d} {word}" for word, gain in gained.items() if gain] or ["other shades"]
    for case, a, b in zip(cases, now, base, strict=True):
        if not case.drawn and a.right != b.right:
            words.append(f"{case.truth.name} {'right' if a.right else 'wrong'}")
    return f"{', '.join(words)} ({changed} sets)"


def read_numbers() -> Iterator[tuple[str, float]]:
    """Yield name and value of the numbers in kmseg/discovery/thresholds.py."""
    for name, value in vars(thresholds).items():
        if name.isupper() and isinstance(value, int | float) and value:
            yield name, value


def scale(value: float, factor: float) -> float:
    """Return a number times a factor; a whole one stays whole, and at least 1.

    Examples
    --------
    >>> scale(1, 0.5), scale(12, 0.5), scale(0.6, 2.0)
    (1, 6, 1.2)
    """
    return max(1, round(value * factor)) if isinstance(value, int) else value * factor


@contextmanager
def changed(module: ModuleType, name: str, value: object) -> Iterator[None]:
    """Give one name of a module another value for a while."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def vary(cases: Sequence[Case], only: Sequence[str], verbose: bool) -> None:
    """Print the tables of rules and of numbers."""
    base = [evaluate(case) for case in cases]
    drawn = sum(case.drawn for case in cases)
    parts = [f"{sum(r.right for r in base)} right", f"{sum(r.score.found for r in base)} found"]
    parts += [f"{sum(r.score.demanded for r in base)} demanded", f"{sum(r.score.spurious for r in base)} spurious"]
    print(f"{drawn} drawn sets, {len(cases) - drawn} of folders: {', '.join(parts)}")

    def try_now() -> str:
        now = [evaluate(case) for case in cases]
        for case, a, b in zip(cases, now, base, strict=True):
            if verbose and a.colors != b.colors:
                lost, added = set(b.colors) - set(a.colors), set(a.colors) - set(b.colors)
                print(f"    {case.truth.name}: without {sorted(lost)[:6]}, with {sorted(added)[:6]}")
        return compare(cases, now, base)

    print("\n| rule left out | |\n|---|---|")
    for rule in rules.RULES:
        if rule.__name__ not in LAST and (not only or rule.__name__ in only):
            with changed(rules, "RULES", tuple(other for other in rules.RULES if other is not rule)):
                print(f"| `{rule.__name__}` | {try_now()} |", flush=True)
    print("\n| kind of modes left out | |\n|---|---|")
    for name in ("patch_modes", "region_modes", "pixel_modes", "object_modes", "thin_modes"):
        if not only or name in only:
            with changed(select, name, lambda *_, **__: ()):
                print(f"| `{name}` | {try_now()} |", flush=True)
    print("\n| number | value | half | double |\n|---|---|---|---|")
    for name, value in list(read_numbers()):
        if only and name not in only:
            continue
        cells = []
        for factor in FACTORS:
            with changed(thresholds, name, scale(value, factor)):
                cells.append(try_now())
        print(f"| `{name}` | {value} | {cells[0]} | {cells[1]} |", flush=True)


def main() -> None:
    """Take statistics, or print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tasks = parser.add_subparsers(dest="task", required=True)
    count = tasks.add_parser("count", help="take the statistics of sets and write them to a file")
    count.add_argument("file", type=Path)
    count.add_argument("--sets", type=int, default=2 * len(DAMAGES), help="drawn ones")
    count.add_argument("--seed", type=int, default=0)
    count.add_argument("--size", type=int, default=256)
    count.add_argument("--most-images", type=int, default=40)
    count.add_argument("--damage", action="append", choices=list(DAMAGES), help="only this one; may be repeated")
    count.add_argument("--folder", type=Path, nargs="*", default=[])
    count.add_argument("--folder-images", type=int, default=1000, help="of each folder, at most")
    varied = tasks.add_parser("vary", help="print what each rule and number changes")
    varied.add_argument("files", type=Path, nargs="+")
    varied.add_argument("--only", action="append", default=[], help="this rule or number; may be repeated")
    varied.add_argument("--verbose", action="store_true", help="name the colors that come and go")
    options = parser.parse_args()
    if options.task == "count":
        cases = list(count_drawn(options))
        cases += [count_folder(folder, options.folder_images) for folder in options.folder]
        options.file.write_bytes(pickle.dumps(cases))
    else:
        cases = [case for file in options.files for case in pickle.loads(file.read_bytes())]
        vary(cases, options.only, options.verbose)


if __name__ == "__main__":
    main()
