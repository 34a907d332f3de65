"""Files inside a tar archive: an index of offsets is made in one pass and kept in kmseg's home folder.

A packed archive (`.tar.gz`, ...) cannot be entered in the middle: it is unpacked once, as one file, beside the index.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tarfile
import zlib
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.storage.archives import Archive, SharedFile, clean_name, note_repeated, refuse_bomb
from kmseg.storage.copies import make_once

BLOCK = 512
"""Bytes of a block of a tar archive; a block of zeros ends it (POSIX.1-2001, pax)."""

PIECE_BYTES = 1 << 20

OPENERS = {"gz": gzip.open, "tgz": gzip.open, "bz2": bz2.open, "tbz2": bz2.open, "xz": lzma.open, "txz": lzma.open}
"""What unpacks an archive, by the end of its name."""


class TarArchive(Archive[list[int]]):
    """A tar archive, packed or not."""

    def __init__(self, path: Path, shown: str) -> None:
        status = path.stat()
        key = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
        opener = OPENERS.get(shown.lower().rpartition(".")[2])
        if opener is not None:
            plain = make_once(f"unpacked {key}", ".tar", lambda part: _unpack(path, opener, part, shown), shown)
        else:
            plain = path
        index = make_once(f"index {key}", ".json", lambda part: _write_index(plain, part, shown), "")
        read: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
        super().__init__(shown, read["files"], read["left_out"])
        self._file = SharedFile(plain)

    def size(self, name: str) -> int:
        """Return a file's size in bytes."""
        return self._entry(name)[1]

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        offset, size = self._entry(name)
        data = self._file.read_at(offset, size)
        if len(data) < size:
            raise OSError("cut short inside the archive; download or copy the archive again")
        return data

    def fingerprint(self, name: str) -> str | None:
        """Return None: tar has no checksum of contents."""
        return None


def _unpack(path: Path, opener: Any, part: Path, shown: str) -> None:
    """Unpack the whole archive as one plain tar file."""
    packed, unpacked = path.stat().st_size, 0
    try:
        with opener(path, "rb") as source, part.open("wb") as target:
            while piece := source.read(PIECE_BYTES):
                unpacked += len(piece)
                refuse_bomb(shown, packed, unpacked)
                target.write(piece)
    except EOFError:
        raise UserError(
            f"{shown} is cut short: it ends after {unpacked >> 20:,} MB unpacked; download or copy it again"
        ) from None
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, ValueError) as error:
        raise UserError(f"{shown} is damaged or not what its name says ({error}); download or copy it again") from None
    except OSError as error:
        if error.errno is None:  # of bz2: invalid data
            raise UserError(f"{shown} is damaged or not what its name says ({error}); download it again") from None
        raise


def _write_index(path: Path, part: Path, shown: str) -> None:
    """Write where each file of a plain tar archive lies: its offset and size in bytes."""
    files: dict[str, tuple[int, int]] = {}
    left_out: dict[str, str] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            while (member := archive.next()) is not None:
                name = clean_name(member.name, shown)
                if name in files:
                    note_repeated(name, left_out)
                if member.isreg() and not member.issparse():
                    files[name] = member.offset_data, member.size
                elif member.islnk() and (target := clean_name(member.linkname, shown)) in files:
                    files[name] = files[target]
                elif not member.isdir():
                    left_out[name] = "a link or a special file inside an archive, which is not followed"
                archive.members = []  # type: ignore[attr-defined]  # tarfile would keep all of them
            end = archive.offset
    except tarfile.ReadError as error:
        raise UserError(f"{shown} is cut short or no tar archive ({error}); download or copy it again") from None
    _refuse_cut(path, end, shown)
    part.write_text(json.dumps({"files": files, "left_out": left_out}), encoding="utf-8")


def _refuse_cut(path: Path, end: int, shown: str) -> None:
    """Refuse an archive without the block of zeros that ends it: it was cut between two files."""
    with path.open("rb") as file:
        file.seek(end)
        if file.read(BLOCK) != bytes(BLOCK):
            raise UserError(f"{shown} is cut short: the mark of its end is missing; download or copy it again")
