"""Shards in Parquet, as Hugging Face stores data sets of images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from kmseg.errors import UserError
from kmseg.palette import Palette
from kmseg.writers.shards import Shards, read_part

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""The splits by the names that `datasets` knows."""

ROWS_PER_GROUP = 100
"""Images of a row group, the least that a reader loads; what `datasets` itself writes for images."""


@dataclass(frozen=True)
class Parquet(Shards):
    """`parquet/train-00000-of-00004.parquet`, ... for `load_dataset("parquet")` of the run's folder.

    Columns: `image` (the photo, or null), `mask` (gray PNG of palette rows, 255 (65535) = ignore), `classes` (which
    occur, as `ClassLabel` with their names) and `key`. `id2label.json` names the rows of the palette. See `Shards` for
    the settings. Needs `pip install 'kmseg[shards]'`.
    """

    folder: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"

    def __post_init__(self) -> None:
        super().__post_init__()
        if find_spec("pyarrow") is None:
            raise UserError("writers=[parquet] needs pyarrow; install it with: pip install 'kmseg[shards]'")

    def name_shard(self, split: str, number: int, count: int) -> str:
        """Return a name by which `datasets` knows the split and misses no shard."""
        return f"{SPLITS[split]}-{number:05d}-of-{count:05d}.parquet"

    def join(self, parts: Sequence[Path], shard: Path, palette: Palette) -> None:
        """Write the rows of the images, a group at a time."""
        import pyarrow as pa
        from pyarrow import parquet

        schema = _make_schema(pa, palette)
        with parquet.ParquetWriter(shard, schema, compression="none") as writer:  # the images are compressed
            for start in range(0, len(parts), ROWS_PER_GROUP):
                rows = [_make_row(part, palette) for part in parts[start : start + ROWS_PER_GROUP]]
                writer.write_table(pa.Table.from_pylist(rows, schema))


def _make_row(part: Path, palette: Palette) -> dict[str, Any]:
    files = read_part(part)
    about = json.loads(files.pop("json"))
    mask = files.pop("cls.png")
    photo = next(iter(files.items()), None)
    return {
        "image": None if photo is None else {"bytes": photo[1], "path": f"{about['key']}.{photo[0]}"},
        "mask": {"bytes": mask, "path": f"{about['key']}.png"},
        "classes": [palette.names.index(name) for name in about["classes"]],
        "key": about["key"],
    }


def _make_schema(pa: Any, palette: Palette) -> Any:
    """Return the columns, and in their metadata the features as `datasets` reads them."""
    image = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    classes = {"names": list(palette.names), "_type": "ClassLabel"}
    features = {
        "image": {"_type": "Image"},
        "mask": {"_type": "Image"},
        "classes": {"feature": classes, "_type": "List"},
        "key": {"dtype": "string", "_type": "Value"},
    }
    about = json.dumps({"info": {"features": features}})
    columns = {"image": image, "mask": image, "classes": pa.list_(pa.int64()), "key": pa.string()}
    return pa.schema(columns, metadata={"huggingface": about})
