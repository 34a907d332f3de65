"""Shards come back, pixel for pixel and with class names, through the libraries that train from them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from kmseg.errors import UserError
from kmseg.images import encode_png
from kmseg.palette import Palette
from kmseg.writers import Segmented
from kmseg.writers.parquet import Parquet
from kmseg.writers.shards import Shards
from kmseg.writers.webdataset import WebDataset
from tests.conftest import whole

PALETTE = Palette(["road", "car", "sky, blue"], [(128, 64, 128), (0, 0, 142), (70, 130, 180)])
KEYS = ["a.b/1", "a.b/2.5", "ü/" + "long" * 40, "z/4", "z/5"]


def mask_of(number: int) -> np.ndarray:
    mask = np.zeros((20, 30), np.uint8)
    mask[number : number + 5] = 1 + number % 2
    mask[-1] = 255
    return mask


def photo_of(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (20, 30, 3)).astype(np.uint8)


def notes_of(writer: Shards, folder: Path, photos: Path | None = None) -> list:
    """Write the images, of which the last has no photo; return the notes."""
    notes = []
    for number, key in enumerate(KEYS):
        file = (photos or folder.parent) / f"{number}.png"
        file.write_bytes(encode_png(photo_of(number)))
        photo = photo_of(number) if number < 4 else None
        image = Segmented(
            key, number, photo_of(0), mask_of(number), lambda p=photo: p, file, ["train", "val"][key > "b"]
        )
        notes.append(writer.write(image, PALETTE, folder))
    return notes


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def written(tmp_path):
    def write(writer: Shards) -> Path:
        folder = tmp_path / "run"
        files = writer.finish(notes_of(writer, folder), whole(PALETTE, folder))
        assert all(file.is_file() for file in files)
        return folder / writer.folder

    return write


def test_webdataset_reads_the_shards(written):
    wds = pytest.importorskip("webdataset")
    folder = written(WebDataset(shard_size=2))
    assert sorted(shards(folder)) == ["id2label.json", "train-000000.tar", "val-000000.tar", "val-000001.tar"]
    urls = [str(folder / name) for name in sorted(shards(folder)) if name.endswith(".tar")]
    samples = list(wds.WebDataset(urls, shardshuffle=False).decode("rgb8"))
    assert [sample["json"]["key"] for sample in samples] == KEYS
    for number, sample in enumerate(samples):
        assert np.array_equal(np.asarray(sample["cls.png"])[..., 0], mask_of(number))
        assert ("png" in sample) == (number < 4)
        assert number == 4 or np.array_equal(sample["png"], photo_of(number))
    assert samples[0]["json"]["classes"] == ["road", "car"]
    assert samples[1]["__key__"].endswith("a.b/2%2E5")
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("webdataset", data_files={"train": urls[0]}, cache_dir=str(folder / "cache"))
    assert np.array_equal(np.asarray(loaded["train"][1]["cls.png"]), mask_of(1))


def test_hugging_face_reads_the_shards_with_class_names(written, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = written(Parquet(shard_size=2))
    assert sorted(shards(folder))[1] == "train-00000-of-00001.parquet"
    loaded = datasets.load_dataset("parquet", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    rows = [*loaded["train"], *loaded["validation"]]
    assert [row["key"] for row in rows] == KEYS
    assert loaded["train"].features["classes"].feature.names == list(PALETTE.names)
    for number, row in enumerate(rows):
        assert np.array_equal(np.asarray(row["mask"]), mask_of(number))
        assert row["classes"] == [0, 1 + number % 2]
        assert row["image"] is None if number == 4 else np.array_equal(np.asarray(row["image"]), photo_of(number))
    assert json.loads((folder / "id2label.json").read_text())["2"] == "sky, blue"


@pytest.mark.parametrize("kind", [WebDataset, Parquet])
def test_a_run_that_is_killed_in_a_shard_resumes_to_the_same_bytes(kind, tmp_path, monkeypatch):
    writer = kind(shard_size=2)
    expected = tmp_path / "expected" / writer.folder
    writer.finish(notes_of(writer, expected.parent), whole(PALETTE, expected.parent))
    root = tmp_path / "run" / writer.folder
    notes = notes_of(writer, root.parent)
    joined, calls = kind.join, []

    def dying(self, parts, shard, palette):
        joined(self, parts, shard, palette)
        calls.append(shard)
        if len(calls) == 2:
            os.truncate(shard, 700)
            raise KeyboardInterrupt

    monkeypatch.setattr(kind, "join", dying)
    with pytest.raises(KeyboardInterrupt):
        writer.finish(notes, whole(PALETTE, root.parent))
    found = [path.name for path in root.iterdir() if path.is_file()]
    assert len(found) == 1  # the first shard, whole
    assert (root / found[0]).read_bytes() == (expected / found[0]).read_bytes()
    (root / f"train-000007{writer.suffix}").touch()  # of an earlier run with more images
    monkeypatch.undo()
    writer.finish(notes, whole(PALETTE, root.parent))
    assert shards(root) == shards(expected)


@pytest.mark.parametrize("kind", [WebDataset, Parquet])
def test_shards_in_a_bucket_are_those_on_a_disk(kind, s3, written, tmp_path):
    s3.upload(tmp_path, "shards", "")
    writer, folder = kind(shard_size=2), Path("s3://shards/run")
    writer.finish(notes_of(writer, folder, tmp_path), whole(PALETTE, folder))
    assert s3.files(f"s3://shards/run/{writer.folder}") == shards(written(writer))


def test_what_cannot_be_is_refused():
    with pytest.raises(UserError, match=r"writers\.webdataset\.shard_size is 0"):
        WebDataset(shard_size=0)
    with pytest.raises(UserError, match=r"writers\.parquet\.photos is 'link'"):
        Parquet(photos="link")
