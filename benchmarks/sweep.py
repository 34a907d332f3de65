"""What a sweep of 24 points costs: against one run, 24 runs, and the report's procedure for each point.

    python benchmarks/sweep.py DATA [--task discover] [--plain]

DATA holds `train/` (photo and label side by side), PALETTE.csv and `truth/` (index masks). Every command starts in a
home folder where nothing was counted before. `--plain` adds the report's procedure, scikit-learn on all
pixels, which takes minutes.
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
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kmseg.datasets.pairs import Pairs
from kmseg.datasets.sampling import Sampling

K = ("8", "13", "20", "25", "30", "auto")
IMAGES = ("5", "10", "25", "all")
RUN = Path(__file__).resolve().parents[1] / "run.py"


def seconds(*commands: list[str]) -> tuple[float, float]:
    """Run commands one after another in a new home folder; return wall time and CPU time in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "KMSEG_HOME": str(Path(folder, "home"))}

        def run(command: list[str]) -> None:
            subprocess.run([sys.executable, str(RUN), *command], cwd=folder, env=env, check=True, capture_output=True)

        run(["task=discover", "clusterer.k=3"])  # on drawn scenes: MLflow makes its store
        return timed(lambda: [run(command) for command in commands])


def timed(work: Callable[[], object]) -> tuple[float, float]:
    start, before = time.perf_counter(), os.times()
    work()
    return time.perf_counter() - start, sum(os.times()[:4]) - sum(before[:4])


def plain(data: Path) -> None:
    """Do the report's procedure for each point: K-Means, ten starts, on all pixels; then predict every image."""
    from sklearn.cluster import KMeans

    pairs = Pairs(str(data / "train"))
    items = pairs.items()
    for k, images in itertools.product(K, IMAGES):
        sampled = Sampling(images if images == "all" else int(images)).choose(items)
        pixels = np.concatenate([pairs.read_label(item).pixels.reshape(-1, 3) for item in sampled])
        model = KMeans(22 if k == "auto" else int(k), n_init=10, random_state=0).fit(pixels)
        for item in items:
            model.predict(pairs.read_label(item).pixels.reshape(-1, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--task", default="segment")
    parser.add_argument("--plain", action="store_true", help="also the report's procedure, which takes minutes")
    options = parser.parse_args()
    data = options.data.resolve()
    common = [
        f"task={options.task}",
        "dataset=pairs",
        f"dataset.root={data / 'train'}",
        f"truth.legend={data / 'PALETTE.csv'}",
        *([f"truth.masks={data / 'truth'}"] if options.task == "segment" else []),
    ]
    sweep = ["-m", *common, f"clusterer.k={','.join(K)}", f"sampling.images={','.join(IMAGES)}"]
    single = [[*common, f"clusterer.k={k}", f"sampling.images={images}"] for k, images in itertools.product(K, IMAGES)]
    print(f"python {' '.join(sys.argv)}")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}\n")
    print("| what | seconds | of CPU | times one run |\n|---|---|---|---|")
    rows = {
        "one run, as it comes (k=auto, all images)": [common],
        "one run of the report's point (k=13, ten images)": [[*common, "clusterer.k=13", "sampling.images=10"]],
        "sweep of 24 points": [sweep],
        "sweep of 24 points, hydra/launcher=joblib": [[*sweep, "hydra/launcher=joblib"]],
        "24 runs, one command each": single,
    }
    one = 0.0

    def row(what: str, wall: float, cpu: float) -> None:
        print(f"| {what} | {wall:.1f} | {cpu:.1f} | {wall / one:.1f} |", flush=True)

    for what, commands in rows.items():
        wall, cpu = seconds(*commands)
        one = one or wall
        row(what, wall, cpu)
    if options.plain:
        row("the report's procedure for 24 points, plain scikit-learn", *timed(lambda: plain(data)))


if __name__ == "__main__":
    main()
