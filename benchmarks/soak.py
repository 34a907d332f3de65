"""Reliability: many images, killed runs, malformed files, and tracking from many processes at once.

`python -m benchmarks.soak` prints the table of docs/reliability.md; `--images 2000 --kills 4 --runs 16` is a short one.
Everything is drawn on the spot, in a folder that is removed at the end.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conftest import COLORS, draw_label, write_rgb
from tests.support.crashes import Kills, noisy_labels, resources, start
from tests.support.hostile import corpus, lay_out
from tests.support.records import all_are_there


def load(folder: Path, images: int, executor: str) -> str:
    """Take many images through every stage; hold memory and open files of all processes early against late."""
    labels = folder / f"labels-{executor}"
    for number in range(images):
        write_rgb(labels / f"{number // 1000:03d}" / f"{number:06d}.png", draw_label(number))
    run = folder / f"run-{executor}"
    words = ["tracker=none", "dataset=folder", f"dataset.root={labels}", f"executor={executor}", "executor.workers=2"]
    words = [word for word in words if executor != "serial" or "workers" not in word]
    began = time.perf_counter()
    process = start(run, [*words, "writers=[index_png,color_png,class_mask,preview]"])
    early, late = resources(process, run)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["images/read"] == images
    return (
        f"{images:,} images in {(time.perf_counter() - began) / 60:.1f} minutes; peak memory {early[0] / 1e6:.0f} MB "
        f"in the second tenth of the masking, {late[0] / 1e6:.0f} MB in the last; open files {early[1]} and {late[1]}"
    )


def kills(folder: Path, times: int, executor: str) -> str:
    """Kill real runs at seeded random moments and complete them."""
    labels = noisy_labels(folder / "kill-labels", images=60, size=256)
    words = ["tracker=none", "dataset=folder", f"dataset.root={labels}", f"executor={executor}"]
    tried = Kills(folder / f"kills-{executor}", [*words, "writers=[index_png,color_png,preview]"])
    tried.run(times, seed=0)
    survived = tried.tried - len({line.split(":")[0] for line in tried.torn + tried.wrong})
    return (
        f"{survived} of {tried.tried} kills survived ({tried.landed} during the run): "
        f"incomplete files {len(tried.torn)}, "
        f"files that differ after resuming {len(tried.wrong)}{': ' if tried.wrong else ''}{', '.join(tried.wrong[:3])}"
    )


def bad_files(folder: Path, seeds: int) -> list[tuple[str, int, int, int]]:
    """Mask malformed files; count, by kind, those tried, masked and rejected."""
    tried, masked, refused = Counter(), Counter(), Counter()
    legend = folder / "odd.csv"
    legend.write_text("name,r,g,b\n" + "".join(f"{name},{r},{g},{b}\n" for name, (r, g, b) in COLORS.items()))
    for seed in range(seeds):
        root, run = folder / f"odd-{seed}", folder / f"odd-run-{seed}"
        tried.update(odd.kind for odd in lay_out(root, corpus(seed)))
        process = start(run, ["tracker=none", "dataset=folder", f"dataset.root={root}", f"palette.file={legend}"])
        said, _ = process.communicate()
        assert process.returncode in (0, 3), said  # 3: damaged pixels have colors of no class
        with (run / "images.csv").open(newline="") as table:
            masked.update(row["image"].split("/")[0] for row in csv.DictReader(table))
        for line in (run / "kmseg.log").read_text().splitlines():
            if f"skipped {root}/" in line:
                refused[line.partition(f"skipped {root}/")[2].split("/")[0]] += 1
    return [(kind, tried[kind], masked[kind], refused[kind]) for kind in tried]


def records(folder: Path, runs: int, processes: int) -> str:
    """Record many runs from many processes in one new SQLite store."""
    store = folder / "store"
    store.mkdir()
    began = time.perf_counter()
    whole = all_are_there(f"sqlite:///{store}/mlflow.db", folder / "recorded", runs, processes)
    logged = runs if whole else 0
    seconds = time.perf_counter() - began
    return f"{logged} of {runs} logged, each once and complete, by {processes} processes in {seconds:.0f} s"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--images", type=int, default=20_000)
    words.add_argument("--kills", type=int, default=30)
    words.add_argument("--seeds", type=int, default=3, help="corpora of odd files")
    words.add_argument("--runs", type=int, default=200)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["KMSEG_HOME"] = str(folder / "home")
        print("| test | result |\n|---|---|")
        for executor in ("serial", "processes"):
            print(f"| load, {executor} | {load(folder, asked.images, executor)} |", flush=True)
        for executor in ("serial", "processes"):
            print(f"| kill -9, {executor} | {kills(folder, asked.kills // 2, executor)} |", flush=True)
        print(f"| runs recorded | {records(folder, asked.runs, processes=8)} |", flush=True)
        print("\n| malformed files | tried | masked | rejected with a message |\n|---|---|---|---|")
        rows = bad_files(folder, asked.seeds)
        for row in [*rows, ("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))]:
            print("| {} | {} | {} | {} |".format(*row), flush=True)


if __name__ == "__main__":
    main()
