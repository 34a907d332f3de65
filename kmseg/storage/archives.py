"""Archives read in place: zip by its central directory, tar by an index of offsets."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from kmseg.errors import UserError
from kmseg.storage import Contents, Store

MAX_OPEN = 8
"""Archives that a process keeps open."""

MAX_RATIO, MIN_BOMB_BYTES = 200, 1 << 30
"""An archive is refused that unpacks to more than `MIN_BOMB_BYTES` and more than `MAX_RATIO` times its size. PNG and
JPEG shrink by a few percent, uncompressed BMP labels by 20 to 100 times; deflate reaches 1,032 (zlib's manual)."""

_OPEN: OrderedDict[str, tuple[tuple[int, int], Store]] = OrderedDict()
"""The open archives by their paths, with size and time of each when it was opened."""

_LOCK = threading.Lock()

E = TypeVar("E")
"""What an archive knows of a file."""


def open_archive(path: str, shown: str) -> Store | None:
    """Return an archive, opened once in this process and again when its file has changed; None if it is no file.

    This is called for every image and takes a few microseconds once the archive is open.

    Parameters
    ----------
    path : str
        The archive on this machine.
    shown : str
        How messages name it.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  # a path object for each image costs as much as the call
    except OSError:
        return None
    state = (status.st_size, status.st_mtime_ns)
    known = _OPEN.get(path)
    if known is not None and known[0] == state:
        return known[1]
    if not stat.S_ISREG(status.st_mode):
        return None
    with _LOCK:
        known = _OPEN.get(path)
        if known is not None and known[0] == state:
            return known[1]
        opened = _open(Path(path), shown)
        _OPEN[path] = state, opened
        while len(_OPEN) > MAX_OPEN:
            _OPEN.popitem(last=False)
        return opened


def _open(path: Path, shown: str) -> Store:
    if shown.lower().endswith(".zip"):
        from kmseg.storage.zip_archive import ZipArchive

        return ZipArchive(path, shown)
    from kmseg.storage.tar_archive import TarArchive

    return TarArchive(path, shown)


class SharedFile:
    """A file that any thread reads from any place.

    Parameters
    ----------
    path : Path
        The file, which is opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._lock = threading.Lock()

    def read_at(self, offset: int, size: int) -> bytes:
        """Return `size` bytes from `offset` on, fewer at the file's end."""
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, offset)
        with self._lock:  # on Windows
            self._file.seek(offset)
            return self._file.read(size)


class Archive(Generic[E]):
    """What every archive tells from its table of files; a `Store` once it has `size`, `read` and `fingerprint`.

    Parameters
    ----------
    shown : str
        How messages name the archive.
    entries : dict
        What is known of each file, by name.
    left_out : dict of str to str
        Entries that are not read, with the reason.
    """

    def __init__(self, shown: str, entries: dict[str, E], left_out: dict[str, str]) -> None:
        self._shown, self._entries, self._left_out = shown, entries, left_out

    @cached_property
    def _folders(self) -> set[str]:
        return folders_of(self._entries)

    def contents(self, below_folder: str, max_age: float) -> Contents:
        """List the files below a folder."""
        return below(Contents(tuple(self._entries), self._left_out), below_folder)

    def is_file(self, name: str) -> bool:
        """Return whether there is such a file."""
        return name in self._entries

    def is_folder(self, name: str) -> bool:
        """Return whether there are files below."""
        return name in self._folders

    def _entry(self, name: str) -> E:
        try:
            return self._entries[name]
        except KeyError:
            raise FileNotFoundError(f"not in {self._shown}") from None


def clean_name(name: str, shown: str) -> str:
    """Return the name of an entry without empty parts and dots; refuse one that leads out of the archive.

    Examples
    --------
    >>> clean_name("./train//a.png", "x.tar")
    'train/a.png'
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        raise UserError(
            f"{shown} names a file outside itself, {name[:80]!r}, and is not read\n"
            "pack it again with relative paths, from inside the folder of the images"
        )
    return "/".join(parts)


def note_repeated(name: str, left_out: dict[str, str]) -> None:
    """Note that an entry is not read since a later one has its name; programs that unpack write the later over it."""
    left_out[f"{name} (earlier entry)"] = "a later entry of the archive has the same name"


def refuse_bomb(shown: str, packed: int, unpacked: int) -> None:
    """Refuse an archive that unpacks to far more than images do; sizes in bytes."""
    if unpacked > max(MIN_BOMB_BYTES, MAX_RATIO * packed):
        raise UserError(
            f"{shown} unpacks to more than {unpacked >> 20:,} MB, {unpacked // max(packed, 1)} times its size, as no "
            "archive of images does\nif it is one, unpack it and give the folder"
        )


def folders_of(names: Iterable[str]) -> set[str]:
    """Return every folder that some files lie in; the root's name is empty."""
    found = {""}
    for name in names:
        folder = name.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def below(contents: Contents, folder: str) -> Contents:
    """Return the files below a folder, with their whole names."""
    if not folder:
        return contents
    start = f"{folder}/"
    return Contents(
        tuple(name for name in contents.files if name.startswith(start)),
        {name: reason for name, reason in contents.left_out.items() if name.startswith(start)},
    )
