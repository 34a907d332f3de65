"""Runs that are killed, interrupted or run out of disk space leave complete files and can be resumed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import suppress

import pytest

from kmseg.files import remove_leftovers
from tests.support.crashes import REWRITTEN, Forked, Kills, kill, noisy_labels, resources, results


@pytest.fixture
def command(tmp_path, legend):
    """A run whose masking is slow."""
    labels = noisy_labels(tmp_path / "many", images=40, size=256)
    return ["dataset=folder", f"dataset.root={labels}", "writers=[index_png,color_png,preview]"]


@pytest.fixture(scope="module")
def shorter_command(tmp_path_factory):
    """A run for the tests that repeat it often, and do not mind if it has just ended when it is killed."""
    labels = noisy_labels(tmp_path_factory.mktemp("some"), images=30, size=160)
    return ["dataset=folder", f"dataset.root={labels}", "writers=[index_png,color_png,preview]"]


@pytest.fixture(scope="module")
def fork(prepared):
    """Start a run in a process that is forked, not started: for the many runs that are killed."""

    def begin(folder, words):
        return Forked(prepared(), folder.parent, words=[f"hydra.run.dir={folder}", *words])

    return begin


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_run_killed_at_any_moment_leaves_nothing_torn_and_is_completed(tmp_path, shorter_command, executor, fork):
    kills = Kills(tmp_path / "runs", [*shorter_command, "tracker=none", f"executor={executor}"], fork)
    kills.run(times=4 if executor == "threads" else 1, seed=1)
    assert kills.landed  # the others met a run that had just ended
    assert not kills.torn
    assert not kills.wrong


@pytest.mark.slow
def test_a_tracked_run_that_was_killed_and_completed_is_recorded_once(tmp_path, command, monkeypatch, make_home, fork):
    monkeypatch.setenv("KMSEG_HOME", str(make_home(tmp_path / "home")))
    folder = tmp_path / "run"
    process = fork(folder, command)
    while process.poll() is None and len(list(folder.glob("masks/*.png"))) < 5:
        time.sleep(0.01)
    kill(process)
    process = fork(folder, [*command, "resume=true"])
    said, _ = process.communicate()
    assert process.returncode == 0, said
    with sqlite3.connect(tmp_path / "home" / "mlflow.db") as store:
        runs = store.execute("select status from runs where lifecycle_stage = 'active'").fetchall()
    assert runs == [("FINISHED",)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, shorter_command, store_with_tables, fork):
    """A run that was not killed, recorded in the store of a home of its own."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "home").mkdir()
    shutil.copy(store_with_tables, folder / "home")
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("KMSEG_HOME", str(folder / "home"))
        said, _ = (process := fork(folder / "whole", shorter_command)).communicate()
    assert process.returncode == 0, said
    return folder


MOMENTS = {
    "as it begins its record": lambda folder, process: holds_open(process, "mlflow.db"),
    "in the midst of its masks": lambda folder, process: len(list(folder.glob("masks/*.png"))) > 5,
    "as it hands its figures in": lambda folder, process: (folder / "metrics.json").exists(),
}
"""When a run is killed whose store another program holds locked."""


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_while_its_store_is_locked_is_completed_and_recorded_once(
    tmp_path, shorter_command, monkeypatch, moment, recorded, fork
):
    monkeypatch.setenv("KMSEG_HOME", str(recorded / "home"))
    folder, process = tmp_path / "run", None
    store = sqlite3.connect(recorded / "home" / "mlflow.db", isolation_level=None)
    of_runs = "select run_uuid, status from runs where lifecycle_stage = 'active' order by start_time"
    before = store.execute(of_runs).fetchall()
    if moment != "as it begins its record":
        process = fork(folder, shorter_command)
        while process.poll() is None and not list(folder.glob("masks/*.png")):
            time.sleep(0.01)
    lock(store)
    process = process or fork(folder, shorter_command)
    while process.poll() is None and not MOMENTS[moment](folder, process):
        time.sleep(0.01)
    assert process.poll() is None
    kill(process)
    store.execute("rollback")
    said, _ = (again := fork(folder, [*shorter_command, "resume=true"])).communicate()
    assert again.returncode == 0, said
    assert results(folder) == results(recorded / "whole")
    runs = store.execute(of_runs).fetchall()
    assert (runs[:-1], runs[-1][1]) == (before, "FINISHED")
    of_run = "select key, value from metrics where run_uuid = ? and key not like 'time/%' order by key"
    figures = [store.execute(of_run, (run,)).fetchall() for run, _ in (runs[0], runs[-1])]
    assert figures[0] == figures[1]
    store.close()
    assert not list((recorded / "home" / "spool").glob("*.json"))


def lock(store: sqlite3.Connection) -> None:
    """Lock a store as soon as nobody writes to it."""
    while True:
        with suppress(sqlite3.OperationalError):
            store.execute("begin exclusive")
            return


def holds_open(process: subprocess.Popen, name: str) -> bool:
    """Return whether a process has a file of this name open."""
    import psutil

    with suppress(psutil.Error):
        return any(file.path.endswith(name) for file in psutil.Process(process.pid).open_files())
    return False


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "threads", "processes", "dask"])
def test_ctrl_c_ends_a_run_with_its_workers_and_prints_how_to_resume(tmp_path, command, executor, fork):
    import psutil

    folder = tmp_path / "run"
    workers = ["executor.workers=1"] if executor == "dask" else []
    process = fork(folder, [*command, "tracker=none", f"executor={executor}", *workers])
    while process.poll() is None and not list(folder.glob("masks/*.png")):
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert f"repeat the command with resume=true hydra.run.dir={folder}" in said
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


@pytest.fixture(scope="module")
def many_labels(tmp_path_factory):
    """A thousand small labels."""
    return noisy_labels(tmp_path_factory.mktemp("many"), images=1000, size=64)


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_memory_and_open_files_do_not_grow_with_the_number_of_images(tmp_path, many_labels, executor, fork):
    words = ["dataset=folder", f"dataset.root={many_labels}", "tracker=none", f"executor={executor}"]
    process = fork(tmp_path / "run", [*words, "writers=[index_png,color_png,preview]"])
    early, late = resources(process, tmp_path / "run")
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert late[0] < early[0] + 20e6
    assert late[1] < early[1] + 10  # pipes to workers may be opened late; one file a chunk would be 30


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that holds a few masks; `grow` makes room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root, where mounting is permitted")
    yield disk, lambda: subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_reported_and_the_run_can_be_resumed(tmp_path, command, small_disk, fork):
    disk, grow = small_disk
    whole = tmp_path / "whole"
    said, _ = (first := fork(whole, [*command, "tracker=none"])).communicate()
    assert first.returncode == 0, said
    process = fork(disk / "run", [*command, "tracker=none"])
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "No space left on device; free disk space" in said
    assert "Traceback" not in said
    expected, left = results(whole), results(disk / "run")
    assert left
    # The legend is written first, without the shares that follow at the end.
    assert all(expected[name] == data for name, data in left.items() if name not in REWRITTEN)
    grow()
    process = fork(disk / "run", [*command, "tracker=none", "resume=true"])
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert results(disk / "run") == expected


def test_what_killed_processes_left_is_removed_and_what_others_write_is_not(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    sub = tmp_path / "masks"
    sub.mkdir()
    mine, theirs, dead = (sub / f".a.png.{process}.7f00.part" for process in (os.getpid(), os.getppid(), gone.pid))
    for part in (mine, theirs, dead, sub / "my.part"):
        part.touch()
    remove_leftovers(tmp_path)
    assert {path.name for path in sub.iterdir()} == {theirs.name, "my.part"}
