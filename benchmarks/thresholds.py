"""What becomes of the results if a number that decides is halved or doubled: the table of docs/thresholds.md.

    python -m benchmarks.thresholds > table.md
    python -m benchmarks.thresholds --only MIN_PIXELS --sets 58 --seed 1

Every number that kmseg/discovery/thresholds.py names is halved and doubled, one at a time, in a copy of the package;
the legends of the same drawn sets (benchmarks/label_sets.py) are then found anew. A cell tells what that changes: sets
that are right, classes found, colors that are spurious or twins; and in how many sets the palette differs at all.
"no change" on both sides means that the number may be anything near, or that these sets never come near it.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.label_sets import DAMAGES, StressSet, deal_sets, write_set
from benchmarks.legend_stress import Score, discover_files, score

FACTORS = (0.5, 2.0)


@dataclass(frozen=True)
class Number:
    """A number of kmseg/discovery/thresholds.py: its name, its value and where its text stands."""

    name: str
    value: float
    line: int
    first: int
    last: int

    def scaled(self, factor: float) -> str:
        """Return the text of the number times a factor; a whole one stays whole, and at least 1 where it was."""
        if isinstance(self.value, int):
            return str(max(1, round(self.value * factor)) if self.value > 0 else round(self.value * factor))
        return repr(self.value * factor)


def read_numbers(path: Path) -> Iterator[Number]:
    """Yield the numbers that are given to names in capitals at the top of a module, one a name, several in a tuple."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign):
            target, value = node.target, node.value
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
        else:
            continue
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) else [value]
        for name, number in zip(names, values, strict=False):
            if not (isinstance(name, ast.Name) and isinstance(number, ast.Constant) and name.id.isupper()):
                continue
            if isinstance(number.value, int | float) and not isinstance(number.value, bool) and number.value:
                assert number.end_col_offset is not None
                yield Number(name.id, number.value, number.lineno, number.col_offset, number.end_col_offset)


def copy_package(folder: Path, file: str, number: Number | None, factor: float) -> Path:
    """Copy the package below a folder, with one number changed; return the folder to import it from.

    Compiled code is copied too, unless a compiled loop uses the number.
    """
    import kmseg

    source = Path(kmseg.__file__).parent
    package = Path(shutil.copytree(source, folder / "kmseg"))
    if number is None:
        return folder
    path = package / file
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    line = lines[number.line - 1]
    lines[number.line - 1] = line[: number.first] + number.scaled(factor) + line[number.last :]
    path.write_text("".join(lines), encoding="utf-8")
    if any(number.name in file.read_text(encoding="utf-8") for file in package.rglob("*kernels.py")):
        for compiled in [*package.rglob("*.nbi"), *package.rglob("*.nbc")]:
            compiled.unlink()
    return folder


def find_palettes(package: Path, folders: Sequence[Path]) -> list[np.ndarray]:
    """Find the palettes of folders of label images by the package that lies in `package`, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{Path(__file__).parents[1]}"}
    command = [sys.executable, "-m", "benchmarks.thresholds", "--find", *map(str, folders)]
    done = subprocess.run(command, env=environment, cwd=package, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [np.array(colors, np.uint8).reshape(-1, 3) for colors in json.loads(done.stdout)]


@dataclass(frozen=True)
class Change:
    """What one changed number does to the sets: how many are right, and what is found and added."""

    right: int
    found: int
    spurious: int
    changed: int

    def __str__(self) -> str:
        return f"{self.right} right, {self.found} found, {self.spurious} spurious, {self.changed} sets changed"


def compare(sets: Sequence[StressSet], palettes: Sequence[np.ndarray], base: Sequence[np.ndarray]) -> Change:
    """Score palettes, and count those that differ from the ones with no number changed."""
    scores: list[Score] = [score(made, (colors, None)) for made, colors in zip(sets, palettes, strict=True)]
    changed = sum(
        not np.array_equal(np.unique(a, axis=0), np.unique(b, axis=0)) for a, b in zip(palettes, base, strict=True)
    )
    right = sum(s.found == s.demanded and not s.spurious and not s.twins for s in scores)
    return Change(right, sum(s.found for s in scores), sum(s.spurious + s.twins for s in scores), changed)


def describe(change: Change, base: Change) -> str:
    """Return the cell of a changed number: the differences to no change."""
    if not change.changed:
        return "no change"
    parts = [(change.right - base.right, "right"), (change.found - base.found, "found")]
    parts.append((change.spurious - base.spurious, "spurious"))
    told = ", ".join(f"{difference:+d} {word}" for difference, word in parts if difference)
    return f"{told or 'other shades'} ({change.changed} sets)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=2 * len(DAMAGES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--most-images", type=int, default=8)
    parser.add_argument("--only", action="append", help="only this number; may be repeated")
    parser.add_argument("--file", default="discovery/thresholds.py", help="the module with the numbers, in the package")
    parser.add_argument("--find", nargs="+", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.find:
        print(json.dumps([discover_files(folder)[0].tolist() for folder in options.find]))
        return
    import kmseg

    numbers = list(read_numbers(Path(kmseg.__file__).parent / options.file))
    with tempfile.TemporaryDirectory(prefix="thresholds-") as work:
        sets = list(deal_sets(options.seed, options.sets, list(DAMAGES), options.size, options.most_images))
        folders = [write_set(Path(work, "sets", str(n)), made) / "labels" for n, made in enumerate(sets)]
        base = find_palettes(copy_package(Path(work, "base"), options.file, None, 1), folders)
        unchanged = compare(sets, base, base)
        print(f"{len(sets)} sets, seed {options.seed}; nothing changed: {unchanged}\n")
        print("| number | value | half | double |\n|---|---|---|---|")
        for number in numbers:
            if options.only and number.name not in options.only:
                continue
            cells = []
            for factor in FACTORS:
                folder = copy_package(Path(work, f"{number.name}-{factor}"), options.file, number, factor)
                cells.append(describe(compare(sets, find_palettes(folder, folders), base), unchanged))
                shutil.rmtree(folder)
            print(f"| {number.name} | {number.value} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
