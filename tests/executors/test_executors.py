from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import pytest

from kmseg import executors
from kmseg.datasets import Item
from kmseg.errors import UserError
from kmseg.executors import MAX_CHUNK, available_cores, chunks, once_per_process
from kmseg.executors.dask import Dask, local_cluster
from kmseg.executors.processes import Processes
from kmseg.executors.serial import Serial
from kmseg.executors.threads import AHEAD, Threads
from tests.conftest import draw_label, write_rgb

HERE = [Serial(), Threads(), Threads(workers=3), Processes(workers=2)]
"""Executors that need nothing but this machine."""


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


def test_after_an_error_no_thread_is_at_work_that_could_outlive_python():
    began = threading.Event()

    def work(chunk):
        if chunk[0] == 0:
            began.wait()
            raise UserError("no panels are found")
        began.set()
        time.sleep(0.6)  # longer than an interrupted run waits
        return chunk

    with pytest.raises(UserError):
        list(Threads(workers=2).map(work, [0, 1]))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kmseg-")]


def test_chunks_hold_every_item_once_and_in_order():
    for count in (0, 1, 7, 31, 500):
        for workers in (1, 2, 64):
            cut = list(chunks(range(count), workers))
            assert flat(cut) == list(range(count))
            assert all(1 <= len(chunk) <= MAX_CHUNK for chunk in cut)


@pytest.mark.parametrize("executor", HERE)
@pytest.mark.parametrize("count", [0, 1, 200])
def test_results_come_in_the_order_of_the_items(executor, count):
    assert flat(executor.map(squares, range(count))) == [n * n for n in range(count)]


def divide_by_width(chunk):
    return [1 / len(item.key) if item.key != "broken" else 1 / 0 for item in chunk]


@pytest.mark.parametrize("executor", HERE)
def test_an_error_in_the_work_is_raised_as_it_is_and_names_the_image(executor):
    items = [Item(key, Path(f"{key}.png")) for key in ["a"] * 40 + ["broken"] + ["b"] * 40]
    with pytest.raises(ZeroDivisionError) as raised:
        list(executor.map(divide_by_width, items))
    assert raised.value.__notes__ == ["while working on broken.png"]


def test_threads_work_at_the_same_time_on_chunks_that_come_in_order():
    together = threading.Barrier(2, timeout=20)

    def meet(chunk):
        together.wait()
        return list(chunk)

    assert flat(Threads(workers=2).map(meet, range(16))) == list(range(16))


def test_threads_take_no_more_chunks_than_a_few_ahead_of_what_is_asked_for():
    begun = []

    def work(chunk):
        begun.extend(chunk)
        return list(chunk)

    results = Threads(workers=2).map(work, range(2000))
    next(results)
    time.sleep(0.2)
    assert len(begun) <= (2 * AHEAD + 1) * MAX_CHUNK
    results.close()


def test_threads_begin_no_image_after_the_run_is_stopped():
    begun, going = [], threading.Event()

    def work(chunk):
        for item in chunk:
            begun.append(item)
            going.set()
            time.sleep(0.01)
        return []

    results = Threads(workers=2).map(work, range(4000))
    waiting = threading.Thread(target=lambda: next(results, None))
    waiting.start()
    going.wait()
    waiting.join()
    results.close()
    held = len(begun)
    time.sleep(0.1)
    assert len(begun) == held
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("kmseg-")]


def test_opencv_starts_no_threads_within_threads_and_has_its_own_again_afterwards():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        assert flat(Threads(workers=2).map(lambda chunk: [cv2.getNumThreads() for _ in chunk], range(4))) == [1] * 4
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_a_value_is_made_once_for_all_threads():
    made = []

    def make():
        made.append(1)
        time.sleep(0.02)
        return len(made)

    def work(chunk):
        return [once_per_process("a token of this test", make) for _ in chunk]

    assert flat(Threads(workers=4).map(work, range(64))) == [1] * 64


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, 0),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 0),
        ({}, 0),
    ],
)
def test_the_cpu_quota_of_a_container_counts(tmp_path, files, cores):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert executors._cores_by_quota(tmp_path) == cores


def test_runs_of_a_sweep_that_share_the_machine_share_its_cores(monkeypatch):
    monkeypatch.setattr(executors, "_cores_by_affinity", lambda: 8)
    monkeypatch.setattr(executors, "_cores_by_quota", lambda root: 6)
    assert available_cores() == 6
    monkeypatch.setenv("KMSEG_CORES", "2")
    assert available_cores() == 2


@pytest.mark.parametrize("part", [Threads, Processes, Dask])
def test_a_number_of_workers_that_is_none_is_refused(part):
    with pytest.raises(UserError, match=r"executor\.workers is 0; expected an integer, at least 1"):
        part(workers=0)


@pytest.mark.slow
def test_dask_without_an_address_starts_a_cluster_whose_workers_may_outlive_its_scheduler_in_silence(capfd):
    executor = Dask(workers=2)
    assert flat(executor.map(squares, range(50))) == [n * n for n in range(50)]
    assert list(executor.map(log_errors_of_a_worker, range(1))) == [None]
    local_cluster(2).close()  # which Dask does as Python ends
    local_cluster.cache_clear()
    said = capfd.readouterr().err
    assert "another error" in said
    assert "heartbeat" not in said


def log_errors_of_a_worker(items):
    from distributed.comm import CommClosedError

    logger = logging.getLogger("distributed.worker")
    logger.error("another error")
    try:
        raise CommClosedError("the scheduler has left")
    except CommClosedError:
        logger.exception("no heartbeat")


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
    until = time.monotonic() + 60
    while len({path.name.split("-")[1] for path in seen.iterdir()}) < 2:  # both have begun
        assert time.monotonic() < until
        time.sleep(0.01)
    os.killpg(workers[0].pid, signal.SIGKILL)
    assert flat([first, *results]) == [n * n for n in range(24)]
    with pytest.raises(ZeroDivisionError) as raised:
        list(Dask(address=address).map(divide_by_width, [Item("broken", Path("broken.png"))]))
    assert raised.value.__notes__[0] == "while working on broken.png"
    assert raised.value.__notes__[1].startswith("on the Dask worker tcp://")


@pytest.mark.slow
def test_a_cluster_without_a_shared_disk_leaves_what_one_core_leaves(s3, cluster, kmseg, labels, tmp_path):
    for number in range(6, 40):
        write_rgb(labels / f"{number}.png", draw_label(number))
    (labels / "bad.png").write_text("hello")
    alone = kmseg("dataset=folder", f"dataset.root={labels}", "executor=serial", "writers=[index_png]")
    assert alone.code == 0, alone.err
    masks = alone.folder / "masks"
    expected = {path.relative_to(masks).as_posix(): path.read_bytes() for path in masks.rglob("*.png")}
    palette = (alone.folder / "palette.csv").read_bytes()
    root = s3.upload(labels, "cluster", "labels")
    address, workers = cluster

    def kill_at_the_first_mask():
        while not s3.requested("PUT", "/masks/"):
            time.sleep(0.01)
        os.killpg(workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_at_the_first_mask, daemon=True)
    killer.start()
    words = ("executor=dask", f"executor.address={address}", "writers=[index_png]", "outputs=s3://cluster/run")
    ran = kmseg("dataset=folder", f"dataset.root={root}", *words)
    assert ran.code == 0, ran.err
    killer.join(timeout=10)
    assert workers[0].poll() is not None
    assert "s3://cluster/labels/bad.png" in ran.out
    assert s3.files("s3://cluster/run/masks") == expected
    assert (ran.folder / "palette.csv").read_bytes() == palette
