import os

import pytest

from kmseg import files
from kmseg.files import remove_leftovers, replacing, safe_names, write_text


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = write_text(tmp_path / "deep" / "a.txt", "old")

    def fail_half_way():
        with replacing(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_class_names_become_file_names_that_stay_in_their_folder():
    names = [
        "a/b",
        "a\\b",
        "..",
        "",
        "Road",
        "road",
        "강",
        "=cmd()",
        "x" * 300,
        "𝄞" * 90,
        "a\nb",
        "a",
        "a_2",
        "a.",
        "con",
        "nul.x",
    ]
    safe = safe_names(names)
    assert len({name.casefold() for name in safe}) == len(names)
    assert all(name and "/" not in name and "\\" not in name and "\n" not in name for name in safe)
    assert not {".", "..", "con", "nul.x"} & set(safe)
    assert max(len(name.encode()) for name in safe) < 200


def test_on_windows_no_process_is_signaled_to_learn_whether_it_is_alive(tmp_path, monkeypatch):
    """There, os.kill(process, 0) sends Ctrl-C."""
    monkeypatch.setattr(files.sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a process was signaled"))
    for owner in (os.getpid(), os.getpid() + 1):
        (tmp_path / f".a.png.{owner}.7f00.part").touch()
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f".a.png.{os.getpid() + 1}.7f00.part"]
