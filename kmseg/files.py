"""Atomic file writes, safe file names, and kmseg's home folder."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from kmseg.errors import UserError

MAX_TEXT = 5_000_000
"""Maximum characters of a text file; enough for 65,535 classes, and a limit for device files."""

_NOTED: ContextVar[list[Path] | None] = ContextVar("noted files", default=None)

_READ: ContextVar[dict[Path, bytes] | None] = ContextVar("files read", default=None)


@contextmanager
def noting_files() -> Iterator[list[Path]]:
    """Yield a list that collects the path of every file written in the block."""
    noted: list[Path] = []
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
        return path.read_bytes()
    if path not in known:
        known[path] = path.read_bytes()
    return known[path]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path`, which is renamed to `path` if the block succeeds."""
    with _replaced_by_part(path) as part:
        _with_folder(part, part.touch)
        yield part


@contextmanager
def _replaced_by_part(path: Path) -> Iterator[Path]:
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}.{threading.get_ident():x}.part")
    try:
        yield part
        part.replace(path)
        if (noted := _NOTED.get()) is not None:
            noted.append(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # the error of a full disk has no file name
        raise


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
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path` atomically."""
    with _replaced_by_part(path) as part:
        _with_folder(part, lambda: part.write_bytes(data))
    return path


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
    """Write a table as CSV with a header, atomically."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return write_text(path, text.getvalue())


def read_text(path: Path, what: str) -> str:
    """Read a text file, UTF-8 or UTF-16 with its byte order mark; `what` names it in the error."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
        encoding = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        with path.open(encoding=encoding) as file:
            text = file.read(MAX_TEXT + 1)
    except FileNotFoundError:
        raise UserError(f"{what} {path} does not exist; give the path of an existing file") from None
    except UnicodeError:
        raise UserError(f"{what} {path} is not UTF-8 text; save it as UTF-8 (in Excel: CSV UTF-8)") from None
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror}") from None
    if len(text) > MAX_TEXT:
        raise UserError(f"{what} {path} has more than {MAX_TEXT:,} characters; give another file")
    return text


RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
"""Names that Windows reserves for devices."""


def safe_names(names: Sequence[str]) -> list[str]:
    """Turn class names into unique file names for any system, also case-insensitive ones.

    Anything but letters, digits, space and ``._-()&+,`` becomes ``_``; a duplicate gets its number as suffix.
    """
    taken: set[str] = set()
    safe = []
    for number, name in enumerate(names):
        cleaned = re.sub(r"[^\w ._()&+,-]", "_", name).strip(" .")[:80] or "class"
        if cleaned.split(".")[0].casefold() in RESERVED:
            cleaned = f"_{cleaned}"
        while cleaned.casefold() in taken:
            cleaned = f"{cleaned}_{number}"
        taken.add(cleaned.casefold())
        safe.append(cleaned)
    return safe


def home() -> Path:
    """Return the folder for tracking store, caches and sample data: KMSEG_HOME, else `~/.kmseg`."""
    return Path(os.environ.get("KMSEG_HOME") or "~/.kmseg").expanduser().resolve()
