"""What kmseg adds to reading and writing the files, and how it compares with the report's procedure and with its peers.

    python benchmarks/speed.py [--pairs DIR] [--files 4000] [--parts starts,first,...] [--plot docs/growth.png]

All ratios are of seconds measured side by side in this one run, on one core unless said otherwise. DIR holds photo and
label side by side; without it, drawn scenes are used. The files are copied until there are as many as wanted. The parts
are `starts` (whole commands against the imports of Hydra, NumPy and OpenCV), `first` (the first run of an
installation), `discover` and `masks` (per image, against decoding, encoding and writing), `cores`, `memory`, `paper`
and `fit`; all are measured unless some are named.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.sample import Sample
from kmseg.datasets.sampling import Sampling
from kmseg.datasets.truth import Truth
from kmseg.discovery.palette import find_palette_by_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.executors import MAX_CHUNK
from kmseg.executors.processes import Processes
from kmseg.executors.serial import Serial
from kmseg.executors.threads import Threads
from kmseg.histogram import Histogram
from kmseg.images import encode_png, read_rgb
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import CountColors
from kmseg.pipeline.incremental import RecordImages
from kmseg.pipeline.mask_images import MaskImages, Work
from kmseg.pipeline.palette_source import PaletteSource
from kmseg.pixels.distance import between
from kmseg.writers.index_png import IndexPng
from kmseg.writers.one_hot import layers

cv2.setNumThreads(1)

REPO = Path(__file__).resolve().parents[1]


def seconds(work: Callable[[], object], rounds: int = 1) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def copies(source: Path, folder: Path, count: int) -> Pairs:
    """Fill a folder with copies of the source's images."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    folder.mkdir(parents=True)
    for number in range(count):
        file = files[number % len(files)]
        shutil.copyfile(file, folder / f"{number:06d}{file.suffix}")
    return Pairs(str(folder))


def row(what: str, must: str, aim: str, measured: str) -> None:
    print(f"| {what} | {must} | {aim} | {measured} |", flush=True)


def warm_up(data: Pairs, palette: Palette, folder: Path) -> None:
    """Have every compiled loop ready before anything is timed."""
    label = data.read_label(data.items()[0]).pixels
    Histogram.of(label)
    masking(data, palette, folder)([Work(0, data.items()[0], None)])
    index_mask = Nearest().for_palette(palette, Rgb())(label)
    layers(index_mask, len(palette))
    palette.paint(index_mask)


