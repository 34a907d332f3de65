"""The files below a folder: a fast walk that enters every folder once and accounts for every entry."""

from __future__ import annotations

import os
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from kmseg import storage

SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information"})
"""Files and folders that operating systems leave; hidden names (`.DS_Store`) are left out beside them."""

LISTING_AGE_SECONDS = 60
"""How old the listing of a bucket may be: the steps before a run list the same folder several times."""


class Files(Mapping[str, str]):
    """Where each file of a tree lies, by its path below the root, in the order of these paths.

    Parameters
    ----------
    root : str
        Folder in which most files lie at their paths.
    paths : list of str
        The paths of these files, sorted.
    elsewhere : mapping of str to str
        The files that lie at other places than their paths say, as behind links.
    """

    def __init__(self, root: str, paths: list[str], elsewhere: Mapping[str, str]) -> None:
        self._root, self._elsewhere = root, elsewhere
        self._paths = sorted([*paths, *elsewhere]) if elsewhere else paths

    def __getitem__(self, path: str) -> str:
        if path not in self:
            raise KeyError(path)
        return self._elsewhere.get(path) or os.path.join(self._root, path)  # noqa: PTH118  # of a million files

    def __contains__(self, path: object) -> bool:
        place = bisect_left(self._paths, str(path))
        return place < len(self._paths) and self._paths[place] == path

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True)
class Tree:
    """The files below a folder.

    Attributes
    ----------
    root : Path
    files : mapping of str to str
        Where each file lies, by its path below the root with `/`, in Unicode's composed form (NFC); in the order of
        these paths.
    left_out : mapping of str to str
        Entries that are not among `files`, with the reason: links that lead nowhere or into a folder that is
        already there, folders that cannot be opened.
    hidden : list of str
        Hidden entries and those that operating systems leave, which are no part of a data set.
    """

    root: Path
    files: Mapping[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)

    @cached_property
    def folders(self) -> dict[str, list[str]]:
        """Return the names of the files of each folder that has files, by the folder's path below the root."""
        found: dict[str, list[str]] = {}
        for path in self.files:
            folder, _, name = path.rpartition("/")
            found.setdefault(folder, []).append(name)
        return found


def walk_tree(root: Path | str) -> Tree:
    """List the files below `root`; links to folders are followed, and no folder is entered twice.

    Folders that are there in fact come before links to them, so that a file has the path that its folder has. 200,000
    files take about a second on a warm disk: no file is opened, and only folders and links are looked at.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> _ = (root / "a.png").write_bytes(b"")
    >>> list(walk_tree(root).files)
    ['a.png']
    """
    tree = Tree(Path(root))
    listed = storage.contents(tree.root, LISTING_AGE_SECONDS)
    if listed is not None:
        return _tree_of_store(tree, listed)
    entered: set[tuple[int, int]] = set()
    found: list[str] = []
    elsewhere: list[tuple[str, str]] = []
    linked: list[tuple[str, str]] = []
    waiting = [("", os.fspath(root))]

    def add(path: str, entry: os.DirEntry[str], lies_here: bool) -> None:
        if lies_here and path.endswith(entry.name):
            found.append(path)
        else:
            elsewhere.append((path, entry.path))

    while waiting or linked:
        below, folder = waiting.pop() if waiting else linked.pop(0)
        lies_here = Path(folder) == tree.root / below
        if not _is_new(folder, entered):
            tree.left_out[below] = "a link to a folder that is read already"
            continue
        for name, entry in _entries(folder, below, tree):
            path = f"{below}/{name}" if below else name
            if entry.is_file(follow_symlinks=False):
                add(path, entry, lies_here)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((path, entry.path))
            elif _holds(entry.is_dir):
                linked.append((path, entry.path))
            elif entry.is_symlink() and (
                _holds(entry.is_file) or not Path(entry.path).exists()
            ):  # one that leads nowhere is listed, so that reading it names it
                add(path, entry, lies_here)
            else:
                tree.left_out[path] = "neither a file nor a folder"
        linked.sort()
    found.sort()
    return _with_files(tree, found, elsewhere)


def _tree_of_store(tree: Tree, listed: storage.Contents) -> Tree:
    """Fill a tree with the files of an archive or a bucket."""
    hidden = {name: _hidden_part(name) for name in (*listed.files, *listed.left_out)}
    names = [name for name in listed.files if not hidden[name]]
    elsewhere = [(_composed(name), str(tree.root / name)) for name in names if not name.isascii()]
    tree.left_out.update({name: why for name, why in listed.left_out.items() if not hidden[name]})
    tree.hidden.extend(sorted({_composed(part) for part in hidden.values() if part}))
    return _with_files(tree, sorted({name for name in names if name.isascii()}), elsewhere)


def _hidden_part(path: str) -> str:
    """Return the outermost part of a path that is hidden or of an operating system; empty if none is."""
    parts = path.split("/")
    places = (n for n, part in enumerate(parts) if part.startswith(".") or part.casefold() in SYSTEM_NAMES)
    first = next(places, None)
    return "" if first is None else "/".join(parts[: first + 1])


def _composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC)."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _holds(test: Callable[[], bool]) -> bool:
    """Return a test of a link's target; False for a link that leads back to itself."""
    try:
        return test()
    except OSError:
        return False


def _with_files(tree: Tree, paths: list[str], elsewhere: list[tuple[str, str]]) -> Tree:
    """Return the tree with its files; of two names that differ only in their Unicode form one keeps its own form."""
    taken = set(paths) if elsewhere else set()
    places: dict[str, str] = {}
    for path, file in sorted(elsewhere):
        key = path if path not in taken else f"{path.rpartition('/')[0]}/{Path(file).name}".lstrip("/")
        taken.add(key)
        places[key] = file
    return replace(tree, files=Files(os.fspath(tree.root), paths, places))


def _entries(folder: str, below: str, tree: Tree) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = _composed(entry.name)
                if name.startswith(".") or name.casefold() in SYSTEM_NAMES:
                    tree.hidden.append(f"{below}/{name}" if below else name)
                else:
                    yield name, entry
    except OSError as error:
        tree.left_out[below or "."] = f"cannot be opened ({error.strerror})"


def _is_new(folder: str, entered: set[tuple[int, int]]) -> bool:
    """Note a folder by device and inode; tell whether it was not noted before."""
    try:
        status = Path(folder).stat()
    except OSError:
        return True  # named where it is opened
    identity = status.st_dev, status.st_ino
    if identity in entered:
        return False
    entered.add(identity)
    return True
