"""Disk cache of color counts, addressed by content, so that the runs of a sweep read no image twice."""

from __future__ import annotations

import hashlib
import inspect
import io
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.files import home, write_bytes
from kmseg.validation import check_number, check_text

SUFFIX = ".counts"

SWEEP_LIMIT_MB = 1000
"""Default limit of the cache in a sweep, in megabytes."""

ABANDONED_SECONDS = 3600
"""Age in seconds after which a temporary file belongs to a killed process."""


@dataclass(frozen=True)
class ColorCache:
    """A cache of the color counts of images, one small file per image.

    A file's name is a digest of everything that decides the counts: the image's content, how it is read and counted,
    and kmseg's own code, so that an edit or upgrade never reads outdated counts. If a file is damaged or cannot be
    written, the image is counted again. Any number of processes may share a folder.

    Parameters
    ----------
    folder : str or None
        Folder of the cache; None is `colors` in kmseg's home folder. It may be deleted at any time.
    limit : float or None
        Size limit in megabytes; the least recently used files are removed. 0 turns the cache off. None is
        `SWEEP_LIMIT_MB` in the runs of a sweep and 0 in a single run, where writing the counts
        costs more than it saves.
    """

    folder: str | None = None
    limit: float | None = None

    def __post_init__(self) -> None:
        check_text("cache.folder", self.folder, optional=True)
        if self.limit is not None:
            check_number("cache.limit", self.limit, at_least=0)

    @property
    def root(self) -> Path:
        """The folder in use."""
        return Path(self.folder).expanduser().resolve() if self.folder else home() / "colors"

    def entry(self, fingerprint: str | None, how: str) -> CacheEntry | None:
        """Return the cache entry of the counts of an image with a fingerprint, computed `how`.

        None if the cache is off, or nothing tells whether the image has changed.
        """
        if not self.limit or fingerprint is None:
            return None
        digest = hashlib.blake2b(
            fingerprint.encode(), key=hashlib.sha256(f"{_code()} {how}".encode()).digest(), digest_size=20
        )
        name = digest.hexdigest()
        return CacheEntry(self.root / name[:2] / f"{name[2:]}{SUFFIX}")

    def trim(self) -> None:
        """Remove the least recently used files beyond the limit, and temporary files of killed processes."""
        now, limit = time.time(), 1e6 * (self.limit or 0)
        files = sorted(self._files(), key=lambda file: file[1].st_mtime, reverse=True)
        total = 0
        for path, known in files:
            total += known.st_size
            abandoned = path.suffix != SUFFIX and now - known.st_mtime > ABANDONED_SECONDS
            if abandoned or total > limit:
                with suppress(OSError):  # another user's file in a shared folder
                    path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.root.glob("??/*"):
            try:
                yield path, path.stat()
            except FileNotFoundError:  # another process was trimming too
                continue


@dataclass(frozen=True)
class CacheEntry:
    """The file of one image's counts."""

    path: Path

    def load(self) -> list[NDArray[Any]] | None:
        """Return the saved arrays; None if there are none or they are damaged."""
        try:
            stream = io.BytesIO(zlib.decompress(self.path.read_bytes()))
            (size,) = np.load(stream, allow_pickle=False)
            arrays = [_load(stream) for _ in range(size)]
            os.utime(self.path)
        except (OSError, ValueError, TypeError, EOFError, zlib.error):
            return None
        return arrays

    def save(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Save integer arrays; a disk error is ignored."""
        stream = io.BytesIO()
        np.save(stream, np.array([len(arrays)]))
        for array in arrays:
            np.save(stream, np.zeros(0, array.dtype))  # tells `load` the dtype, which `_narrow` may change
            np.save(stream, _narrow(array))
        try:
            write_bytes(self.path, zlib.compress(stream.getvalue(), level=1))
        except OSError:
            return


def _load(stream: io.BytesIO) -> NDArray[Any]:
    kind = np.load(stream, allow_pickle=False).dtype
    return np.asarray(np.load(stream, allow_pickle=False).astype(kind))


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Return non-negative integers in the smallest dtype that holds them; small counts then compress faster."""
    if array.dtype.kind not in "iu" or not array.size or array.min() < 0:
        return array
    return array.astype(np.min_scalar_type(array.max()))


def digest_source(part: object) -> str:
    """Return a digest of the file that a part's class is written in, for parts from outside the package."""
    try:
        return hashlib.sha256(Path(inspect.getfile(type(part))).read_bytes()).hexdigest()
    except (OSError, TypeError):  # defined in a notebook
        return ""


@cache
def _code() -> str:
    """Return a digest of kmseg's code and of the library that decodes images."""
    import cv2

    digest = hashlib.sha256(cv2.__version__.encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