def discover(data: Pairs) -> None:
    """Read and count chunk by chunk; the steady state is the last quarter of the files."""
    items = data.items()
    last = items[-len(items) // 4 :]
    work = CountColors(data, ColorStatistics)
    work(items[: len(items) // 4])
    ours, decode = float("inf"), float("inf")
    for _ in range(3):
        decode = min(decode, seconds(lambda: [read_rgb(item.label) for item in last]))
        ours = min(
            ours, seconds(lambda: work.add_up([work(last[i : i + MAX_CHUNK]) for i in range(0, len(last), MAX_CHUNK)]))
        )
    text = f"{ours / decode:.2f} x ({1e3 * ours / len(last):.2f} ms against {1e3 * decode / len(last):.2f} ms an image)"
    row("discover, per image, against decode", "1.2 x", "-", text)


def masking(data: Pairs, palette: Palette, folder: Path) -> RecordImages:
    """The work of a run on each image, including the manifest."""
    work = MaskImages(data, palette, Boundary(), Rgb(), {"index_png": IndexPng()}, Truth(), folder)
    return RecordImages(work, data, folder, "settings", "palette")


def masks(data: Pairs, palette: Palette, folder: Path) -> None:
    """Mask and write; against reading the same files and writing the same masks. Each round fills a folder of its own.

    (To replace a file that was just written makes the file system flush it: that would measure the disk.)
    """
    items = data.items()[: len(data.items()) // 4]
    mask = Boundary().for_palette(palette, Rgb())
    ready = [mask(data.read_label(item)) for item in items]
    todo = [Work(position, item, None) for position, item in enumerate(items)]
    masking(data, palette, folder / "first")(todo[:32])

    def plain(place: Path) -> None:
        place.mkdir(parents=True)
        for item, index_mask in zip(items, ready, strict=True):
            data.read_label(item)
            (place / f"{item.key}.png").write_bytes(encode_png(index_mask))

    def by_chunks(work: RecordImages) -> None:
        for start in range(0, len(todo), MAX_CHUNK):
            work(todo[start : start + MAX_CHUNK])

    ours, floor = float("inf"), float("inf")
    for number in range(3):
        floor = min(floor, seconds(lambda number=number: plain(folder / f"plain{number}")))
        work = masking(data, palette, folder / f"ours{number}")
        work(todo[:1])  # its tables are made
        ours = min(ours, seconds(lambda work=work: by_chunks(work)))
    text = f"{ours / floor:.2f} x ({1e3 * ours / len(items):.2f} ms against {1e3 * floor / len(items):.2f} ms an image)"
    row("masks with boundary and index_png, against decode + encode + write", "1.8 x", "1.3 x", text)


def recall(colors: np.ndarray, legend: np.ndarray) -> str:
    return f"{int((between(colors, legend).min(axis=0) <= 6).sum())} of {len(legend)}"


def inertia_of(pixels: np.ndarray, centers: np.ndarray) -> float:
    histogram = Histogram.of(pixels.astype(np.uint8)[None])
    best = between(histogram.colors, centers).min(axis=1) ** 2
    return float((best * histogram.counts).sum())


def fit(data: Pairs, legend: np.ndarray) -> None:
    """Fit k=13 with ten starts; then the peers on the same pixels."""
    from sklearn.cluster import KMeans as Sklearn
    from sklearn.cluster import MiniBatchKMeans

    labels = [data.read_label(item).pixels for item in Sampling(images=10).choose(data.items()[:48])]
    pixels = np.concatenate([label.reshape(-1, 3) for label in labels]).astype(np.float64)
    results: dict[str, tuple[float, np.ndarray]] = {}

    def timed(name: str, work: Callable[[], np.ndarray]) -> None:
        start = time.perf_counter()
        centers = work()
        results[name] = (time.perf_counter() - start, np.asarray(centers, float))

    def ours() -> np.ndarray:
        histogram = Histogram.merge([Histogram.of(label) for label in labels])
        points = histogram.colors.astype(float)
        return KMeans(k=13, n_init=10).cluster(points, histogram.counts.astype(float)).centers

    ours()
    single = np.float32(pixels)
    timed("kmseg (distinct colors, weighted)", ours)
    timed(
        "scikit-learn KMeans, raw pixels", lambda: Sklearn(13, n_init=10, random_state=0).fit(pixels).cluster_centers_
    )
    timed(
        "scikit-learn MiniBatchKMeans",
        lambda: MiniBatchKMeans(13, n_init=10, random_state=0).fit(pixels).cluster_centers_,
    )
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 300, 0.1)
    timed("cv2.kmeans", lambda: cv2.kmeans(single, 13, None, criteria, 10, cv2.KMEANS_PP_CENTERS)[2])
    try:
        import faiss

        def by_faiss() -> np.ndarray:
            faiss.omp_set_num_threads(1)
            model = faiss.Kmeans(3, 13, niter=100, nredo=10, seed=0, max_points_per_centroid=10**9)
            model.train(single)
            return model.centroids

        timed("faiss Kmeans", by_faiss)
    except ImportError:
        print("faiss is not installed: skipped", file=sys.stderr)

    def by_pillow() -> np.ndarray:
        from PIL import Image

        stacked = Image.fromarray(pixels.reshape(-1, 256, 3).astype(np.uint8))
        return np.array(stacked.quantize(13, kmeans=10).getpalette()[: 13 * 3]).reshape(-1, 3)

    timed("Pillow quantize", by_pillow)
    found = results["kmseg (distinct colors, weighted)"]
    raw = results["scikit-learn KMeans, raw pixels"]
    inertia = {name: inertia_of(pixels, centers) for name, (_, centers) in results.items()}
    ratio = inertia["kmseg (distinct colors, weighted)"] / inertia["scikit-learn KMeans, raw pixels"]
    text = f"{raw[0] / found[0]:.0f} x ({found[0]:.2f} s against {raw[0]:.1f} s), inertia {ratio:.4f} of theirs"
    row("fit of k=13, 10 starts, against scikit-learn on raw pixels", "10 x", "50 x", text)
    print("\n| the same pixels, k=13 | seconds | inertia, kmseg's = 1 | legend within 6 |\n|---|---|---|---|")
    for name, (spent, centers) in results.items():
        relative = inertia[name] / inertia["kmseg (distinct colors, weighted)"]
        print(f"| {name} | {spent:.2f} | {relative:.4f} | {recall(centers, legend)} |")
    counted = ColorStatistics.merge(ColorStatistics.of(label) for label in labels)
    start = time.perf_counter()
    own = find_palette_by_candidates(counted, PaletteSource().demands, KMeans(), Rgb()).palette
    spent = time.perf_counter() - start
    print(f"| kmseg, k=auto (k={len(own)}) | {spent:.2f} | - | {recall(own.colors, legend)} |\n", flush=True)


def against_paper(data: Pairs, palette: Palette) -> None:
    """Palette to layers to colors, for 500 images: the report's way written plainly, and ours."""
    from sklearn.cluster import KMeans as Sklearn

    items = data.items()[:500]
    ten = np.concatenate([data.read_label(item).pixels.reshape(-1, 3) for item in items[:10]])
    own = np.random.default_rng(0).integers(0, 256, (13, 3))

    def paper() -> None:
        model = Sklearn(13, n_init=10, random_state=0).fit(ten)
        for item in items:
            label = data.read_label(item).pixels
            predicted = model.predict(label.reshape(-1, 3)).reshape(label.shape[:2])
            stack = np.zeros((*label.shape[:2], 13))
            for k in range(13):
                layer = predicted.copy()
                layer[predicted != k] = -1
                layer[predicted == k] = 1
                stack[..., k] = np.where(layer == 1, 1, 0)
            painted = np.zeros(label.shape)
            for k in range(13):
                painted += stack[..., k][..., None] * own[k]
            painted / 255

    def ours() -> None:
        histogram = Histogram.of(ten[None])
        centers = (
            KMeans(k=13, n_init=10).cluster(histogram.colors.astype(float), histogram.counts.astype(float)).centers
        )
        found = Palette([str(n) for n in range(13)], np.rint(centers))
        mask = Nearest().for_palette(found, Rgb())
        painter = Palette(found.names, own)
        for item in items:
            index_mask = mask(data.read_label(item))
            layers(index_mask, 13)
            painter.paint(index_mask)

    theirs, mine = seconds(paper), seconds(ours, 2)
    text = f"{theirs / mine:.0f} x ({mine:.1f} s against {theirs:.1f} s)"
    row(f"palette + layers + recolor of {len(items)} images, against the report's way", "15 x", "40 x", text)


def two_cores(data: Pairs, palette: Palette, folder: Path) -> None:
    """Mask all files on two cores, by threads and by processes that have started, against one core."""
    items = [Work(position, item, None) for position, item in enumerate(data.items())]
    for name, pool in (("threads", Threads(workers=2)), ("processes", Processes(workers=2))):
        list(pool.map(masking(data, palette, folder / f"first {name}"), items[:64]))
        one, two = float("inf"), float("inf")
        for number in range(2):
            work = masking(data, palette, folder / f"one {name} {number}")
            one = min(one, seconds(lambda work=work: list(Serial().map(work, items))))
            work = masking(data, palette, folder / f"two {name} {number}")
            two = min(two, seconds(lambda work=work, pool=pool: list(pool.map(work, items))))
        row(f"two {name} against one", "1.7 x", "1.9 x", f"{one / two:.2f} x ({len(items)} images)")


def command(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=REPO)


def first_run(source: Path) -> None:
    """Segment 48 files with an empty cache of compiled code, as the first run of an installation does."""
    folder = Path(tempfile.mkdtemp())
    few = copies(source, folder / "few", 48)
    words = ["run.py", "tracker=none", "dataset=pairs", f"dataset.root={few.root}"]
    command(*words, f"hydra.run.dir={folder}/warm")  # in the disk cache
    legends, wholes = [], []
    for number in range(3):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / f"cache{number}")}
        start = time.perf_counter()
        legends.append(legend_seconds(words, environment))
        wholes.append(time.perf_counter() - start)
    text = f"{statistics.median(wholes):.1f} s (legend after {statistics.median(legends):.1f} s)"
    row("first run of an installation, 48 pairs, masks too, without MLflow", "15 s", "-", text)
    shutil.rmtree(folder)


def legend_seconds(words: list[str], environment: dict[str, str] | None = None) -> float:
    """Run a command; return the seconds from its start until its legend is written."""
    folder = Path(tempfile.mkdtemp())
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *words, f"hydra.run.dir={folder}"],
        cwd=REPO,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not (folder / "palette.csv").exists() and process.poll() is None:
            time.sleep(0.005)
        spent = time.perf_counter() - start
    shutil.rmtree(folder)
    return spent


