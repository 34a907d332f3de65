"""Which classes does discovery find in drawn label sets under many kinds of damage, and what does it add?

    python -m benchmarks.legend_stress --sets 232                     recall and spurious classes per damage
    python -m benchmarks.legend_stress --part growth --part dense     growing samples; palettes of 66 to 162 classes
    python -m benchmarks.legend_stress --write FOLDER --sets 20       the same sets as files, with their truth

A class counts as found if a color of the palette lies within 6 RGB units of its own; a color farther than 10 from every
true one is spurious; two nearest to the same true one are twins. Recall is over the classes that have at least 50
interior pixels in the set: pixels whose 5x5 neighborhood in the true masks is of the same class. `visible` recall is
over the classes that have at least 30 flat pixels within 8 units of their color after the damage; `10 pixels` over all
that have so many in the true masks. A set is right if all demanded classes are found and nothing is spurious or a twin.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.label_sets import (
    DAMAGES,
    PALETTES,
    Colors,
    StressSet,
    deal_sets,
    first_images,
    make_dense_set,
    make_set,
    write_set,
)

FOUND_WITHIN, SPURIOUS_BEYOND = 6.0, 10.0
"""RGB units between a color of the palette and a true one, as benchmarks/quality.py measures."""

INTERIOR_PIXELS = 50
"""Interior pixels in the set from which a class is demanded."""

VISIBLE_PIXELS = 30
"""Pixels that show their class after the damage, from which the class is visible."""

PRESENT_PIXELS = 10
"""Pixels in the set from which a class can be asked of lossless images."""

Found = tuple[Colors, NDArray[np.float64] | None]
"""Colors of a palette, and the certainty of each where it has one."""


def discover_files(folder: Path) -> Found:
    """Find the palette of a folder of label images by the package's function, in this process."""
    import kmseg
    from kmseg.errors import UserError

    try:
        palette = kmseg.discover(folder, names="none")
    except UserError as error:
        print(f"    {error}", file=sys.stderr)
        return np.zeros((0, 3), np.uint8), None
    certainty = getattr(palette, "certainty", None)
    return palette.colors, None if certainty is None else np.asarray(certainty, float)


@dataclass(frozen=True, eq=False)
class Score:
    """What discovery made of a set.

    Attributes
    ----------
    demanded, found, visible, visible_found, present, present_found : int
        Classes with `INTERIOR_PIXELS`, and how many of them were found; the same of visible classes, and of all with
        `PRESENT_PIXELS`.
    spurious, twins : int
        Colors far from every true one; colors that mean a class which a nearer one means already.
    missed : list of (color, interior, pixels)
    added : list of (color, distance to the nearest true one)
    certainties : list of (certainty, right)
    """

    demanded: int
    found: int
    visible: int
    visible_found: int
    present: int
    present_found: int
    spurious: int
    twins: int
    missed: list[tuple[list[int], int, int]]
    added: list[tuple[list[int], float]]
    certainties: list[tuple[float, bool]]


def score(made: StressSet, found: Found) -> Score:
    """Hold the colors that were found against the truth."""
    colors, certainty = found
    present = made.pixels >= PRESENT_PIXELS
    apart = np.linalg.norm(colors[:, None].astype(float) - made.palette[None].astype(float), axis=2)
    best = apart.min(axis=0, initial=np.inf)
    near, at = apart.min(axis=1, initial=np.inf), apart.argmin(axis=1) if len(colors) else np.zeros(0, int)
    right = near <= SPURIOUS_BEYOND
    demanded, visible = made.interior >= INTERIOR_PIXELS, made.visible >= VISIBLE_PIXELS
    missed = [
        (made.palette[k].tolist(), int(made.interior[k]), int(made.pixels[k]))
        for k in np.flatnonzero(demanded & (best > FOUND_WITHIN))
    ]
    return Score(
        int(demanded.sum()),
        int((best[demanded] <= FOUND_WITHIN).sum()),
        int(visible.sum()),
        int((best[visible] <= FOUND_WITHIN).sum()),
        int(present.sum()),
        int((best[present] <= FOUND_WITHIN).sum()),
        int((~right).sum()),
        int(right.sum()) - len(set(at[right].tolist())),
        missed,
        [(colors[i].tolist(), round(float(near[i]), 1)) for i in np.flatnonzero(~right)],
        [] if certainty is None else list(zip(certainty.tolist(), right.tolist(), strict=True)),
    )


def measure(made: StressSet, discover: Callable[[Path], Found] = discover_files) -> Score:
    """Write a set to a temporary folder, find its palette and score it."""
    with tempfile.TemporaryDirectory(prefix="legend-stress-") as folder:
        for number, (data, suffix) in enumerate(made.files):
            Path(folder, f"{number:04d}{suffix}").write_bytes(data)
        return score(made, discover(Path(folder)))


