import pytest

from kmseg.files import replacing, safe_names, write_text


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
    assert max(map(len, safe)) < 100
