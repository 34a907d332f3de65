"""A tree is read whole and once: links, loops, names of any form; every file is listed or named with a reason."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmseg.datasets.listing import list_images
from kmseg.datasets.patterns import escape, matches
from kmseg.datasets.tree import walk_tree
from tests.conftest import draw_label, write_rgb


def test_linked_folders_are_entered_once_and_loops_end(tmp_path):
    root, other = tmp_path / "labels", tmp_path / "other"
    write_rgb(root / "own" / "a.png", draw_label())
    write_rgb(other / "b.png", draw_label())
    (root / "linked").symlink_to(other)
    (root / "again").symlink_to(root / "own")
    (root / "own" / "loop").symlink_to(root)
    (root / "dead.png").symlink_to(tmp_path / "nowhere")
    tree = walk_tree(root)
    assert list(tree.files) == ["dead.png", "linked/b.png", "own/a.png"]
    assert tree.left_out == {
        "again": "a link to a folder that is read already",
        "own/loop": "a link to a folder that is read already",
    }


def test_files_without_a_suffix_are_told_by_their_content(tmp_path):
    write_rgb(tmp_path / "labels" / "a.png", draw_label()).rename(tmp_path / "labels" / "a")
    (tmp_path / "other").mkdir()
    (tmp_path / "labels" / "linked").write_text("../other")
    (tmp_path / "labels" / "LICENSE").write_text("Do as you like.")
    found = list_images(tmp_path / "labels")
    assert list(found.images) == ["a"]
    assert found.unused == {
        "LICENSE": "not an image",
        "linked": "a link to ../other that was saved as text, and is not followed",
    }


def test_hidden_and_system_files_are_no_part_of_a_data_set(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "__MACOSX/a.png", ".cache/b.png", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert list(walk_tree(tmp_path).files) == ["c.png"]


def test_names_are_composed_so_that_equal_names_are_equal(tmp_path):
    decomposed = unicodedata.normalize("NFD", "é.png")
    write_rgb(tmp_path / decomposed, draw_label())
    ((key, path),) = list_images(tmp_path).images.items()
    assert key == unicodedata.normalize("NFC", "é")
    assert path.exists()


def test_two_names_that_differ_in_their_unicode_form_only_are_two_images(tmp_path):
    for form in ("NFD", "NFC"):
        (tmp_path / unicodedata.normalize(form, "é.png")).write_bytes(b"")
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system holds one file for both names")
    found = list_images(tmp_path).images
    assert {path.name for path in found.values()} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a/b_mask.png", "*_mask.png", True),
        ("a/b_MASK.PNG", "*_mask.png", True),
        ("a/b.png", "a/*", True),
        ("a/b/c.png", "a", True),
        ("x/a/b/c.png", "a", True),
        ("x/a/c.png", "a/*", False),
        ("ab/c.png", "a", False),
        ("a/b/c.png", "a/**/c.png", True),
        ("a[1]/c.png", escape("a[1]"), True),
    ],
)
def test_patterns_of_files(path, pattern, expected):
    assert matches(path, [pattern]) is expected


files = st.lists(
    st.tuples(
        st.sampled_from(["", "a/", "b/", "b/c/"]),
        st.sampled_from(["1", "2", "x.y", "é"]),
        st.sampled_from([".png", ".PNG", ".jpg", ".ppm", ".txt", ".jp2", ".npy"]),
    ),
    max_size=12,
    unique=True,
)


@settings(max_examples=40)
@given(files, st.sampled_from([[], ["*.png"], ["b"]]))
def test_files_used_and_files_named_are_the_files_there(tmp_path_factory, names, patterns):
    root = tmp_path_factory.mktemp("tree")
    for folder, name, suffix in names:
        path = root / folder / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    found = list_images(root, patterns)
    used = {path.relative_to(root).as_posix() for path in found.images.values()}
    there = {path.relative_to(root).as_posix() for path in Path(root).rglob("*") if path.is_file()}
    assert used | set(found.unused) == there
    assert not used & set(found.unused)
    assert all(found.unused.values())