def format_row(name: str, scores: Sequence[Score]) -> str:
    """Return one row of the table."""
    right = sum(s.found == s.demanded and not s.spurious and not s.twins for s in scores)
    cells: list[object] = [
        name,
        len(scores),
        right,
        f"{sum(s.found for s in scores)}/{sum(s.demanded for s in scores)}",
    ]
    for kind in ("", "visible_", "present_"):
        found = sum(getattr(s, f"{kind}found") for s in scores)
        cells.append(f"{100 * found / max(sum(getattr(s, kind[:-1] or 'demanded') for s in scores), 1):.1f} %")
    cells += [sum(s.spurious for s in scores), sum(s.spurious > 0 for s in scores), sum(s.twins for s in scores)]
    return "| " + " | ".join(map(str, cells)) + " |"


TABLE = (
    "| damage | sets | right | found | recall | visible | 10 pixels | spurious | sets with spurious | twins |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def report_damages(options: argparse.Namespace) -> None:
    """Print recall and spurious classes per damage, per kind of damage, and how certainty held."""
    names = options.damage or list(DAMAGES)
    scores: dict[str, list[Score]] = {name: [] for name in names}
    start = time.perf_counter()
    for number, made in enumerate(deal_sets(options.seed, options.sets, names, options.size, options.most_images)):
        result = measure(made)
        scores[names[number % len(names)]].append(result)
        if options.verbose and (result.missed or result.spurious or result.twins):
            print(f"    set {number} {made.name} images {len(made.files)}: missed {result.missed} added {result.added}")
            print(f"        twins {result.twins}", flush=True)
    print(f"\nsets {options.sets}, seed {options.seed}, {time.perf_counter() - start:.0f} s\n\n{TABLE}")
    for name in names:
        if scores[name]:
            print(format_row(name, scores[name]))
    print(f"\n{TABLE.replace('damage', 'kind of damage', 1)}")
    for kind in dict.fromkeys(damage.kind for damage in DAMAGES.values()):
        group = [s for name in names if DAMAGES[name].kind == kind for s in scores[name]]
        if group:
            print(format_row(kind, group))
    print(format_row("all", [s for group in scores.values() for s in group]))
    report_calibration([pair for group in scores.values() for s in group for pair in s.certainties])


def report_calibration(certainties: Sequence[tuple[float, bool]]) -> None:
    """Print, for ranges of certainty, how many colors of the palettes were right."""
    if not certainties:
        print("\nthe palettes have no certainty")
        return
    print("\n| certainty | colors | right |\n|---|---|---|")
    edges = [0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0 + 1e-9]
    for low, high in itertools.pairwise(edges):
        right = [ok for certainty, ok in certainties if low <= certainty < high]
        if right:
            print(f"| {low:.2f} to {min(high, 1):.2f} | {len(right)} | {100 * np.mean(right):.1f} % |")


def report_growth(options: argparse.Namespace) -> None:
    """Print what becomes of the palette of a set as it grows."""
    sizes = [n for n in (10, 25, 50, 100, 200, 500) if n <= options.growth_images]
    print("\n| set | " + " | ".join(f"{n} images: found, spurious" for n in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for number in range(options.growth_sets):
        rng = np.random.default_rng([options.seed, 3, number])
        damage = str(rng.choice([name for name in DAMAGES if name.endswith("_420")]))
        palette = str(rng.choice([name for name in PALETTES if name != "index"]))
        made = make_set(int(rng.integers(1 << 31)), palette, damage, sizes[-1], options.size)
        cells = []
        for n in sizes:
            result = measure(first_images(made, n))
            cells.append(f"{result.found}/{result.demanded}, {result.spurious}")
        print(f"| {made.name} {palette} | " + " | ".join(cells) + " |", flush=True)


DENSE = ("ade20k", "mapillary_vistas_v1", "coco_stuff")


def report_dense(options: argparse.Namespace) -> None:
    """Print how much of large published palettes is found in scenes saved as JPEG."""
    print(f"\n{options.dense_images} scenes\n\n{TABLE}")
    for slug in DENSE:
        for damage in ("jpeg75_420", "jpeg90_420"):
            made = make_dense_set(slug, damage, options.dense_images, options.size, options.seed)
            print(format_row(f"{slug} {damage}", [measure(made)]), flush=True)


def main() -> None:
    """Measure what was asked for, or write the sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=256, help="height of the images in pixels")
    parser.add_argument("--most-images", type=int, default=40, help="a set has 1 to this many, most have few")
    parser.add_argument("--damage", action="append", choices=list(DAMAGES), help="only this one; may be repeated")
    parser.add_argument("--part", action="append", choices=["damages", "growth", "dense"], help="default: damages")
    parser.add_argument("--growth-sets", type=int, default=8)
    parser.add_argument("--growth-images", type=int, default=500)
    parser.add_argument("--dense-images", type=int, default=200)
    parser.add_argument("--write", type=Path, help="write the sets below this folder and measure nothing")
    parser.add_argument("--verbose", action="store_true", help="name what each set missed and added")
    options = parser.parse_args()
    if options.write:
        names = options.damage or list(DAMAGES)
        sets = deal_sets(options.seed, options.sets, names, options.size, options.most_images)
        for number, made in enumerate(sets):
            print(write_set(options.write / f"{number:03d}-{names[number % len(names)]}", made))
        return
    parts = {"damages": report_damages, "growth": report_growth, "dense": report_dense}
    for part in options.part or ["damages"]:
        parts[part](options)


if __name__ == "__main__":
    main()
