"""Copies of archives in kmseg's home folder: made once, used by every process, removed when long unused."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kmseg.home import home

UNUSED_SECONDS = 30 * 24 * 3600
"""Age since the last use, in seconds, at which a copy is removed when another is made."""


def copies_folder() -> Path:
    """Return the folder of the copies, which may be deleted at any time."""
    return home() / "archives"


def make_once(key: str, suffix: str, make: Callable[[Path], None], announced: str) -> Path:
    """Return the file that `make` writes for a key, which is made once.

    Parameters
    ----------
    key : str
        Everything that decides the content.
    suffix : str
        Of the file.
    make : callable
        Writes to the path that it is given.
    announced : str
        The archive that a line on stderr names; empty for no line.
    """
    from filelock import FileLock

    folder = copies_folder()
    path = folder / f"{hashlib.blake2b(key.encode('utf-8', 'surrogateescape'), digest_size=16).hexdigest()}{suffix}"
    if path.exists():
        with suppress(OSError):  # a home that cannot be written
            os.utime(path)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):  # other processes wait for the one that makes it
        if path.exists():
            return path
        _remove_unused(folder)
        if announced:
            print(f"{announced}: unpacked or downloaded once, to {folder}", file=sys.stderr)
        part = path.with_name(f"{path.name}.part")
        try:
            make(part)
            part.replace(path)
        except BaseException as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)  # the error of a full disk has no file name
            raise
    return path


def _remove_unused(folder: Path) -> None:
    for path in folder.iterdir():
        try:
            if time.time() - path.stat().st_mtime > UNUSED_SECONDS:
                path.unlink()
        except OSError:  # another process was faster, or uses it
            continue
