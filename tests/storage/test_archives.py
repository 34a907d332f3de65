"""A data set in an archive gives what its folder gives; an archive that cannot be trusted is refused in a sentence."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from kmseg import storage
from kmseg.datasets import existing_folder
from kmseg.datasets.tree import walk_tree
from kmseg.errors import UserError, with_slashes
from kmseg.files import fingerprint, read_text
from kmseg.storage.download import local_copy
from tests.conftest import draw_label, write_rgb

FORMATS = {"zip": "zip", "tar": "tar", "tar.gz": "gztar", "tar.xz": "xztar"}


def pack(folder: Path, path: Path) -> Path:
    """Pack a folder with its name into an archive; what kind tells its suffix."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    path.parent.mkdir(exist_ok=True)
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
    else:
        kind = path.name.rpartition(".")[2]
        with tarfile.open(path, "w" if kind == "tar" else f"w:{kind}") as archive:  # type: ignore[call-overload]
            for file in files:
                archive.add(file, f"./{folder.name}/{file.relative_to(folder)}")
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_archive_is_a_folder(labels, tmp_path, suffix):
    archive = pack(labels, tmp_path / f"set.{suffix}")
    inside = Path(f"{archive}!/labels")
    with pytest.raises(UserError, match="expected a folder, an archive"):
        existing_folder("dataset.root", "gcs://bucket/labels")
    assert walk_tree(inside).files.keys() == walk_tree(labels).files.keys()
    for name, file in walk_tree(archive / "labels").files.items():
        assert storage.read_bytes(Path(file)) == (labels / name).read_bytes()
        assert storage.size(Path(file)) == (labels / name).stat().st_size
    assert storage.is_folder(archive)
    assert storage.is_folder(inside / "far")
    assert not storage.is_folder(inside / "nowhere")
    with pytest.raises(UserError, match="does not exist"):
        read_text(inside / "legend.csv", "the legend")


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_a_changed_archive_is_read_anew_and_only_the_changed_file_has_another_fingerprint(labels, tmp_path, suffix):
    archive = tmp_path / f"set.{suffix}"

    def all_fingerprints() -> dict[str, str | None]:
        pack(labels, archive)
        os.utime(archive, ns=(len(list(tmp_path.iterdir())),) * 2)
        return {name: fingerprint(Path(file)) for name, file in walk_tree(archive).files.items()}

    before = all_fingerprints()
    write_rgb(labels / "3.png", draw_label(9))
    (tmp_path / "another").touch()
    after = all_fingerprints()
    assert [name for name in before if before[name] != after[name]] == ["labels/3.png"]
    assert None not in after.values()


def test_system_files_are_left_out_and_links_and_repeated_names_are_told(tmp_path):
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("a/1.png", "a/.hidden.png", "__MACOSX/1.png", "./a/1.png"):
            archive.addfile(tarfile.TarInfo(name))
        link = tarfile.TarInfo("a/2.png")
        link.type, link.linkname = tarfile.SYMTYPE, "1.png"
        archive.addfile(link)
        same = tarfile.TarInfo("a/3.png")
        same.type, same.linkname = tarfile.LNKTYPE, "a/1.png"
        archive.addfile(same)
    tree = walk_tree(path)
    assert list(tree.files) == ["a/1.png", "a/3.png"]
    assert "link" in tree.left_out["a/2.png"]
    assert "same name" in tree.left_out["a/1.png (earlier entry)"]


def zip_of(path: Path, *names: str, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in names:
            archive.writestr(name, b"image" * 100)
    return path


def encrypted(path: Path) -> None:
    data = bytearray(zip_of(path, "a.png").read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)


def overlapping(path: Path) -> None:
    data = bytearray(zip_of(path, "a.png", "b.png").read_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    data[second + 42 : second + 46] = struct.pack("<I", 4)  # the second entry begins within the first
    path.write_bytes(data)


def bomb(path: Path) -> None:
    data = bytearray(zip_of(path, "a.png", method=zipfile.ZIP_DEFLATED).read_bytes())
    directory = data.index(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<I", 3 << 30)  # says that it unpacks to 3 GB
    path.write_bytes(data)


def cut(path: Path) -> None:
    whole = path.with_name(f"whole-{path.name}")
    if path.suffix == ".zip":
        zip_of(whole, "a.png", "b.png")
    else:
        packed = "gz" if path.suffix == ".gz" else ""
        with tarfile.open(whole, f"w:{packed}") as archive:
            for name in ("a.png", "b.png"):
                entry = tarfile.TarInfo(name)
                entry.size = 512
                archive.addfile(entry, io.BytesIO(os.urandom(512)))
    data = whole.read_bytes()
    path.write_bytes(data[: 2048 if path.suffix == ".tar" else len(data) - 40])  # the tar ends with a whole file


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("up.zip", lambda path: zip_of(path, "../../a.png"), "outside itself"),
        ("absolute.zip", lambda path: zip_of(path, "/etc/a.png"), "outside itself"),
        ("drive.zip", lambda path: zip_of(path, "C:\\a.png"), "outside itself"),
        ("secret.zip", encrypted, "encrypted"),
        ("shared.zip", overlapping, "overlaps"),
        ("bomb.zip", bomb, "unpacks to more than 3,072 MB"),
        ("cut.zip", cut, "cut short"),
        ("cut.tar", cut, "cut short"),
        ("cut.tar.gz", cut, "cut short"),
        ("page.zip", lambda path: path.write_text("<html>not found"), "no zip archive"),
        ("page.tar.gz", lambda path: path.write_text("<html>not found"), "not what its name says"),
    ],
)
def test_an_archive_that_cannot_be_trusted_is_refused(tmp_path, name, make, said):
    make(tmp_path / name)
    with pytest.raises(UserError, match=said) as refused:
        walk_tree(tmp_path / name)
    assert str(refused.value).startswith(str(tmp_path / name))
    assert len(str(refused.value).splitlines()) <= 2


def test_a_packed_tar_that_grows_beyond_measure_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("kmseg.storage.archives.MIN_BOMB_BYTES", 1 << 20)
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(bytes(8 << 20)))
    with pytest.raises(UserError, match="times its size"):
        walk_tree(path)
    assert not list(Path(os.environ["KMSEG_HOME"], "archives").glob("*.part"))