def starts(source: Path) -> None:
    """Whole commands on 48 files, medians of three rounds, against the imports that none of them can do without."""
    folder = Path(tempfile.mkdtemp())
    few = copies(source, folder / "few", 48)
    many = copies(source, folder / "many", 480)
    of = "dataset=pairs", f"dataset.root={few.root}", f"hydra.run.dir={folder}/run"
    found = ["run.py", "task=discover", "tracker=none", *of]
    kept = ["run.py", "task=discover", f"tracker.folder={folder}", *of]
    masked = ["run.py", "tracker=none", "writers=[index_png]", f"dataset.root={many.root}", "dataset=pairs"]
    masked += [f"hydra.run.dir={folder}/masks"]
    commands = {
        "imports": lambda: seconds(lambda: command("-c", "import hydra, numpy, cv2")),
        "help": lambda: seconds(lambda: command("run.py", "--help")),
        "legend": lambda: legend_seconds(found[:-1]),
        "legend, mlflow": lambda: legend_seconds(kept[:-1]),
        "discover": lambda: seconds(lambda: command(*found)),
        "discover, mlflow": lambda: seconds(lambda: command(*kept)),
        "one core": lambda: seconds(lambda: command(*masked, "executor=serial")),
        "two cores": lambda: seconds(lambda: command(*masked, "executor.workers=2")),
    }
    for run in commands.values():
        run()  # compiled, and in the disk cache
    rounds = [{name: run() for name, run in commands.items()} for _ in range(3)]
    spent = {name: statistics.median(taken[name] for taken in rounds) for name in commands}
    base = spent["imports"]
    for what, name, goal in (
        ("`--help`", "help", "2.5 x"),
        ("until the legend of 48 pairs is written, without MLflow", "legend", "-"),
        ("until the legend of 48 pairs is written, with MLflow", "legend, mlflow", "-"),
        ("`task=discover` of 48 pairs, whole, without MLflow", "discover", "5 x"),
        ("`task=discover` of 48 pairs, whole, with MLflow", "discover, mlflow", "9 x"),
    ):
        text = f"{spent[name] / base:.2f} x ({spent[name]:.2f} s against {base:.2f} s)"
        row(f"{what}, against `import hydra, numpy, cv2`", goal, "-", text)
    text = f"{spent['one core'] / spent['two cores']:.2f} x ({spent['two cores']:.2f} s)"
    row("masks of 480 pairs on two cores against one, start included", "1.5 x", "-", text)
    shutil.rmtree(folder)


