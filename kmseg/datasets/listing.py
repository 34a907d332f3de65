"""Image files below a folder: their keys, and every other file with the reason why it is none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg import storage
from kmseg.datasets.patterns import matches
from kmseg.datasets.tree import Tree, walk_tree
from kmseg.images import SUFFIXES

UNREAD_SUFFIXES = frozenset(
    {".jp2", ".j2k", ".heic", ".heif", ".avif", ".jxl", ".exr", ".npy", ".npz", ".mat", ".nii", ".nrrd", ".psd", ".svg"}
)
"""Images and arrays of kinds that are not read, so that they are named and not counted among other files."""


IMAGE_HEADS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"II*\0", b"MM\0*", b"RIFF")
"""First bytes of the images that are read."""

MAX_LINK_BYTES = 256
"""Bytes of a file that may be a link saved as text, as Git does where links are not supported."""


HIDDEN = "hidden, or left by an operating system"

NO_IMAGE = "not an image"
"""Reason of files that seem to be no images at all."""


class Images(Mapping[str, Path]):
    """Image files by their keys; a path is made when it is asked for.

    Parameters
    ----------
    paths : dict of str to str
        Their paths below the root, by key.
    files : mapping of str to str
        Where the files lie, by these paths.
    """

    def __init__(self, paths: dict[str, str], files: Mapping[str, str]) -> None:
        self._paths, self._files = paths, files

    def __getitem__(self, key: str) -> Path:
        return Path(self._files[self._paths[key]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True)
class Listing:
    """The images below a folder.

    Attributes
    ----------
    images : mapping of str to Path
        The files by their keys, in the order of keys: paths without suffix, which files that would share one keep.
    unused : mapping of str to str
        Every other entry by its path, with the reason.
    """

    images: Mapping[str, Path]
    unused: Mapping[str, str]


def list_images(root: Path, patterns: Sequence[str] = ()) -> Listing:
    """List the images below a folder whose paths match one of the patterns."""
    return find_images(walk_tree(root), patterns)


def find_images(tree: Tree, patterns: Sequence[str] = ()) -> Listing:
    """List the images of a tree whose paths match one of the patterns."""
    unused = dict.fromkeys(sorted(tree.hidden), HIDDEN) | tree.left_out
    found: list[str] = []
    for path in tree.files:
        reason = why_unread(path, tree.files) or ("" if matches(path, patterns) else "not among the files asked for")
        if reason:
            unused[path] = reason
        else:
            found.append(path)
    return Listing(Images(make_keys(found), tree.files), unused)


def why_unread(path: str, files: Mapping[str, str] | None = None) -> str:
    """Return why a file is no image that is read; nothing where it is one.

    Parameters
    ----------
    path : str
        Its path below the root.
    files : mapping of str to str, optional
        Where the files lie, by their paths; one without a suffix is told by its first bytes.
    """
    name = path.rpartition("/")[2]
    suffix = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    if suffix in SUFFIXES:
        return ""
    if files is not None and "." not in name:
        return _why_unread_by_content(Path(files[path]))
    return f"{suffix} is not read; convert to PNG" if suffix in UNREAD_SUFFIXES else NO_IMAGE


def _why_unread_by_content(file: Path) -> str:
    """Tell what a file without a suffix is: an image, a link that was saved as text, or neither."""
    try:
        with storage.open_file(file) as opened:
            head = opened.read(MAX_LINK_BYTES)
    except OSError:
        return "a link that leads nowhere" if file.is_symlink() else "cannot be opened"
    if head.startswith(IMAGE_HEADS):
        return ""
    target = head.decode("utf-8", "replace").strip()
    if len(head) < MAX_LINK_BYTES and "/" in target and target.isprintable() and (file.parent / target).is_dir():
        return f"a link to {target} that was saved as text, and is not followed"
    return NO_IMAGE


def make_keys(paths: Sequence[str]) -> dict[str, str]:
    """Name files by their paths without suffix, in the order of names; those that would share a name keep theirs.

    >>> make_keys(["a.png", "b.jpg", "b.png"])
    {'a': 'a.png', 'b.jpg': 'b.jpg', 'b.png': 'b.png'}
    """
    keys = list(map(_without_suffix, paths))
    while len(set(keys)) < len(keys):  # again where a whole name is another's stem: a.png and a.png.png
        held = Counter(keys)
        keys = [key if held[key] == 1 else path for path, key in zip(paths, keys, strict=True)]
    return {keys[place]: paths[place] for place in sorted(range(len(keys)), key=keys.__getitem__)}


def _without_suffix(path: str) -> str:
    """Return a path without suffix, as `PurePath.with_suffix` does in thirty times the time.

    >>> [_without_suffix(path) for path in ("a.b/c", "a/b.tar.gz", "a/.b", "a/b.")]
    ['a.b/c', 'a/b.tar', 'a/.b', 'a/b.']
    """
    dot = path.rfind(".")
    return path[:dot] if path.rfind("/") + 1 < dot < len(path) - 1 else path


def summarize(unused: Mapping[str, str], shown: int = 4) -> list[str]:
    """Return a line for each reason, with the number of files and the first names."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in unused.items():
        by_reason.setdefault(reason, []).append(path)
    lines = []
    for reason, paths in by_reason.items():
        more = f" and {len(paths) - shown} more" if len(paths) > shown else ""
        lines.append(f"{len(paths)} file{'s' * (len(paths) > 1)} not used ({reason}): {', '.join(paths[:shown])}{more}")
    return lines
