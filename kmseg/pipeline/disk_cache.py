"""What was counted of each image, kept by content: the runs of a sweep read no image twice."""

from __future__ import annotations

import hashlib
import inspect
import io
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.files import home, read_bytes, write_bytes
from kmseg.validation import check_number, check_text

SUFFIX = ".counts"

IN_A_SWEEP = 1000
"""Megabytes that the runs of a sweep keep, if nothing else is said."""

ABANDONED = 3600
"""Seconds after which a half-written file is of a process that was killed."""


@dataclass(frozen=True)
class ColorCache:
    """Counts of images, a small file each.

    A file's name is made from all that decides the counts: the image's bytes, what the caller says of how they are
    read and counted, and kmseg's own code, so that no edit or upgrade meets counts of another making. A file that is
    damaged, gone or cannot be written costs the time of counting anew and nothing else. Any number of processes may
    share a folder.

    Parameters
    ----------
    folder : str or None
        Where the counts are kept; None is `colors` in kmseg's home folder. It may be deleted at any time.
    limit : float or None
        Megabytes. Past it, what was used longest ago is removed; 0 keeps nothing. None keeps `IN_A_SWEEP` in the runs
        of a sweep, and nothing in a single run: to keep an image's counts costs more than to count it.
    """

    folder: str | None = None
    limit: float | None = None

    def __post_init__(self) -> None:
        check_text("cache.folder", self.folder, optional=True)
        if self.limit is not None:
            check_number("cache.limit", self.limit, at_least=0)

    @property
    def place(self) -> Path:
        """The folder in use."""
        return Path(self.folder).expanduser().resolve() if self.folder else home() / "colors"

    def entry(self, image: Path, how: str) -> Entry | None:
        """Return the place of an image's counts, made `how`; None where there is none, since nothing is kept."""
        if not self.limit:
            return None
        try:
            content = read_bytes(image)
        except OSError:
            return None
        digest = hashlib.blake2b(content, key=hashlib.sha256(f"{_code()} {how}".encode()).digest(), digest_size=20)
        name = digest.hexdigest()
        return Entry(self.place / name[:2] / f"{name[2:]}{SUFFIX}")

    def trim(self) -> None:
        """Remove what was used longest ago past the limit, and what killed processes left half-written."""
        now, most = time.time(), 1e6 * (self.limit or 0)
        held = sorted(self._files(), key=lambda file: file[1].st_mtime, reverse=True)
        total = 0
        for path, known in held:
            total += known.st_size
            half = path.suffix != SUFFIX and now - known.st_mtime > ABANDONED
            if half or total > most:
                Path(path).unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.place.glob("??/*"):
            try:
                yield path, path.stat()
            except FileNotFoundError:  # another process was trimming too
                continue


@dataclass(frozen=True)
class Entry:
    """The file of one image's counts."""

    path: Path

    def load(self) -> list[NDArray[Any]] | None:
        """Return the arrays that were saved; None where there are none that are whole."""
        try:
            stream = io.BytesIO(zlib.decompress(self.path.read_bytes()))
            (size,) = np.load(stream, allow_pickle=False)
            arrays = [_load(stream) for _ in range(size)]
            os.utime(self.path)
        except (OSError, ValueError, TypeError, EOFError, zlib.error):
            return None
        return arrays

    def save(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Keep arrays of whole numbers, unless the disk refuses."""
        stream = io.BytesIO()
        np.save(stream, np.array([len(arrays)]))
        for array in arrays:
            np.save(stream, np.zeros(0, array.dtype))
            np.save(stream, _narrow(array))
        try:
            write_bytes(self.path, zlib.compress(stream.getvalue(), level=1))
        except OSError:
            return


def _load(stream: io.BytesIO) -> NDArray[Any]:
    kind = np.load(stream, allow_pickle=False).dtype
    return np.asarray(np.load(stream, allow_pickle=False).astype(kind))


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the fewest bytes that hold them: most counts are small, and compress faster so."""
    if not array.size or array.min() < 0:
        return array
    return array.astype(np.min_scalar_type(array.max()))


def digest_source(part: object) -> str:
    """Return a digest of the file that a part's class is written in, for parts from outside the package."""
    try:
        return hashlib.sha256(Path(inspect.getfile(type(part))).read_bytes()).hexdigest()
    except (OSError, TypeError):  # made in a notebook
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
