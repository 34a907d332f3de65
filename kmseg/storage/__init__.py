"""Files wherever they lie: in folders, inside archives, in buckets. The address of a file is always a `pathlib.Path`.

| address | file |
|---|---|
| `labels/a.png` | on a disk |
| `labels.zip/train/a.png` | inside an archive; `labels.zip!/train/a.png` is the same |
| `s3:/bucket/train/a.png` | an object of a bucket; pathlib drops one slash of `s3://`, and messages put it back |
| `https:/host/labels.zip/a.png` | inside an archive that is downloaded once |

A path is data: it may be sent to any process, which opens the archive or the bucket itself, once. For files on a disk
the functions do what pathlib does.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from kmseg.errors import with_slashes

if TYPE_CHECKING:
    from kmseg.storage.buckets import Bucket

UNREAD_ARCHIVES = (".7z", ".rar", ".tar.zst", ".tar.lz4", ".gz", ".bz2", ".xz", ".zst")
"""Endings of packed files that are not read, so that messages can say so."""

SCHEMES = {"s3": "s3", "gs": "gcs", "az": "azure"}
"""Buckets by the beginning of their addresses, with the extra of kmseg that brings the client."""

_IN_ARCHIVE = r"\.(?:zip|tar|tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz)!?(?:/|$)"

_ELSEWHERE = re.compile(rf"^(?:s3|gs|az|https?):/|{_IN_ARCHIVE}", re.IGNORECASE)
"""What the address of a file that is not on a disk contains."""

_ARCHIVE_END = re.compile(_IN_ARCHIVE, re.IGNORECASE)

_SCHEME = re.compile(r"^(s3|gs|az|https?):/+", re.IGNORECASE)


@dataclass(frozen=True)
class Contents:
    """The files of an archive or below a place of a bucket.

    Attributes
    ----------
    files : sequence of str
        Their names, with `/`.
    left_out : mapping of str to str
        Entries that are no files, with the reason.
    """

    files: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """What an archive or a bucket must provide; names are below its root, with `/`, and the root's is empty.

    Errors are those of files: `FileNotFoundError`, `PermissionError`, `OSError` for what is wrong with one file, and
    `UserError` for what is wrong with all, such as a bucket that does not exist.
    """

    def contents(self, below: str, max_age: float) -> Contents:
        """List the files below a folder, with their whole names, as they were at most `max_age` seconds ago."""

    def is_file(self, name: str) -> bool:
        """Return whether there is such a file."""

    def is_folder(self, name: str) -> bool:
        """Return whether there are files below."""

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""

    def fingerprint(self, name: str) -> str | None:
        """Return a text that changes when the file does, without reading it; None if there is none."""


def find_store(path: Path, as_folder: bool = False) -> tuple[Store, str] | None:
    """Return the archive or bucket that holds a file, and its name there; None for what lies on a disk.

    An archive is itself a file on a disk; `as_folder` returns it with an empty name.
    """
    text = path.as_posix()
    if _ELSEWHERE.search(text) is None:
        return None
    from kmseg.storage.archives import open_archive

    scheme = _SCHEME.match(text)
    for end in _ARCHIVE_END.finditer(text):
        if end.end() == len(text) and not as_folder:
            continue
        archive = text[: end.end()].rstrip("/").removesuffix("!")
        local = archive
        if scheme is not None:
            from kmseg.storage.download import local_copy

            local = str(local_copy(with_slashes(archive)))
        if (opened := open_archive(local, archive)) is not None:
            return opened, text[end.end() :]
    return find_bucket(path)


def find_bucket(path: Path) -> tuple[Bucket, str] | None:
    """Return the bucket that a path leads to, and the name there; None for disks and archives."""
    scheme = _SCHEME.match(text := path.as_posix())
    if scheme is None or scheme[1].lower() not in SCHEMES:
        return None
    from kmseg.storage.buckets import open_bucket

    bucket, _, name = text[scheme.end() :].partition("/")
    return open_bucket(scheme[1].lower(), bucket), name


def is_elsewhere(path: Path) -> bool:
    """Return whether a path leads into an archive or a bucket; an archive is a folder."""
    return find_store(path, as_folder=True) is not None


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; an archive is one."""
    found = find_store(path, as_folder=True)
    return path.is_dir() if found is None else found[0].is_folder(found[1])


def is_file(path: Path) -> bool:
    """Return whether a path is a file."""
    found = find_store(path)
    return path.is_file() if found is None else found[0].is_file(found[1])


def size(path: Path) -> int:
    """Return the size of a file in bytes."""
    found = find_store(path)
    return path.stat().st_size if found is None else found[0].size(found[1])


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file."""
    found = find_store(path)
    return path.read_bytes() if found is None else found[0].read(found[1])


def contents(folder: Path, max_age: float = 0.0) -> Contents | None:
    """List the files of an archive or bucket by their names below a folder; None for a folder on a disk.

    The listing of a bucket may be `max_age` seconds old.
    """
    found = find_store(folder, as_folder=True)
    if found is None:
        return None
    store, name = found
    listed, start = store.contents(name.rstrip("/"), max_age), len(f"{name.rstrip('/')}/".lstrip("/"))
    left_out = {path[start:]: reason for path, reason in listed.left_out.items()}
    return Contents(tuple(path[start:] for path in listed.files), left_out)


def known_fingerprint(path: Path) -> str | None:
    """Return what tells a file's content without reading it: CRC-32 of a zip entry, ETag of an object; else None."""
    found = find_store(path)
    return None if found is None else found[0].fingerprint(found[1])


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    found = find_bucket(path)
    if found is None:
        path.unlink(missing_ok=True)
    else:
        found[0].remove(found[1])


def remove_folder(path: Path) -> None:
    """Remove a folder with all its files, if it is there."""
    found = find_bucket(path)
    if found is None:
        shutil.rmtree(path, ignore_errors=True)
    else:
        found[0].remove_folder(found[1])


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading; what is not on a disk is read at once."""
    found = find_store(path)
    return path.open("rb") if found is None else io.BytesIO(found[0].read(found[1]))
