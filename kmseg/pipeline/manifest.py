"""The manifest of a run's folder: what was done with each image, so that a later run can reuse it.

`manifest.sqlite` is an SQLite database, readable by `sqlite3` and pandas. Its tables:

- `run(name, value)`: `origin`, the digest of the settings with which the palette was found, and `known`, the colors
  that the palette lacked then, as JSON.
- `images(image, content, settings, palette, files, tally, complete)`: one row per image that is done, see `Record`.

It has a rollback journal, not a write-ahead log: one file that can also be read on a network disk, on a read-only one,
and while a run writes. A run that is killed loses the records of its last second; their images are masked again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.pixel_match import MatchCounts
from kmseg.errors import UserError
from kmseg.files import fingerprint
from kmseg.palette import RGB
from kmseg.pipeline.tally import Tally

NAME = "manifest.sqlite"

JOURNAL = f"{NAME}-journal"
"""SQLite's rollback journal; it exists while a transaction is open, and after a kill until the next run."""

VERSION = 3
"""Version of the tables, SQLite's `user_version`."""

JSON_NAME = "manifest.jsonl"
"""The manifest of version 2, JSON lines: a header, then one record per image; it is converted once."""

MANIFESTS = (NAME, JSON_NAME)
"""The names of a manifest in every version."""

COMMIT_SECONDS = 1.0
"""Seconds of records in one transaction. A commit waits for the disk: 14 ms on a local one, more on a network disk."""

MATCH_COUNTS = tuple(field.name for field in fields(MatchCounts))

ROWS = 500
"""Rows per query: SQLite before 3.32 allows 999 parameters."""

KEY = "CAST(? AS TEXT)"
"""Parameter for an image's key as bytes: a file name need not be UTF-8, which sqlite3 asks of a string."""

TABLES = """
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE images (
    image TEXT PRIMARY KEY, content TEXT NOT NULL, settings TEXT NOT NULL, palette TEXT NOT NULL,
    files TEXT NOT NULL, tally TEXT NOT NULL, complete INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
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
    tally : str
        Its tally, as JSON.
    complete : bool
        Whether `tally` has all that `Writer.finish` needs; otherwise the image is written again.
    """

    image: str
    content: str
    settings: str
    palette: str
    files: Mapping[str, int]
    tally: str
    complete: bool

    def tally_at(self, position: int) -> Tally:
        """Return the tally of the image, whose position in the dataset is now `position`."""
        seen = json.loads(self.tally)
        notes = {name: [(position, note)] for name, note in seen.pop("notes").items()}
        failures, explained = tuple(seen.pop("failures")), {self.image: MatchCounts(**seen.pop("explained"))}
        new_colors = {self.image: colors} if (colors := seen.pop("new_colors")) else {}
        counts = {name: _unpacked(value) for name, value in seen.items() if isinstance(value, list)}
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
        "explained": {name: getattr(tally.explained[image], name) for name in MATCH_COUNTS},
        "new_colors": tally.new_colors.get(image, {}),
        "notes": serializable,
        "class_pixels": _packed(tally.class_pixels),
        "near_pixels": _packed(tally.near_pixels),
        "confusion": _packed(tally.confusion),
        "flat_pixels": _packed(tally.flat_pixels),
    }
    return Record(image, *digests, dict(sorted(files.items())), _json(seen), complete=len(serializable) == len(notes))


