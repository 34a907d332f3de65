"""Atomic file writes, reading of whole files, and safe file names."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from kmseg import storage
from kmseg.errors import UserError
from kmseg.home import home as home

MAX_TEXT = 5_000_000
"""Maximum characters of a text file; enough for 65,535 classes, and a limit for device files."""

_NOTED: ContextVar[dict[Path, int] | None] = ContextVar("noted files", default=None)

_READ: ContextVar[dict[Path, bytes] | None] = ContextVar("files read", default=None)


@contextmanager
def noting_files() -> Iterator[dict[Path, int]]:
    """Yield a mapping that collects the path of every file written in the block, with its size in bytes."""
    noted: dict[Path, int] = {}
    before = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(before)


@contextmanager
def reading_once() -> Iterator[None]:
    """Cache file contents: in the block, `read_bytes` reads each file once."""
    before = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(before)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file."""
    known = _READ.get()
    if known is None:
        return storage.read_bytes(path)
    if path not in known:
        known[path] = storage.read_bytes(path)
    return known[path]


def fingerprint(path: Path) -> str | None:
    """Return a text that changes when a file's content does; None if the file cannot be read.

    Where the file lies says it for an entry of a zip archive (CRC-32) and an object of a bucket (ETag); of other files
    it is a digest of the content.
    """
    try:
        known = storage.known_fingerprint(path)
        # SHA-256 is faster than BLAKE2 on CPUs with SHA instructions.
        return known if known is not None else hashlib.sha256(read_bytes(path)).hexdigest()[:32]
    except OSError:
        return None


def file_state(path: Path) -> tuple[object, ...] | None:
    """Return what changes when a file is written again, without reading it; None if nothing tells it."""
    try:
        if storage.find_store(path) is not None:
            known = storage.known_fingerprint(path)
            return None if known is None else (str(path), known)
        status = path.stat()
    except OSError:
        return None
    return str(path), status.st_ctime_ns, status.st_mtime_ns, status.st_size


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file, beside `path` on a disk, which becomes `path` if the block succeeds."""
    with _replaced(path) as part:
        _with_folder(part, part.touch)
        yield part


def _replaced(path: Path) -> AbstractContextManager[Path]:
    return _replaced_by_part(path) if storage.find_bucket(path) is None else _uploaded(path)


@contextmanager
def _replaced_by_part(path: Path) -> Iterator[Path]:
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}.{threading.get_ident():x}.part")
    try:
        yield part
        size = part.stat().st_size
        part.replace(path)
        _note(path, size)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # the error of a full disk has no file name
        raise


@contextmanager
def _uploaded(path: Path) -> Iterator[Path]:
    """Yield a temporary file, which becomes the object at `path` of a bucket if the block succeeds."""
    found = storage.find_bucket(path)
    assert found is not None
    with tempfile.TemporaryDirectory(prefix="kmseg-") as folder:
        part = Path(folder) / "part"
        yield part
        found[0].upload(found[1], part)
        _note(path, part.stat().st_size)


def _note(path: Path, size: int) -> None:
    if (noted := _NOTED.get()) is not None:
        noted[path] = size


def _with_folder(path: Path, write: Callable[[], object]) -> None:
    """Write to `path`; create its folder only if the write fails, which saves a call for every other file."""
    try:
        write()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        write()


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left below `folder`."""
    for part in folder.rglob(".*.part"):
        owner = re.search(r"\.(\d+)\.[0-9a-f]+\.part$", part.name)
        if owner and not _is_alive(int(owner[1])):
            part.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    """Return whether another process with this id is alive; in containers ids repeat."""
    if sys.platform == "win32":  # os.kill would end the process there; a file too many is the smaller harm
        return process != os.getpid()
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path` atomically."""
    with _replaced(path) as part:
        _with_folder(part, lambda: _write_whole(part, data))
    return path


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file at once: to set up a buffer for it takes as long as to write a mask."""
    with path.open("wb", buffering=0) as file:
        left = memoryview(data)
        while left:  # a disk that becomes full takes a part before it refuses the rest
            left = left[file.write(left) :]


def write_text(path: Path, text: str) -> Path:
    r"""Write `text` as UTF-8 to `path` atomically; undecodable bytes of file names become `\udcff`."""
    with replacing(path) as part, part.open("wb") as file:
        file.write(text.encode("utf-8", "backslashreplace"))
        file.flush()
        os.fsync(file.fileno())  # only for these few files; too slow for masks
    return path


def write_json(path: Path, value: Mapping[str, Any]) -> Path:
    """Write one object as indented JSON, atomically."""
    return write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a table as CSV with a header, atomically; the rows are not held, since there may be one an image."""
    with replacing(path) as part, part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    return path


def read_text(path: Path, what: str) -> str:
    """Read a text file, UTF-8 or UTF-16 with its byte order mark; `what` names it in the error."""
    try:
        with storage.open_file(path) as file:
            encoding = "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            file.seek(0)
            with io.TextIOWrapper(file, encoding=encoding) as opened:
                text = opened.read(MAX_TEXT + 1)
    except FileNotFoundError:
        raise UserError(f"{what} {path} does not exist; give the path of an existing file") from None
    except UnicodeError:
        raise UserError(f"{what} {path} is not UTF-8 text; save it as UTF-8 (in Excel: CSV UTF-8)") from None
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror or error}") from None
    if len(text) > MAX_TEXT:
        raise UserError(f"{what} {path} has more than {MAX_TEXT:,} characters; give another file")
    return text


RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
"""Names that Windows reserves for devices."""


MAX_NAME_BYTES = 160
"""Bytes of a class's name in a file name: file systems take 255, with folder key and suffix."""


def safe_names(names: Sequence[str]) -> list[str]:
    """Turn class names into unique file names for any system, also case-insensitive ones.

    Anything but letters, digits, space and ``._-()&+,`` becomes ``_``; a duplicate gets its number as suffix.
    """
    taken: set[str] = set()
    safe = []
    for number, name in enumerate(names):
        cleaned = re.sub(r"[^\w ._()&+,-]", "_", name)[:80]
        cleaned = cleaned.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .") or "class"
        if cleaned.split(".")[0].casefold() in RESERVED:
            cleaned = f"_{cleaned}"
        while cleaned.casefold() in taken:
            cleaned = f"{cleaned}_{number}"
        taken.add(cleaned.casefold())
        safe.append(cleaned)
    return safe
