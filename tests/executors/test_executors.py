from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from kmseg.errors import UserError
from kmseg.executors import MAX_CHUNK, chunks
from kmseg.executors.dask import Dask
from kmseg.executors.processes import Processes
from kmseg.executors.serial import Serial


def squares(chunk):
    return [number * number for number in chunk]


class Slowly:
    """Squares numbers, and says on disk that it began; slow enough to be killed half-way."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, chunk):
        (self.folder / f"{chunk[0]}-{os.getpid()}").touch()
        time.sleep(0.3)
        return [number * number for number in chunk]


def flat(results):
    return [number for result in results for number in result]


def test_chunks_hold_every_item_once_and_in_order():
    for count in (0, 1, 7, 31, 500):
        for workers in (1, 2, 64):
            cut = list(chunks(range(count), workers))
            assert flat(cut) == list(range(count))
            assert all(1 <= len(chunk) <= MAX_CHUNK for chunk in cut)


@pytest.mark.parametrize("executor", [Serial(), Processes(workers=2)])
def test_results_come_in_the_order_of_the_items(executor):
    assert flat(executor.map(squares, range(200))) == [n * n for n in range(200)]


@pytest.mark.slow
def test_dask_without_an_address_starts_a_cluster_of_its_own():
    assert flat(Dask(workers=2).map(squares, range(50))) == [n * n for n in range(50)]


def test_a_scheduler_that_does_not_answer_is_said_in_a_sentence():
    with pytest.raises(UserError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        list(Dask(address="tcp://127.0.0.1:9", timeout=1).map(squares, range(4)))


@pytest.fixture
def cluster(tmp_path):
    """A real scheduler and two real worker processes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def start(*words):
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=(tmp_path / f"{words[0]}.log").open("a"),
            start_new_session=True,
        )

    file = tmp_path / "scheduler.json"
    scheduler = start(
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
    )
    for _ in range(600):
        if file.exists() and file.stat().st_size:
            break
        time.sleep(0.1)
    options = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--scheduler-file", str(file))
    workers = [start("distributed.cli.dask_worker", *options) for _ in range(2)]
    address = json.loads(file.read_text())["address"]
    from dask.distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address, workers
    for process in (*workers, scheduler):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.slow
def test_the_chunks_of_a_killed_worker_are_repeated(cluster, tmp_path):
    address, workers = cluster
    seen = tmp_path / "seen"
    seen.mkdir()
    results = Dask(address=address).map(Slowly(seen), range(24))
    first = next(results)
    os.killpg(workers[0].pid, signal.SIGKILL)
    assert flat([first, *results]) == [n * n for n in range(24)]
    assert len({path.name.split("-")[1] for path in seen.iterdir()}) == 2  # both had begun


@pytest.mark.slow
def test_a_cluster_leaves_what_one_core_leaves(cluster, kmseg, labels):
    (labels / "bad.png").write_text("hello")
    address, _ = cluster
    files = {}
    for words in (("executor=serial",), ("executor=dask", f"executor.address={address}")):
        ran = kmseg("dataset=folder", f"dataset.root={labels}", *words)
        assert ran.code == 0, ran.err
        assert "bad.png" in ran.out
        files[words[0]] = {p.relative_to(ran.folder): p.read_bytes() for p in ran.folder.rglob("*.png")}
        files[words[0]] |= {"palette": (ran.folder / "palette.csv").read_bytes()}
    assert files["executor=serial"] == files["executor=dask"]
