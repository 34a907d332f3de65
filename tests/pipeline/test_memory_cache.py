"""The memory cache returns the present content of files and respects its size limit."""

from __future__ import annotations

from kmseg.files import file_state
from kmseg.pipeline.memory_cache import FileCache


def of(memory, path, how="length"):
    made = []

    def make():
        made.append(path)
        return path.read_bytes()

    return memory.get([file_state(path)], how, make, len), bool(made)


def test_a_value_is_made_once_while_its_file_stays_as_it_is(tmp_path):
    memory, path = FileCache(1000), tmp_path / "a"
    path.write_bytes(b"one")
    assert [of(memory, path), of(memory, path)] == [(b"one", True), (b"one", False)]
    path.write_bytes(b"two")
    assert of(memory, path) == (b"two", True)
    assert of(memory, path, how="otherwise") == (b"two", True)


def test_past_the_limit_what_was_used_longest_ago_goes(tmp_path):
    memory, paths = FileCache(20), [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(b"8 bytes.")
    assert [of(memory, path)[1] for path in (paths[0], paths[1], paths[0], paths[2])] == [True, True, False, True]
    assert [of(memory, path)[1] for path in (paths[0], paths[1])] == [False, True]
    assert memory.size <= 20


def test_of_a_file_that_is_not_there_the_maker_says_so(tmp_path):
    assert FileCache(10).get([file_state(tmp_path / "none")], "length", lambda: "as ever", len) == "as ever"
