"""The data and the command that the tests share."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests.support.browser import chromium, is_local
from tests.support.prepared import Server
from tests.support.s3 import serving

os.environ.pop("MLFLOW_TRACKING_URI", None)  # that of the user

settings.register_profile(
    "everyday",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("everyday")  # the same examples each time, however busy the machine is

REPO = Path(__file__).resolve().parents[1]
COLORS = {"sky": (70, 130, 180), "road": (128, 64, 128), "car": (0, 0, 142), "sign": (220, 220, 0)}


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def metrics(self) -> dict[str, float]:
        return json.loads((self.folder / "metrics.json").read_text())

    def palette(self) -> dict[str, tuple[int, int, int]]:
        with (self.folder / "palette.csv").open(newline="") as file:
            return {row["name"]: (int(row["r"]), int(row["g"]), int(row["b"])) for row in csv.DictReader(file)}


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Keep every test's store and sample data out of the user's home.

    No test may leave MLflow's store in the environment: a later test's runs would be recorded there.
    """
    monkeypatch.setenv("KMSEG_HOME", str(tmp_path_factory.getbasetemp() / "home"))
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def prepared():
    """Return a process that forks for each command, started at the first; see `tests/support/prepared.py`."""
    servers: list[Server] = []

    def server() -> Server:
        if not servers:
            servers.append(Server())
        return servers[0]

    yield server
    for started in servers:
        started.close()


@pytest.fixture(scope="session")
def store_with_tables(tmp_path_factory, prepared) -> Path:
    """A store of MLflow without runs, made once: its tables take a second."""
    folder = tmp_path_factory.mktemp("store")
    store, said = folder / "mlflow.db", str(folder / "said")
    call = ["tests.support.records", "make_tables", f"sqlite:///{store}"]
    assert prepared().ask(call=call, cwd=str(folder), env=dict(os.environ), out=said, err=said) == 0, said
    return store


@pytest.fixture
def make_home(store_with_tables):
    """Make a home folder for `KMSEG_HOME` whose store has its tables: for tests of anything but a new store."""

    def make(folder: Path) -> Path:
        folder.mkdir(parents=True)
        shutil.copy(store_with_tables, folder)
        return folder

    return make


READ_LATE = {"KMSEG_HOME", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"}
"""Settings of the environment that are read when they are needed; others are read at the start."""


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, so that no worker is left with one of them at the end.

    A test that is marked as slow takes about as long as ten that run commands.
    """
    cost: Counter[Path] = Counter()
    for item in items:
        cost[item.path] += 10 if item.get_closest_marker("slow") else "kmseg" in getattr(item, "fixturenames", ())
    items.sort(key=lambda item: -cost[item.path])


@pytest.fixture
def kmseg(tmp_path, tmp_path_factory, prepared):
    """Run the public command in a temporary folder, as a user would; untracked unless told otherwise.

    With `env` it is started anew if some setting is read at the start.
    """

    def run(*words: str, tracker: str = "none", env: dict[str, str] | None = None) -> Ran:
        folder = tmp_path / "run"
        words = (f"tracker={tracker}", f"hydra.run.dir={folder}", *words)
        environment = {**os.environ, "COLUMNS": "200", **(env or {})}
        anew = not READ_LATE.issuperset(env or {}) or not hasattr(os, "fork")
        if not anew:
            out, err = (tmp_path_factory.getbasetemp() / name for name in ("out", "err"))
            asked = {"words": words, "cwd": str(tmp_path), "env": environment, "out": str(out), "err": str(err)}
            code = prepared().ask(**asked)
            return Ran(code, out.read_text(), err.read_text(), folder)
        done = subprocess.run(
            [sys.executable, str(REPO / "run.py"), *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Ran(done.returncode, done.stdout, done.stderr, folder)

    return run


def draw_label(number: int = 0, size: int = 64) -> np.ndarray:
    """Draw a lossless label of four classes; `number` moves its parts."""
    label = np.zeros((size, size, 3), np.uint8)
    label[:] = COLORS["sky"]
    label[size // 2 :] = COLORS["road"]
    x = 4 + 5 * number % (size // 2)
    label[size // 2 - 8 : size // 2 + 4, x : x + 14] = COLORS["car"]
    label[6:12, size - 14 - x // 4 : size - 8 - x // 4] = COLORS["sign"]
    return label


def write_rgb(path: Path, image: np.ndarray, *options: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(cv2.imencode(path.suffix, image[..., ::-1], list(options))[1]))
    return path


@pytest.fixture
def labels(tmp_path) -> Path:
    """A folder of six lossless labels, one of them in a sub-folder."""
    root = tmp_path / "labels"
    for number in range(5):
        write_rgb(root / f"{number}.png", draw_label(number))
    write_rgb(root / "far" / "away" / "5.png", draw_label(5))
    return root


@pytest.fixture
def legend(tmp_path) -> Path:
    """The legend of `labels`."""
    path = tmp_path / "legend.csv"
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in COLORS.items()]
    path.write_text("\n".join(["name,r,g,b", *rows]) + "\n")
    return path


@pytest.fixture
def palette():
    """The palette of `labels`."""
    from kmseg.palette import Palette

    return Palette(list(COLORS), np.array(list(COLORS.values())))


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, headless, started once; tests are skipped where there is none."""
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser):
    """A new page of the browser without access beyond this machine; see `tests/support/browser.py`."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.route("**/*", lambda route: route.continue_() if is_local(route.request.url) else route.abort())
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def s3_server():
    """A local S3 server, started once; tests are skipped where there is none."""
    with serving() as started:
        yield started


@pytest.fixture
def s3(s3_server, monkeypatch):
    """A local S3 server that clients find by the environment."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    yield s3_server
    s3_server.unreachable.clear()


def whole(palette, folder: Path):
    """Make the end of a run in which nothing further was seen."""
    from kmseg.writers import WholeRun

    none = np.zeros(len(palette), np.int64)
    return WholeRun(
        palette, folder, none, {}, (), {}, lambda _: None, lambda _: None, lambda label: label[..., 0], lambda _: none
    )
