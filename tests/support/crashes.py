"""Real runs that are killed: how they are started, when they are killed, and what must then be in their folder."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kmseg.pipeline.manifest import JOURNAL, NAME
from tests.conftest import REPO, draw_label, write_rgb
from tests.support.prepared import Server

REWRITTEN = {"palette.csv"}
"""What a run writes as soon as it can, and again with all its columns at the end."""

PASSING = {".hydra", "kmseg.log", NAME, JOURNAL, ".kmseg.lock"}
"""Files of a run about itself: command, log, manifest."""


def start(folder: Path, words: list[str]) -> subprocess.Popen:
    """Start a run that writes to `folder`, by the command itself: `benchmarks/soak.py`."""
    return subprocess.Popen(
        [sys.executable, str(REPO / "run.py"), f"hydra.run.dir={folder}", *words],
        cwd=folder.parent,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


class Forked:
    """A process forked from a prepared one, which spares the start; it has what is needed of `Popen`.

    It runs a command, `words=[...]`, or calls a function, `call=[module, name, *arguments]`, in the folder `cwd`.
    """

    def __init__(self, server: Server, cwd: Path, **asked: list[str]) -> None:
        cwd.mkdir(parents=True, exist_ok=True)
        self.returncode: int | None = None
        self._server = server
        handle, name = tempfile.mkstemp(".out")  # not beside the folder, whose disk may be full
        os.close(handle)
        self._out = Path(name)
        where = {"cwd": str(cwd), "env": dict(os.environ), "out": str(self._out), "err": str(self._out)}
        self.pid = server.ask(**asked, **where, in_background=True)

    def poll(self) -> int | None:
        """Return the exit code, None while the run is at work."""
        if self.returncode is None:
            self.returncode = self._server.ask(poll=self.pid)
        return self.returncode

    def said(self) -> str:
        """Return what was printed so far."""
        return self._out.read_text()

    def communicate(self, timeout: float = 300) -> tuple[str, None]:
        """Wait for the end, for `timeout` seconds at most; return what was printed."""
        last = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < last, f"still running after {timeout} s:\n{self.said()}"
            time.sleep(0.01)
        said = self.said()
        self._out.unlink()
        return said, None


def kill(process: subprocess.Popen | Forked) -> None:
    """Kill a run and all its workers with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def results(folder: Path) -> dict[str, object]:
    """Return all files of a run, and its metrics without run times."""
    found: dict[str, object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name == "metrics.json":
            found[name] = {key: n for key, n in json.loads(path.read_text()).items() if not key.startswith("time/")}
        elif name.split("/")[0] not in PASSING and name != "config.yaml":
            found[name] = path.read_bytes()
    return found


def resources(process: subprocess.Popen | Forked, folder: Path) -> tuple[list[int], list[float]]:
    """Watch a run mask its images; return the most bytes and open files of its first half, medians of its last fifth.

    Those of its workers count. Workers start late on a busy machine, and a single sample may see a short-lived process.
    """
    import psutil

    samples = []
    top = psutil.Process(process.pid)
    while process.poll() is None:
        time.sleep(0.05)
        with suppress(psutil.NoSuchProcess):
            family = [top, *top.children(recursive=True)]
            if (folder / "masks").exists() and not (folder / "images.csv").exists():
                samples.append((sum(p.memory_info().rss for p in family), sum(p.num_fds() for p in family)))
    early, late = samples[: len(samples) // 2], samples[-max(len(samples) // 5, 1) :]
    return np.max(early, axis=0).tolist(), np.median(late, axis=0).tolist()


def noisy_labels(root: Path, images: int, size: int) -> Path:
    """Draw labels of four classes whose pictures take a while to encode."""
    noise = np.random.default_rng(0)
    for number in range(images):
        label = draw_label(number, size)
        label[noise.random((size, size)) < 0.02] = (255, 255, 255)
        write_rgb(root / f"{number:05d}.png", label)
    return root


@dataclass
class Kills:
    """Kills one command many times, at moments that a seed decides, and goes on with it each time.

    Attributes
    ----------
    start : callable
        Starts a run.
    torn : list of str
        Files that a killed run left and that were not those of a whole run.
    wrong : list of str
        What differed once the command was repeated with resume=true.
    landed : int
        Kills that met a running process.
    """

    folder: Path
    words: list[str]
    start: Callable[[Path, list[str]], subprocess.Popen | Forked] = start
    torn: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tried: int = 0
    landed: int = 0

    def run(self, times: int, seed: int) -> None:
        """Kill `times` runs; half of them at any moment, half once files are being written."""
        moments = random.Random(seed)
        whole = self.folder.parent / "whole"
        process = self.start(whole, self.words)
        began = time.perf_counter()  # not before: the first start may prepare the process that forks
        said, _ = process.communicate()
        assert process.returncode == 0, said
        lasted = time.perf_counter() - began
        expected = results(whole)
        masks = sum(name.startswith("masks/") for name in expected)
        for number in range(times):
            folder = self.folder / str(number)
            folder.parent.mkdir(parents=True, exist_ok=True)
            process = self.start(folder, self.words)
            if number % 2:
                time.sleep(moments.uniform(0, 0.9 * lasted))
            else:
                wanted = moments.randrange(masks * 3 // 4)
                while process.poll() is None and len(list(folder.glob("masks/*.png"))) < wanted:
                    time.sleep(0.001)
                time.sleep(moments.uniform(0, 0.005))
            self.tried += 1
            self.landed += process.poll() is None
            kill(process)
            self._compare(self.torn, number, expected, left=True)
            process = self.start(folder, [*self.words, "resume=true"])
            said, _ = process.communicate()
            if process.returncode:
                self.wrong.append(f"{number}: {said[-500:]}")
            self._compare(self.wrong, number, expected, left=False)

    def _compare(self, into: list[str], number: int, expected: dict[str, object], left: bool) -> None:
        folder = self.folder / str(number)
        if not folder.exists():
            return
        found = {name: data for name, data in results(folder).items() if not (left and name.endswith(".part"))}
        names = found.keys() - REWRITTEN if left else found.keys() | expected.keys()
        into += [f"{number}: {name}" for name in names if found.get(name) != expected.get(name)]