def test_a_damaged_image_in_an_archive_is_named_and_the_others_are_masked(kmseg, labels, tmp_path):
    archive = pack(labels, tmp_path / "set.zip")
    with zipfile.ZipFile(archive) as opened:
        start = opened.getinfo("labels/2.png").header_offset
    data = bytearray(archive.read_bytes())
    data[start + 60] ^= 255
    archive.write_bytes(data)
    ran = kmseg(f"dataset.root={archive}")
    assert ran.code == 0, ran.err
    assert ran.metrics["images/read"] == 5
    assert "set.zip/labels/2.png" in ran.out
    assert "damaged inside the archive" in ran.out


def test_addresses_get_their_slashes_back():
    assert with_slashes(f"{Path('s3://bucket/a.png')}: empty") == "s3://bucket/a.png: empty"
    assert with_slashes("https://host/a.zip and C:/a, note: /b") == "https://host/a.zip and C:/a, note: /b"


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_a_run_on_an_archive_is_the_run_on_its_folder_and_a_change_inside_is_noticed(kmseg, labels, tmp_path, suffix):
    archive = pack(labels, tmp_path / f"set.{suffix}")

    def files(folder: Path) -> dict[str, bytes]:
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.png")}

    assert kmseg(f"dataset.root={labels}").code == 0
    expected = files(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "of_folder")
    words = ["writers=[index_png]", f"dataset.root={archive}"]
    ran = kmseg(*words)
    assert ran.code == 0, ran.err
    found = files(ran.folder)
    assert {name for name in expected if name not in found} == {"preview.png"}
    assert all(expected[name] == data for name, data in found.items())
    assert ran.palette().values()
    decided = json.loads((ran.folder / "dataset.json").read_text())
    assert decided["settings"]["root"] == str(archive / "labels")
    write_rgb(labels / "3.png", draw_label(9))
    pack(labels, archive)
    again = kmseg(*words, "incremental=true")
    assert again.code == 0, again.err
    assert [again.metrics[f"incremental/{name}"] for name in ("done", "unchanged")] == [1, 5]


def test_a_pattern_picks_a_part_of_an_archive(labels, tmp_path):
    from kmseg.datasets.folder import Folder

    write_rgb(labels / "pictures" / "b" / "3.jpg", draw_label())
    archive = pack(labels, tmp_path / "set.zip")
    items = Folder(f"{archive}!/labels/far/**/*.png").items()
    assert [item.key for item in items] == ["away/5"]
    items = Folder(f"{archive}/labels/?.png", photos=f"{archive}/labels/pic*/b").items()
    assert [item.key for item in items] == ["0", "1", "2", "3", "4"]
    assert [item.photo for item in items if item.photo] == [archive / "labels/pictures/b/3.jpg"]


def test_an_archive_of_a_host_is_downloaded_once_and_a_broken_connection_taken_up(labels, tmp_path):
    data = pack(labels, tmp_path / "set.zip").read_bytes()
    asked = []

    class Host(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200 if self.path == "/set.zip" else 404)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", '"1"')
            self.end_headers()

        def do_GET(self):
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            asked.append(start)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start : start + 1000] if len(asked) == 1 else data[start:])

        def log_message(self, *_):
            """Log nothing."""

    host = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    Thread(target=host.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{host.server_port}"
    for _ in range(2):
        local_copy.cache_clear()
        assert storage.read_bytes(Path(f"{address}/set.zip/labels/2.png")) == (labels / "2.png").read_bytes()
    assert asked == [0, 1000]
    with pytest.raises(UserError, match=f"{address}/none.zip: the host answers 404"):
        storage.contents(Path(f"{address}/none.zip"))
    host.shutdown()
    host.server_close()
