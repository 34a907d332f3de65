"""A process that has imported what a command needs and forks for each one: starting anew takes seconds, this does not.

For each line of JSON on its input (`words`, `cwd`, `env`, `out`, `err`) it runs a command and answers its exit code.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import sys
import traceback
from pathlib import Path

import numpy as np

REPO = Path(__file__).resolve().parents[2]


def prepare() -> None:
    """Import what commands import, MLflow aside, which starts threads; load the compiled loops."""
    for module in ("sklearn.cluster", "kmseg.cli.main", "kmseg.draw.sheets"):
        importlib.import_module(module)
    from kmseg.audit.pixel_match import PixelMatcher
    from kmseg.color_spaces.rgb import Rgb
    from kmseg.discovery.statistics import ColorStatistics
    from kmseg.histogram import Histogram
    from kmseg.maskers.boundary import Boundary
    from kmseg.palette import Palette

    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    flat = np.repeat(noise[:4, :1], 64, axis=1).repeat(16, axis=0)
    colors = Palette([str(n) for n in range(4)], flat[::16, 0])
    mask = Boundary().for_palette(colors, Rgb())
    for label in (noise, flat, np.concatenate([flat, noise])):
        ColorStatistics.of(label)
        Histogram.of(label)
        PixelMatcher(colors).match(label, mask(label))


def run(words: list[str], cwd: str, env: dict[str, str], out: str, err: str) -> int:
    """Be the command, in the forked process."""
    from kmseg.cli.main import main

    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = [str(REPO / "run.py"), *words]
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve() -> None:
    """Answer commands until the input ends."""
    sys.path[0] = str(REPO)
    prepare()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(run(**json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