class Manifest:
    """The manifest of one folder; records stay on the disk until they are asked for.

    Attributes
    ----------
    origin : str
        Digest of the settings with which the folder's palette was found; empty if there is no manifest.
    known : sequence of (r, g, b)
        Colors that the palette already lacked when it was found.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.origin = ""
        self.known: tuple[RGB, ...] = ()
        if (old := folder / JSON_NAME).exists() and not self.path.exists():
            self._convert(old)
        elif self.path.exists():
            with self._opened() as database:
                self._read(database)

    def begin(self, origin: str, forget: Iterable[str]) -> None:
        """Start a run: store its `origin` and remove the records of the images to `forget`."""
        self.origin = origin
        with self._opened() as database:
            database.executemany(f"DELETE FROM images WHERE image = {KEY}", ((_key(image),) for image in forget))
            self._write_run(database)

    def set_known(self, colors: Iterable[RGB]) -> None:
        """Record the colors that the palette lacked when it was found."""
        self.known = tuple(colors)
        with self._opened() as database:
            self._write_run(database)

    @contextmanager
    def recording(self) -> Iterator[Callable[[Iterable[Record]], None]]:
        """Yield a function that adds the records of images that are done; on leaving, all are on the disk."""
        with self._opened() as database:
            committed = time.monotonic()

            def add(records: Iterable[Record]) -> None:
                nonlocal committed
                with self._named_errors():
                    _insert(database, records)
                    if time.monotonic() - committed > COMMIT_SECONDS:
                        database.commit()
                        committed = time.monotonic()

            yield add

    def images(self) -> list[str]:
        """Return the keys of all images that have a record."""
        if not self.path.exists():
            return []
        with self._opened() as database:
            return [image for (image,) in database.execute("SELECT image FROM images")]

    def records(self, images: Iterable[str]) -> Iterator[Record]:
        """Yield the records of some images, of those that have one, in any order."""
        if not self.path.exists():
            return
        with self._opened() as database:
            keys = iter(images)
            while some := list(islice(keys, ROWS)):
                query = f"SELECT * FROM images WHERE image IN ({','.join([KEY] * len(some))})"
                for image, content, settings, palette, files, tally, complete in database.execute(
                    query, [_key(image) for image in some]
                ):
                    yield Record(image, content, settings, palette, json.loads(files), tally, bool(complete))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Open the database, with its tables; commit at the end, also if the block is interrupted."""
        with self._named_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path)) as database:
                database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
                [version] = database.execute("PRAGMA user_version").fetchone()
                if not version and not database.execute("SELECT name FROM sqlite_master").fetchone():
                    database.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
                elif version != VERSION:
                    raise self._refused(self.path)
                try:
                    yield database
                finally:
                    database.commit()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Raise what SQLite reports as an error that names the file."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise OSError(errno.ENOSPC, "No space left on device", str(self.path)) from None
            if not isinstance(error, sqlite3.OperationalError):
                raise self._refused(self.path) from None
            raise OSError(errno.EIO, f"the manifest cannot be used ({error})", str(self.path)) from None

    def _read(self, database: sqlite3.Connection) -> None:
        values = dict(database.execute("SELECT name, value FROM run"))
        self.origin = values.get("origin", "")
        self.known = tuple((red, green, blue) for red, green, blue in json.loads(values.get("known", "[]")))

    def _write_run(self, database: sqlite3.Connection) -> None:
        rows = {"origin": self.origin, "known": _json(self.known)}
        database.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", rows.items())

    def _convert(self, old: Path) -> None:
        """Read the JSON manifest of version 2 into a new database, then remove it."""
        try:
            with old.open(encoding="utf-8") as lines:
                head = json.loads(next(lines))
                if head["manifest"] != 2:
                    raise ValueError(head["manifest"])
                self.origin = head["origin"]
                self.known = tuple((red, green, blue) for red, green, blue in head["known"])
                with self._opened() as database:
                    # Text after the last line break is an incomplete record.
                    _insert(database, (_old_record(json.loads(line)) for line in lines if line.endswith("\n")))
                    self._write_run(database)
        except (ValueError, TypeError, KeyError, StopIteration):
            self.path.unlink(missing_ok=True)
            raise self._refused(old) from None
        old.unlink()

    @staticmethod
    def _refused(path: Path) -> UserError:
        return UserError(f"{path} is not a manifest of this version of kmseg; remove it to process every image again")


def remove_manifest(folder: Path) -> None:
    """Remove the manifest of a folder, in whatever version."""
    for name in (JSON_NAME, JOURNAL, NAME):
        (folder / name).unlink(missing_ok=True)


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
    return digest(*(f"{role} {fingerprint(path)}" for role, path in files.items()))


def _insert(database: sqlite3.Connection, records: Iterable[Record]) -> None:
    rows = (
        (_key(done.image), done.content, done.settings, done.palette, _json(done.files), done.tally, done.complete)
        for done in records
    )
    database.executemany(f"INSERT OR REPLACE INTO images VALUES ({KEY}, ?, ?, ?, ?, ?, ?)", rows)


def _key(image: str) -> bytes:
    """Return a key as the bytes that the file system has for it."""
    return image.encode("utf-8", "surrogateescape")


def _old_record(fields: dict[str, Any]) -> Record:
    tally = {**fields.pop("seen"), "new_colors": fields.pop("new_colors", {})}
    return Record(**fields, tally=_json(tally))


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


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
