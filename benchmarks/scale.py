"""Seconds and memory as the number of images grows: listing, masking, resuming, an incremental run, two runs at once.

    python benchmarks/scale.py [--images 1000,10000,100000] [--listed 1000000] [--labels DIR]
    python benchmarks/scale.py --simulated 10000,100000,1000000

The files are links to 48 label images (drawn ones of 64x64 without DIR), 1,000 to a folder, so that only their number
differs. `resume` and `incremental` find all images done.

The simulated corpus has no files: its label images of 32x32 are drawn when they are read (`corpus/simulated.py`), and
their masks go into shards. With Dask, the scheduler and the command are one process, whose memory is shown.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from kmseg.datasets.listing import list_images
from kmseg.datasets.sample import Sample
from kmseg.executors import CORES

REPO = Path(__file__).resolve().parents[1]

PER_FOLDER = 1000

DIFFERENT = 48

LISTING = "import sys; from kmseg.datasets.folder import Folder; print(len(Folder(sys.argv[1]).items()))"


def link(sources: list[Path], folder: Path, count: int) -> Path:
    """Fill a folder with hard links to copies of some files; each sub-folder has its own, since links are limited."""
    for first in range(0, count, PER_FOLDER):
        place = folder / f"{first // PER_FOLDER:04d}"
        place.mkdir(parents=True)
        for number in range(first, min(first + PER_FOLDER, count)):
            source, path = sources[number % len(sources)], place / f"{number:07d}{sources[0].suffix}"
            if number - first < len(sources):
                path.write_bytes(source.read_bytes())
            else:
                os.link(place / f"{number - len(sources):07d}{sources[0].suffix}", path)
    return folder


def start(words: list[str], cores: int | None = None) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **({CORES: str(cores)} if cores else {})}
    out = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, *words], cwd=REPO, env=environment, stdout=out, stderr=out)


def finish(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; return the most megabytes that it held."""
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{process.args} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_maxrss / 1024


def measure(words: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds and the most megabytes that it held."""
    began = time.perf_counter()
    held = finish(start(words))
    return time.perf_counter() - began, held


def row(what: str, count: int, seconds: float, held: float) -> None:
    print(f"| {what} | {count:,} | {seconds:.1f} | {1e6 * seconds / count:.0f} | {held:.0f} |", flush=True)


def run(root: Path, folder: Path, *words: str) -> list[str]:
    common = ["run.py", "tracker=none", "dataset=folder", "writers=[index_png]", "sampling.images=48"]
    return [*common, f"dataset.root={root}", f"hydra.run.dir={folder}", *words]


def simulate(counts: list[int], folder: Path) -> None:
    """Mask a corpus without files with threads and with Dask's workers."""
    print("| | images | seconds | microseconds an image | most memory, MB |\n|---|---|---|---|---|")
    for executor, count in itertools.product(("threads", "dask"), counts):
        words = ["run.py", "tracker=none", f"plugins={REPO}/benchmarks/corpus", "dataset=simulated"]
        words += [f"dataset.images={count}", "writers=[webdataset]", "sampling.images=1000", f"executor={executor}"]
        row(f"`executor={executor}`", count, *measure([*words, f"hydra.run.dir={folder}/{executor}-{count}"]))


def at_once(root: Path, folder: Path) -> None:
    """Two runs one after another, each on all cores, against two at once that share them."""
    began = time.perf_counter()
    for number in range(2):
        finish(start(run(root, folder / f"after{number}")))
    after = time.perf_counter() - began
    began = time.perf_counter()
    processes = [start(run(root, folder / f"at-once{number}")) for number in range(2)]
    for process in processes:
        finish(process)
    spent = time.perf_counter() - began
    print(f"\nTwo runs of {sum(1 for _ in root.rglob('*.*')):,} images: {after:.1f} s one after another, ", end="")
    print(f"{spent:.1f} s at once ({spent / after:.2f} x; the goal is at most 1.1 x)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", default="1000,10000,100000", help="numbers of images to mask")
    parser.add_argument("--listed", type=int, default=1_000_000, help="number of files to list; 0 for none")
    parser.add_argument("--simulated", default="", help="numbers of images of a corpus without files, and nothing else")
    parser.add_argument("--labels", type=Path, help="folder with label images")
    options = parser.parse_args()
    print(f"python {' '.join(sys.argv)}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.simulated:
            simulate([int(count) for count in options.simulated.split(",")], folder)
            return
        if options.labels:
            sources = sorted(list_images(options.labels).images.values())[:DIFFERENT]
        else:
            sources = draw(folder / "drawn")
        finish(start(run(link(sources, folder / "first", len(sources)), folder / "first-run")))  # compiled
        print("| | images | seconds | microseconds an image | most memory, MB |\n|---|---|---|---|---|")
        for count in map(int, options.images.split(",")):
            root, out = link(sources, folder / f"{count}", count), folder / f"run-{count}"
            row("all steps, first run", count, *measure(run(root, out, "incremental=true")))
            row("`incremental=true`, nothing new", count, *measure(run(root, out, "incremental=true")))
            row("`resume=true`, all done", count, *measure(run(root, out, "resume=true")))
        if options.listed:
            row("list", options.listed, *measure(["-c", LISTING, str(link(sources, folder / "list", options.listed))]))
        at_once(link(sources, folder / "two", 2000), folder)


def draw(folder: Path) -> list[Path]:
    """Draw label images of 64x64 pixels from the sample scenes."""
    folder.mkdir()
    dataset, paths = Sample(), []
    for number in range(DIFFERENT):
        items = dataset.items()
        label = dataset.read_label(items[number % len(items)]).pixels
        top, left = 8 * (number // len(items)), 8 * (number % 7)
        paths.append(folder / f"{number:02d}.png")
        cv2.imwrite(str(paths[-1]), np.ascontiguousarray(label[top : top + 64, left : left + 64, ::-1]))
    return paths


if __name__ == "__main__":
    main()
