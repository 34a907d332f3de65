"""Images a second from a folder, a zip, a tar and a local S3 server: read only, and read, masked and written.

    python benchmarks/storage.py [--pairs DIR] [--files 480] [--workers 2] [--s3]

DIR holds photo and label side by side; without it, drawn scenes are used. Each figure is the best of three rounds, in
which the sources take turns. `--s3` needs `pip install 'kmseg[s3]' 'moto[s3,server]'`; the server has its own process.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2

from benchmarks.speed import copies
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets import Item
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.sample import LEGEND, Sample
from kmseg.datasets.truth import Truth
from kmseg.executors.threads import Threads
from kmseg.maskers.boundary import Boundary
from kmseg.pipeline.mask_images import MaskImages, Work
from kmseg.writers.index_png import IndexPng

cv2.setNumThreads(1)

ROUNDS = 3


def pack(folder: Path, below: Path) -> dict[str, str]:
    """Pack a folder as zip and as tar; return the addresses of all three."""
    files = sorted(folder.iterdir())
    with zipfile.ZipFile(below / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    with tarfile.open(below / "images.tar", "w") as tar:
        for file in files:
            tar.add(file, file.name)
    return {"folder": str(folder), "zip": str(below / "images.zip"), "tar": str(below / "images.tar")}


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Run moto's server and put the files into a bucket; yield their address."""
    import s3fs

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(keys, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    for _ in range(300):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    files = s3fs.S3FileSystem()
    files.mkdir("images")
    files.put([str(file) for file in sorted(folder.iterdir())], "images/pairs/")
    try:
        yield "s3://images/pairs"
    finally:
        server.terminate()
        server.wait()


def read(data: Pairs, workers: int) -> float:
    """Read every label; return images a second."""
    items = data.items()

    def work(chunk: Sequence[Item]) -> int:
        return sum(data.read_label(item).shape[0] for item in chunk)

    start = time.perf_counter()
    list(Threads(workers).map(work, items))
    return len(items) / (time.perf_counter() - start)


def mask(data: Pairs, workers: int, folder: Path) -> float:
    """Read, mask and write every label; return images a second."""
    todo = [Work(position, item, None) for position, item in enumerate(data.items())]
    work = MaskImages(data, LEGEND, Boundary(), Rgb(), {"index_png": IndexPng()}, Truth(), folder)
    start = time.perf_counter()
    list(Threads(workers).map(work, todo))
    return len(todo) / (time.perf_counter() - start)


def compare(sources: dict[str, str], workers: int, folder: Path) -> None:
    """Print a table of the sources, each against the folder."""
    best: dict[str, tuple[float, float]] = {}
    mask(Pairs(sources["folder"]), workers, folder / "warm")
    for number in range(ROUNDS):
        for name, root in sources.items():
            figures = read(Pairs(root), workers), mask(Pairs(root), workers, folder / f"{number}{name}")
            before = best.get(name, (0.0, 0.0))
            best[name] = max(before[0], figures[0]), max(before[1], figures[1])
    print("| from | read, images a second | share | read, masked, written | share |\n|---|---|---|---|---|")
    for name, (reading, masking) in best.items():
        shares = reading / best["folder"][0], masking / best["folder"][1]
        print(f"| {name} | {reading:.0f} | {shares[0]:.2f} | {masking:.0f} | {shares[1]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--files", type=int, default=480)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--s3", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        below = Path(place)
        copies(given.pairs or Sample().folder / "pairs", below / "pairs", given.files)
        sources = pack(below / "pairs", below)
        if given.s3:
            with s3_server(below / "pairs") as address:
                compare({**sources, "s3": address}, given.workers, below)
        else:
            compare(sources, given.workers, below)


if __name__ == "__main__":
    main()
