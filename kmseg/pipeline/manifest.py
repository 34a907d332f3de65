"""The manifest of a run's folder: what was done with each image, so that a later run can reuse it.

`manifest.jsonl` is JSON lines: a header, then one record per image, added when the image is done. The last record of an
image counts. An incomplete last line, as after a power failure, is ignored. The header lists the colors that the
palette lacked when it was found.
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
"""Version of the manifest's format."""


@dataclass(frozen=True)
class Record:
    """What was done with one image.

    Attributes
    ----------
    image : str
        Its key in the dataset.
    content, settings, palette : str
        Digests of its files, of the settings that decide its outputs, and of the palette.
    files : mapping of str to int
        Files written for it, relative to the run's folder, with their size in bytes.
    seen : mapping
        Its tally, as JSON.
    complete : bool
        Whether `seen` has all that `Writer.finish` needs; otherwise the image is written again.
    new_colors : mapping of str to int
        Pixels of the most frequent colors that the palette lacks, by hex.
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
        """Return the tally of the image, whose position in the dataset is now `position`."""
        seen = dict(self.seen)
        notes = {name: [(position, note)] for name, note in seen.pop("notes").items()}
        failures, explained = tuple(seen.pop("failures")), {self.image: MatchCounts(**seen.pop("explained"))}
        counts = {name: _unpacked(value) for name, value in seen.items() if isinstance(value, list)}
        new_colors = {self.image: self.new_colors} if self.new_colors else {}
        return Tally(**{**seen, **counts}, failures=failures, explained=explained, new_colors=new_colors, notes=notes)


def make_record(image: str, digests: tuple[str, str, str], files: Mapping[str, int], tally: Tally) -> Record:
    """Return the record of one image; `digests` are those of content, settings and palette."""
    notes = {name: note for name, [(_, note)] in tally.notes.items()}
    serializable = {name: note for name, note in notes.items() if _is_json(note)}
    seen = {
        "images": tally.images,
        "masked": tally.masked,
        "evaluated": tally.evaluated,
        "failures": list(tally.failures),
        "explained": vars(tally.explained[image]),
        "notes": serializable,
        "class_pixels": _packed(tally.class_pixels),
        "near_pixels": _packed(tally.near_pixels),
        "confusion": _packed(tally.confusion),
        "flat_pixels": _packed(tally.flat_pixels),
    }
    new_colors = tally.new_colors.get(image, {})
    return Record(
        image,
        *digests,
        dict(sorted(files.items())),
        seen,
        complete=len(serializable) == len(notes),
        new_colors=new_colors,
    )


class Manifest:
    """The manifest of one folder, in memory.

    Attributes
    ----------
    origin : str
        Digest of the settings with which the folder's palette was found.
    known : sequence of (r, g, b)
        Colors that the palette already lacked when it was found.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.origin = ""
        self.known: tuple[RGB, ...] = ()
        self.records: dict[str, Record] = {}
        if self.path.exists():
            self._read()

    def begin(self, origin: str, records: Iterable[Record]) -> None:
        """Rewrite the manifest with these records only."""
        self.origin, self.records = origin, {record.image: record for record in records}
        lines = [self._header(), *map(_line, self.records.values())]
        write_text(self.path, "\n".join(lines) + "\n")

    def set_known(self, colors: Iterable[RGB]) -> None:
        """Record the colors that the palette lacked when it was found."""
        self.known = tuple(colors)
        _, records = self.path.read_text(encoding="utf-8").split("\n", 1)
        write_text(self.path, f"{self._header()}\n{records}")

    def add(self, records: Iterable[Record]) -> None:
        """Add the records of images that are done."""
        with self.path.open("a", encoding="utf-8") as file:
            for record in records:
                file.write(_line(record) + "\n")

    def _header(self) -> str:
        return json.dumps({"manifest": VERSION, "origin": self.origin, "known": self.known})

    def _read(self) -> None:
        first, *lines = self.path.read_text(encoding="utf-8").split("\n")
        try:
            head = json.loads(first)
            if head["manifest"] != VERSION:
                raise ValueError(head["manifest"])
            self.origin = head["origin"]
            self.known = tuple((red, green, blue) for red, green, blue in head["known"])
            complete = lines[:-1]  # text after the last line break is an incomplete record
            self.records = {record.image: record for record in (Record(**json.loads(line)) for line in complete)}
        except (ValueError, TypeError, KeyError):
            raise UserError(
                f"{self.path} is not a manifest of this version of kmseg; remove it to process every image again"
            ) from None


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Raise if another run uses the folder."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / ".kmseg.lock", timeout=0):
            yield
    except Timeout:
        raise UserError(
            f"another run uses {folder}; wait until it ends, or choose another folder with hydra.run.dir=FOLDER"
        ) from None


def digest(*texts: str) -> str:
    """Return a short digest of texts."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).hexdigest()


def digest_of_files(files: Mapping[str, Path]) -> str:
    """Return a digest of the content of some files by their roles; one that cannot be read has none."""
    contents = {path: _content(path) for path in set(files.values())}  # a pair is label and photo
    return digest(*(f"{role} {contents[path]}" for role, path in files.items()))


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()[:32]  # faster than BLAKE2 on CPUs with SHA instructions
    except OSError:
        return ""


def _line(record: Record) -> str:
    return json.dumps(vars(record), separators=(",", ":"))


def _packed(counts: NDArray[np.int64]) -> list[Any]:
    """Return shape, positions and values of the nonzero counts; a confusion matrix of many classes is sparse."""
    places = np.flatnonzero(counts)
    return [list(counts.shape), places.tolist(), counts.ravel()[places].tolist()]


def _unpacked(packed: list[Any]) -> NDArray[np.int64]:
    shape, places, values = packed
    counts = np.zeros(int(np.prod(shape)), np.int64)
    counts[places] = values
    return counts.reshape(shape)


def _is_json(note: Any) -> bool:
    """Return whether a note survives a round trip through JSON."""
    try:
        return bool(json.loads(json.dumps(note)) == note)
    except (TypeError, ValueError):
        return False
