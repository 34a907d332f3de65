"""Base of the writers of shards, files of many images each: file systems and training read few large files faster."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kmseg import storage
from kmseg.errors import UserError
from kmseg.files import read_bytes, replacing, write_bytes, write_json
from kmseg.images import encode_png
from kmseg.palette import Palette
from kmseg.validation import check_choice, check_integer
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout, splits_written, usual_suffix

PARTS = ".parts"
"""Folder of the images that are in no shard yet. It is removed when all shards are written: a run that is killed before
is resumed without reading an image again."""


@dataclass(frozen=True)
class Shards(Layout):
    """Options of every writer of shards.

    A worker writes each image to a file of its own; at the end of the run they are joined in the order of the data set,
    so that the shards are the same on every executor. An incremental run writes all images again.

    Parameters
    ----------
    shard_size : int
        Images of a shard at most.
    """

    shard_size: int = 1000

    folder: ClassVar[str] = ""
    suffix: ClassVar[str] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer(f"writers.{self.folder}.shard_size", self.shard_size, at_least=1)
        check_choice(f"writers.{self.folder}.photos", self.photos, ("copy", "png"))

    def write(self, image: Segmented, palette: Palette, folder: Path) -> list[str]:
        """Write photo, mask and description of one image into one file; return its split and its key."""
        split, key = self.assign_split(image), self.make_key(image)
        present = [int(k) for k in np.unique(image.mask) if k < len(palette)]
        height, width = image.mask.shape
        about = {"key": image.key, "width": width, "height": height, "classes": [palette.names[k] for k in present]}
        files = self._photo(image) | {
            "cls.png": encode_png(image.mask),
            "json": json.dumps(about, ensure_ascii=False).encode("utf-8", "backslashreplace"),
        }
        write_bytes(folder / self.folder / PARTS / split / f"{key}.tar", b"".join(_entries(key, files)))
        return [split, key]

    def _photo(self, image: Segmented) -> dict[str, bytes]:
        """Return the photo's file by its suffix, if there is a readable one."""
        photo = image.read_photo()
        if photo is None:
            return {}
        if self.photos == "png" or image.photo_file is None:
            return {"png": encode_png(photo)}
        return {usual_suffix(image.photo_file)[1:]: read_bytes(image.photo_file)}

    def finish(self, notes: Sequence[Sequence[str]], run: WholeRun) -> list[Path]:
        """Join the images to shards, each whole or absent; remove shards of an earlier run that are no longer there."""
        root = run.folder / self.folder
        written = []
        for split in splits_written([split for split, _ in notes]):
            keys = [key for part, key in notes if part == split]
            count = -(-len(keys) // self.shard_size)
            for number in range(count):
                some = keys[number * self.shard_size : (number + 1) * self.shard_size]
                shard = root / self.name_shard(split, number, count)
                with replacing(shard) as part:
                    self.join([root / PARTS / split / f"{key}.tar" for key in some], part, run.palette)
                written.append(shard)
        for stale in _files_of(root, self.suffix) - set(written):
            storage.remove(stale)
        names = {str(k): name for k, name in enumerate(run.palette.names)}
        written.append(write_json(root / "id2label.json", names))
        storage.remove_folder(root / PARTS)
        return written

    def name_shard(self, split: str, number: int, count: int) -> str:
        """Return the name of shard `number` of `count` of a split."""
        raise NotImplementedError

    def join(self, parts: Sequence[Path], shard: Path, palette: Palette) -> None:
        """Write a shard from the files of its images."""
        raise NotImplementedError


def _files_of(root: Path, suffix: str) -> set[Path]:
    """Return the files of a folder, without its sub-folders, whose names end so."""
    listed = storage.contents(root)
    if listed is None:
        return set(root.glob(f"*{suffix}"))
    return {root / name for name in listed.files if name.endswith(suffix) and "/" not in name}


def _entries(key: str, files: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the entries of a tar archive, without its end, so that several can be joined. All have one date."""
    folder, _, name = key.rpartition("/")
    # Readers of WebDataset take what stands before the first dot of a name for its key.
    start = f"{folder}/{name.replace('.', '%2E')}".lstrip("/")
    for suffix, data in files.items():
        entry = tarfile.TarInfo(f"{start}.{suffix}")
        entry.size = len(data)
        yield entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        yield data + bytes(-len(data) % tarfile.BLOCKSIZE)


def read_part(path: Path) -> dict[str, Any]:
    """Return the files that `Shards.write` wrote for an image, by the part of their names after the first dot."""
    data = part_bytes(path) + bytes(2 * tarfile.BLOCKSIZE)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {
            member.name.rpartition("/")[2].partition(".")[2]: data[member.offset_data :][: member.size]
            for member in archive
        }


def part_bytes(path: Path) -> bytes:
    """Return the bytes of an image's file; raise `UserError` if another program has removed it."""
    try:
        return storage.read_bytes(path)
    except FileNotFoundError:
        raise UserError(f"{path} was removed while the run was going on; run it again with resume=true") from None