def peak_memory(root: Path, folder: Path) -> int:
    """Return the peak resident kilobytes of one run over a folder."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    run = [sys.executable, "-m", "kmseg.cli.main", "tracker=none", "dataset=pairs", f"dataset.root={root}"]
    words = [*run, f"hydra.run.dir={folder}"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return int(done.stdout)


def memory(source: Path, data: Pairs, folder: Path) -> None:
    """Peak memory of a run over all files against that over a tenth of them."""
    files = len(data.items())
    few = copies(source, folder / "tenth", files // 10)
    small, large = (peak_memory(Path(d.root), folder / f"run{n}") for n, d in enumerate((few, data)))
    text = f"{large / small:.2f} x ({large / 1024:.0f} MB against {small / 1024:.0f} MB)"
    row(f"peak memory of a run, {files} files against {files // 10}", "1.1 x", "1.0 x", text)


def growth(data: Pairs, palette: Palette, plot: Path) -> None:
    """Plot how seconds grow with images, pixels, k and colors, four sizes each."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    items = data.items()
    labels = [data.read_label(item) for item in items[:48]]
    statistics = CountColors(data, ColorStatistics)
    mask = Boundary().for_palette(palette, Rgb())
    for label in labels:
        mask(label)
    histogram = Histogram.merge(Histogram.of(label) for label in labels)
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {
        "images": {"discover": [], "masks": []},
        "megapixels of one image": {"discover": [], "masks": []},
        "k": {"fit": []},
        "distinct colors": {"fit, k=13": []},
    }
    for count in (50, 100, 200, 400):
        subset = items[:count]
        curves["images"]["discover"].append((count, seconds(lambda subset=subset: statistics(subset), 3)))
        spent = seconds(lambda subset=subset: [mask(data.read_label(item)) for item in subset], 3)
        curves["images"]["masks"].append((count, spent))
    for side in (1, 2, 4, 8):
        tiled = np.tile(labels[0], (side, side, 1))
        megapixels = tiled.shape[0] * tiled.shape[1] / 1e6
        curves["megapixels of one image"]["discover"].append(
            (megapixels, seconds(lambda t=tiled: ColorStatistics.of(t), 3))
        )
        curves["megapixels of one image"]["masks"].append((megapixels, seconds(lambda t=tiled: mask(t), 3)))
    points, weights = histogram.colors.astype(float), histogram.counts.astype(float)
    for k in (5, 10, 20, 40):
        fitted = KMeans(k=k, n_init=3)
        curves["k"]["fit"].append((k, seconds(lambda fitted=fitted: fitted.cluster(points, weights), 2)))
    for share in (8, 4, 2, 1):
        some, heavy = points[::share], weights[::share]
        spent = seconds(lambda some=some, heavy=heavy: KMeans(k=13, n_init=3).cluster(some, heavy))
        curves["distinct colors"]["fit, k=13"].append((len(some), spent))
    figure, axes = pyplot.subplots(1, 4, figsize=(14, 3.2), constrained_layout=True)
    for axis, (name, lines) in zip(axes, curves.items(), strict=True):
        for label, line in lines.items():
            axis.plot(*zip(*line, strict=True), marker="o", label=label)
        axis.set(xlabel=name, ylabel="seconds", xlim=(0, None), ylim=(0, None))
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(plot, dpi=110)
    for name, lines in curves.items():
        for label, line in lines.items():
            print(f"{name}, {label}: " + ", ".join(f"{x:g} -> {y:.3f} s" for x, y in line))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--parts", help="parts to measure, separated by commas; all if not given")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    source = options.pairs or Sample().folder / "pairs"
    print(f"python {' '.join(sys.argv)}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}, ")
    print(f"OpenCV {cv2.__version__}; {options.files} files\n")
    with tempfile.TemporaryDirectory() as folder:
        data = copies(source, Path(folder) / "many", options.files)
        counted = ColorStatistics.merge(ColorStatistics.of(data.read_label(i)) for i in data.items()[:48])
        palette = find_palette_by_candidates(counted, PaletteSource().demands, KMeans(), Rgb()).palette
        warm_up(data, palette, Path(folder) / "warm")
        parts = {
            "starts": lambda: starts(source),
            "first": lambda: first_run(source),
            "discover": lambda: discover(data),
            "masks": lambda: masks(data, palette, Path(folder) / "masks"),
            "cores": lambda: two_cores(data, palette, Path(folder) / "masks"),
            "memory": lambda: memory(source, data, Path(folder)),
            "paper": lambda: against_paper(data, palette),
            "fit": lambda: fit(data, palette.colors),
        }
        print("| | must reach | aim | measured |\n|---|---|---|---|")
        for name in options.parts.split(",") if options.parts else parts:
            parts[name]()
        if options.plot:
            growth(data, palette, options.plot)
    print(f"peak memory of this benchmark: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
