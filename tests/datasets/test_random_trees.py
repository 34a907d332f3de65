"""Of any tree of files, every one is used, or counted and named with a reason; nothing in the tree changes."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kmseg.datasets.folder import Folder
from kmseg.errors import UserError
from tests.conftest import draw_label, write_rgb

STEMS = ("a", "A", "a_mask", "b.c", "é", "e\u0301", "1", "01", "scene_1", ".hidden", "con", "x y")
SUFFIXES = (".png", ".PNG", ".jpg", ".jpeg", ".tif", "", ".ppm", ".txt", ".heic", ".png.png")
FOLDERS = ("", "train", "val", "deep/er", "Val_labels", ".cache", "__MACOSX", "linked")
CONTENTS = ("label", "empty", "link", "broken link", "folder")

READ = (".png", ".jpg", ".jpeg", ".tif")

entries = st.lists(
    st.tuples(st.sampled_from(FOLDERS), st.sampled_from(STEMS), st.sampled_from(SUFFIXES), st.sampled_from(CONTENTS)),
    min_size=1,
    max_size=12,
)


def build(root: Path, label: Path, drawn: list[tuple[str, str, str, str]]) -> None:
    """Draw a tree; a name that is taken is left as it is."""
    root.mkdir()
    for folder, stem, suffix, content in drawn:
        path = root / folder / (stem + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() or path.is_symlink():
            continue
        if content == "label":
            path.write_bytes(label.read_bytes())
        elif content == "empty":
            path.write_bytes(b"")
        elif content == "folder":
            path.mkdir()
        else:
            path.symlink_to(label if content == "link" else "nowhere")
    if (root / "linked").is_dir():
        (root / "train").mkdir(exist_ok=True)
        (root / "train" / "loop").symlink_to(root / "linked")


def files_below(root: Path) -> Iterator[Path]:
    """Yield what a run must account for: files, and as one each links to folders and hidden folders."""
    for path in sorted(root.iterdir()):
        hidden = path.name.startswith(".") or path.name == "__MACOSX"
        if path.is_dir() and not path.is_symlink() and not hidden:
            yield from files_below(path)
        else:
            yield path


def state(root: Path) -> dict[str, object]:
    return {str(path): path.read_bytes() if path.is_file() else path.lstat().st_mtime_ns for path in root.rglob("*")}


def counted(notes: list[str]) -> int:
    return sum(int(found[1]) for note in notes if (found := re.match(r"(\d+) files? not used", note)))


def is_visible(path: Path, root: Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(root).parts)


@settings(max_examples=60)
@given(drawn=entries)
def test_files_used_and_files_named_as_unused_are_the_files_there(drawn, tmp_path):
    label = write_rgb(tmp_path / "label.png", draw_label())
    root = Path(tempfile.mkdtemp(dir=tmp_path)) / "labels"
    build(root, label, drawn)
    there, before = list(files_below(root)), state(root)
    images = [path for path in there if path.suffix.lower() in READ and is_visible(path, root)]
    try:
        items, notes = Folder(str(root)).listing()
    except UserError:
        assert not images
    else:
        assert len({item.key for item in items}) == len({item.label for item in items}) == len(items)
        assert {item.label for item in items} >= set(images)
        assert len(items) + counted(notes) == len(there), (items, notes, there)
    assert state(root) == before
    shutil.rmtree(root.parent)
