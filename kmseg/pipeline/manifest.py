"""The manifest of a run's folder: what was done with which image, so that a later run need not do it again.

`manifest.jsonl` is JSON by the line: a head, then one record for each image, added when the image is done. The last
record of an image counts. A line that was cut off, as by a power failure, is none. The head has the colors that the
palette lacked when it was found, which are known since then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.pixel_match import MatchCounts
from kmseg.errors import UserError
from kmseg.files import read_bytes, write_text
from kmseg.palette import RGB
from kmseg.pipeline.tally import Tally

NAME = "manifest.jsonl"

VERSION = 2
"""Of the manifest's form."""


@dataclass(frozen=True)
class Record:
    """What was done with one image.

    Attributes
    ----------
    image : str
        Its key in the dataset.
    content, settings, palette : str
        Digests of its files, of the settings that decide what becomes of an image, and of the palette.
    files : mapping of str to int
        What was written for it, below the run's folder, with its size in bytes.
    seen : mapping
        Its tally, as JSON.
    complete : bool
        Whether `seen` has all that `Writer.finish` needs; else the image must be shown to the writers again.
    new_colors : mapping of str to int
        Pixels of the leading colors that the palette lacks, by hex.
    """

    image: str
    content: str
    settings: str
    palette: str
    files: Mapping[str, int]
    seen: Mapping[str, Any]
    complete: bool
    new_colors: Mapping[str, int] = field(default_factory=dict)

    def tally(self, position: int) -> Tally:
        """Return the tally of the image, whose place in the dataset is now `position`."""
        seen = dict(self.seen)
        notes = {name: [(position, note)] for name, note in seen.pop("notes").items()}
        failures, explained = tuple(seen.pop("failures")), {self.image: MatchCounts(**seen.pop("explained"))}
        counts = {name: _unpacked(value) for name, value in seen.items() if isinstance(value, list)}
        new_colors = {self.image: self.new_colors} if self.new_colors else {}
        return Tally(**{**seen, **counts}, failures=failures, explained=explained, new_colors=new_colors, notes=notes)


def make_record(image: str, marks: tuple[str, str, str], files: Mapping[str, int], tally: Tally) -> Record:
    """Record the tally of one image that could be read; `marks` are content, settings and palette."""
    notes = {name: note for name, [(_, note)] in tally.notes.items()}
    kept = {name: note for name, note in notes.items() if _is_json(note)}
    seen = {
        "images": tally.images,
        "masked": tally.masked,
        "evaluated": tally.evaluated,
        "failures": list(tally.failures),
        "explained": vars(tally.explained[image]),
        "notes": kept,
        "class_pixels": _packed(tally.class_pixels),
        "near_pixels": _packed(tally.near_pixels),
        "confusion": _packed(tally.confusion),
        "flat_pixels": _packed(tally.flat_pixels),
    }
    new_colors = tally.new_colors.get(image, {})
    return Record(
        image, *marks, dict(sorted(files.items())), seen, complete=len(kept) == len(notes), new_colors=new_colors
    )


class Manifest:
    """The manifest of one folder, read whole.

    Attributes
    ----------
    origin : str
        Digest of the settings by which the folder's palette was found.
    known : sequence of (r, g, b)
        Colors that were no news when the palette was found: it did without them.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.origin = ""
        self.known: tuple[RGB, ...] = ()
        self.records: dict[str, Record] = {}
        if self.path.exists():
            self._read()

    def begin(self, origin: str, records: Iterable[Record]) -> None:
        """Write the manifest anew with these records alone."""
        self.origin, self.records = origin, {record.image: record for record in records}
        lines = [self._head(), *map(_line, self.records.values())]
        write_text(self.path, "\n".join(lines) + "\n")

    def know(self, colors: Iterable[RGB]) -> None:
        """Note the colors that the palette lacks from the beginning."""
        self.known = tuple(colors)
        _, records = self.path.read_text(encoding="utf-8").split("\n", 1)
        write_text(self.path, f"{self._head()}\n{records}")

    def add(self, records: Iterable[Record]) -> None:
        """Add the records of images that are done."""
        with self.path.open("a", encoding="utf-8") as file:
            for record in records:
                file.write(_line(record) + "\n")

    def _head(self) -> str:
        return json.dumps({"manifest": VERSION, "origin": self.origin, "known": self.known})

    def _read(self) -> None:
        first, *lines = self.path.read_text(encoding="utf-8").split("\n")
        try:
            head = json.loads(first)
            if head["manifest"] != VERSION:
                raise ValueError(head["manifest"])
            self.origin = head["origin"]
            self.known = tuple((red, green, blue) for red, green, blue in head["known"])
            whole = lines[:-1]  # what follows the last line break was cut off
            self.records = {record.image: record for record in (Record(**json.loads(line)) for line in whole)}
        except (ValueError, TypeError, KeyError):
            raise UserError(
                f"{self.path} is not a manifest of this version of kmseg; remove it to have every image done anew"
            ) from None


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Fail if another run is at work in the folder."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / ".kmseg.lock", timeout=0):
            yield
    except Timeout:
        raise UserError(
            f"another run is at work in {folder}; wait for its end, or choose another folder with hydra.run.dir=FOLDER"
        ) from None


def digest(*texts: str) -> str:
    """Return a short digest of texts."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).hexdigest()


def digest_of_files(files: Mapping[str, Path]) -> str:
    """Return a digest of the content of some files by their roles; one that cannot be read has none."""
    return digest(*(f"{role} {_content(path)}" for role, path in files.items()))


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()[:32]  # which processors of today do themselves
    except OSError:
        return ""


def _line(record: Record) -> str:
    return json.dumps(vars(record), separators=(",", ":"))


def _packed(counts: NDArray[np.int64]) -> list[Any]:
    """Return shape, places and values of the counts that are not 0: a confusion of many classes is nearly empty."""
    places = np.flatnonzero(counts)
    return [list(counts.shape), places.tolist(), counts.ravel()[places].tolist()]


def _unpacked(packed: list[Any]) -> NDArray[np.int64]:
    shape, places, values = packed
    counts = np.zeros(int(np.prod(shape)), np.int64)
    counts[places] = values
    return counts.reshape(shape)


def _is_json(note: Any) -> bool:
    """Tell whether a note comes back from JSON as it was."""
    try:
        return bool(json.loads(json.dumps(note)) == note)
    except (TypeError, ValueError):
        return False
