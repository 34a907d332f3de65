import pytest

from kmseg.datasets.matching import FileMatcher
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


def test_a_partner_is_found_by_path_then_by_a_name_that_only_one_has(tmp_path):
    files = {key: tmp_path / key for key in ("s1/0", "s2/0", "s2/7")}
    partners = FileMatcher(files)
    assert partners.find("s2/0") == tmp_path / "s2/0"
    assert partners.find("s2/0.png") == tmp_path / "s2/0"
    assert partners.find("other/7") == tmp_path / "s2/7"
    assert partners.find("other/0") is None
