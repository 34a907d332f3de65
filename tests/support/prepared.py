"""A process that has imported what a command needs and forks for each one: starting anew takes seconds, this does not.

For each line of JSON on its input (`words`, `cwd`, `env`, `out`, `err`) it runs a command and answers its exit code;
with `call` (module, function, arguments) instead of `words` it calls a function.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from types import ModuleType

import numpy as np
from hydra import compose, initialize

REPO = Path(__file__).resolve().parents[2]


def prepare() -> None:
    """Import what commands import; load the compiled loops; fill the caches of Hydra's parser."""
    for module in (
        "sklearn.cluster",
        "kmseg.cli.main",
        "kmseg.cli.config",
        "kmseg.cli.console",
        "kmseg.clusterers.kmeans.lloyd",
        "kmseg.draw.sheets",
        "kmseg.executors.threads",
        "kmseg.tasks.segment",
        "kmseg.tasks.discover",
        "kmseg.writers.index_png",
        "kmseg.writers.preview",
        "mlflow.store.tracking.sqlalchemy_store",
        "PIL.ImageDraw",
        "PIL.PngImagePlugin",
        "PIL.JpegImagePlugin",
    ):
        importlib.import_module(module)
    from kmseg.pipeline.precompile import load_audit_loops, load_mask_loops

    # Two workers of pytest compile the loops at the same time: each begins with those that the other does not.
    # The first has those of discovery from tests without a command, with which it begins (`tests/conftest.py`).
    loads = [load_jpeg_loops, load_mask_loops, load_audit_loops, load_discovery_loops]
    for load in loads if os.environ.get("PYTEST_XDIST_WORKER") == "gw1" else reversed(loads):
        load()
    with initialize(version_base="1.3", config_path=None):
        compose("config", ["dataset=folder", "dataset.root='/a b'", "clusterer.k=4", "writers=[index_png]"])
    gc.collect()
    gc.freeze()  # the forked processes share these objects, and do not look through them


def load_discovery_loops() -> None:
    """Load the loops over pixels that finding a palette takes."""
    from kmseg.discovery.statistics import ColorStatistics
    from kmseg.histogram import Histogram

    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for label in (noise, noise[:4].repeat(16, axis=0).repeat(4, axis=1)):
        ColorStatistics.of(label)
        Histogram.of(label)


def load_jpeg_loops() -> None:
    """Load the loops of `masker=jpeg`: of labels saved as they were painted, and of labels resized before."""
    import cv2

    from kmseg.color_spaces.rgb import Rgb
    from kmseg.errors import UserError
    from kmseg.images import read_label_image
    from kmseg.maskers.jpeg import Jpeg
    from kmseg.palette import Palette

    palette = Palette(["a", "b", "c"], [(250, 250, 250), (40, 90, 130), (200, 160, 100)])
    painted = palette.paint(np.random.default_rng(0).integers(0, 3, (12, 12))).repeat(8, axis=0).repeat(8, axis=1)
    try:
        mask = Jpeg().for_palette(palette, Rgb())
    except UserError:  # jpeglib has no wheel for this platform
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "label.jpg"
        for label in (painted[3:, 5:], cv2.resize(painted, (64, 64), interpolation=cv2.INTER_AREA)):
            cv2.imwrite(str(path), label[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
            mask(read_label_image(path))


def run(
    cwd: str, env: dict[str, str], out: str, err: str, words: list[str] | None = None, call: list[str] | None = None
) -> int:
    """Be the command, in the forked process, or call a function."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background have it ignored
    try:
        if call is None:
            _run_command(words or [])
        else:
            module, function, *arguments = call
            getattr(importlib.import_module(module), function)(*arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # as Python ends: wait for threads, end the processes that they watch
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _run_command(words: list[str]) -> None:
    """Run `run.py`, which is also the main program that processes started by it import."""
    from kmseg.cli.main import main

    program = ModuleType("__main__")
    program.__file__ = str(REPO / "run.py")
    sys.modules["__main__"] = program
    os.environ["KMSEG_TRACEBACK"] = ""  # as at the start of a program, for the processes that it starts
    sys.argv = [program.__file__, *words]
    main()


def serve() -> None:
    """Answer commands until the input ends.

    A command in the background is answered with the number of its process, and `poll` of such a number with its exit
    code, or null while it runs.
    """
    sys.path[0] = str(REPO)
    prepare()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "poll" in asked:
            ended, status = os.waitpid(asked["poll"], os.WNOHANG)
            print(json.dumps(os.waitstatus_to_exitcode(status) if ended else None), flush=True)
            continue
        in_background = asked.pop("in_background", False)
        child = os.fork()
        if child == 0:
            if in_background:
                os.setsid()
            os._exit(run(**asked))
        print(child if in_background else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


class Server:
    """The other end: starts the process, without MLflow's telemetry, which would start threads, and asks it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.prepared"],
            cwd=REPO,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, **asked: object) -> int | None:
        """Ask for a command, or for what became of one."""
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


if __name__ == "__main__":
    serve()
