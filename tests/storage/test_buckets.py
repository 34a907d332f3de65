"""A data set in a bucket gives what its folder gives; what is wrong with a bucket is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmseg import storage
from kmseg.errors import UserError
from kmseg.storage import buckets
from tests.conftest import draw_label, write_rgb
from tests.storage.test_archives import pack


@pytest.fixture(autouse=True)
def no_bucket_is_open(monkeypatch):
    monkeypatch.setattr(buckets, "_OPEN", {})


def pngs(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}


def test_a_run_on_a_bucket_survives_an_outage_and_notices_a_change(s3, kmseg, labels, tmp_path):
    root = s3.upload(labels, "run", "set/labels")
    assert kmseg(f"dataset.root={labels}", "writers=[index_png]").code == 0
    (tmp_path / "run").rename(tmp_path / "of_folder")
    words = (f"dataset.root={root.removesuffix('/labels')}", "writers=[index_png]", "outputs=s3://run/out")
    s3.unreachable.add("/far/away/5.png")
    broken = kmseg(*words, "palette.file=" + str(tmp_path / "of_folder" / "palette.csv"), "dataset=folder")
    assert broken.code == 1
    assert f"{root}/far/away/5.png: the server or the network failed" in broken.err
    assert "resume=true" in broken.err
    s3.unreachable.clear()
    resumed = kmseg(*words, "resume=true")
    assert resumed.code == 0, resumed.err
    assert s3.files("s3://run/out/masks") == pngs(tmp_path / "of_folder" / "masks")
    write_rgb(labels / "3.png", draw_label(9))
    s3.upload(labels, "run", "set/labels")
    again = kmseg(*words, "incremental=true")
    assert again.code == 0, again.err
    assert [again.metrics[f"incremental/{name}"] for name in ("done", "unchanged")] == [1, 5]


def test_a_file_of_a_bucket_is_a_path(s3, labels, tmp_path):
    root = Path(s3.upload(labels, "paths", "labels"))
    assert storage.contents(root).files == ("0.png", "1.png", "2.png", "3.png", "4.png", "far/away/5.png")
    assert storage.read_bytes(root / "2.png") == (labels / "2.png").read_bytes()
    assert [storage.is_folder(path) for path in (root, root / "far", root / "2.png", root / "no")] == [1, 1, 0, 0]
    assert storage.known_fingerprint(root / "0.png") != storage.known_fingerprint(root / "1.png")
    packed = Path(s3.upload(pack(labels, tmp_path / "packed" / "set.zip").parent, "paths", "archives"))
    assert storage.read_bytes(packed / "set.zip/labels/2.png") == (labels / "2.png").read_bytes()
    with pytest.raises(FileNotFoundError, match="s3://paths/labels/no"):
        storage.read_bytes(root / "no.png")


def test_what_is_wrong_with_a_bucket_is_one_sentence(s3, monkeypatch):
    def said(address: str) -> str:
        with pytest.raises(UserError) as refused:
            storage.contents(Path(address))
        return str(refused.value)

    assert said("s3://nowhere/labels").startswith("s3://nowhere does not exist")
    monkeypatch.setattr("fsspec.filesystem", _raise(ImportError("Install gcsfs")))
    assert said("gs://bucket/labels").endswith("pip install 'kmseg[gcs]'")
    monkeypatch.undo()
    for name in s3.environment:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)
    monkeypatch.setattr("s3fs.S3FileSystem.cachable", False)
    assert "no credentials are found" in said("s3://private/labels")


def _raise(error: Exception):
    def fail(*_: object) -> None:
        raise error

    return fail
