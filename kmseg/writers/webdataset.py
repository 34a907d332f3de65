"""Shards for WebDataset: tar archives that are read from the first byte to the last."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kmseg.palette import Palette
from kmseg.writers.shards import Shards, part_bytes


@dataclass(frozen=True)
class WebDataset(Shards):
    """`webdataset/train-000000.tar`, ...: of each image `KEY.jpg` (the photo), `KEY.cls.png` (the mask), `KEY.json`.

    `wds.WebDataset("webdataset/train-{000000..000003}.tar")` and `load_dataset("webdataset", data_files=...)` read
    them. Masks are gray PNG of palette rows, 255 (65535) = ignore; `id2label.json` names the rows. A dot in a key is
    written `%2E`, since readers end a key at the first dot. See `Shards` for the settings.

    References
    ----------
    A. Aizman, G. Maltby, T. Breuel, "High performance I/O for large scale deep learning", IEEE Big Data 2019.
    """

    folder: ClassVar[str] = "webdataset"
    suffix: ClassVar[str] = ".tar"

    def name_shard(self, split: str, number: int, count: int) -> str:
        """Return a name with six digits, which readers expand from braces."""
        return f"{split}-{number:06d}.tar"

    def join(self, parts: Sequence[Path], shard: Path, palette: Palette) -> None:
        """Write the entries of the images one after the other, and the end of the archive."""
        with shard.open("wb") as file:
            for part in parts:
                file.write(part_bytes(part))
            file.write(bytes(2 * tarfile.BLOCKSIZE))
            file.write(bytes(-file.tell() % tarfile.RECORDSIZE))
