"""A folder of labels: what is left out, paired, mixed or divided is told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kmseg.datasets.folder import Folder
from kmseg.errors import UserError
from tests.conftest import draw_label, write_rgb
from tests.datasets.test_auto import draw_photo


def test_photos_among_the_labels_are_refused_with_the_words_that_pair_them(tmp_path):
    for number in range(6):
        write_rgb(tmp_path / f"i{number}_mask.png", draw_label(number))
        write_rgb(tmp_path / f"i{number}.jpg", draw_photo(number))
    with pytest.raises(UserError) as refused:
        Folder(str(tmp_path)).items()
    said = str(refused.value)
    assert "6 of 12 images are photos, as i0.jpg; i0_mask.png is a label" in said
    assert f"\"dataset.labels='*_mask.png'\" dataset.photos={tmp_path}" in said
    items = Folder(str(tmp_path), labels="*_mask.png", photos=str(tmp_path)).items()
    assert [(item.key, item.photo.name) for item in items[:2]] == [("i0_mask", "i0.jpg"), ("i1_mask", "i1.jpg")]


def test_what_has_no_photo_and_what_is_not_read_is_told(tmp_path):
    for number in range(3):
        write_rgb(tmp_path / "labels" / f"{number}_segmentation.png", draw_label(number))
    write_rgb(tmp_path / "photos" / "0.jpg", draw_photo(0))
    write_rgb(tmp_path / "photos" / "9.jpg", draw_photo(9))
    (tmp_path / "labels" / "x.jp2").write_bytes(b"jP")
    items, notes = Folder(str(tmp_path / "labels"), photos=str(tmp_path / "photos")).listing()
    assert [item.photo is not None for item in items] == [True, False, False]
    assert "1 file not used (.jp2 is not read; convert to PNG): x.jp2" in notes
    assert any("3 labels, 1 photos paired, 2 without: 1_segmentation" in note for note in notes)
    assert any("1 images there are no label's photo: 9" in note for note in notes)


@pytest.mark.parametrize("writer", ["ultralytics", "yolo_seg", "mmsegmentation", "huggingface", "datumaro"])
def test_the_users_splits_are_kept_by_every_layout(tmp_path, kmseg, writer):
    for split in ("train", "val", "test"):
        for number in range(2):
            write_rgb(tmp_path / "labels" / split / f"{number}.png", draw_label(number))
            write_rgb(tmp_path / "photos" / split / f"{number}.png", draw_photo(number))
    words = ("dataset=folder", f"dataset.root={tmp_path}/labels", f"dataset.photos={tmp_path}/photos")
    ran = kmseg(*words, f"writers=[{writer}]")
    assert ran.code == 0, ran.err
    found = sorted(p.relative_to(ran.folder / writer).as_posix() for p in (ran.folder / writer).rglob("*.png"))
    assert len(found) == 12 if writer != "yolo_seg" else 6
    for split, name in {
        "train": "train",
        "val": "validation" if writer == "huggingface" else "val",
        "test": "test",
    }.items():
        assert sum(name in path.split("/") for path in found) == len(found) // 3, (split, found)
    assert "splits by folders: 2 train, 2 val, 2 test" in " ".join(ran.out.split())


def test_a_photo_of_another_size_or_turned_by_exif_is_named_and_not_written(tmp_path, kmseg):
    for number in range(3):
        write_rgb(tmp_path / "labels" / f"{number}.png", draw_label(number))
    write_rgb(tmp_path / "photos" / "0.png", draw_photo(0))
    write_rgb(tmp_path / "photos" / "1.png", draw_photo(1, size=128))
    jpeg = bytes(cv2.imencode(".jpg", draw_photo(2))[1])
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    (tmp_path / "photos" / "2.jpg").write_bytes(turned)
    words = ("dataset=folder", f"dataset.root={tmp_path}/labels", f"dataset.photos={tmp_path}/photos")
    ran = kmseg(*words, "writers=[ultralytics,preview]", "writers.ultralytics.val=0")
    assert ran.code == 0, ran.err
    written = sorted(path.name for path in (ran.folder / "ultralytics" / "images").rglob("*.*"))
    assert written == ["0.png"]
    said = " ".join(ran.out.split())
    assert "128x128, and its label 1.png 64x64; not written" in said
    assert "EXIF orientation 6 turns the photo" in said


def test_suffixes_of_any_spelling_go_into_one_layout(tmp_path, kmseg):
    for label, photo in (("a.PNG", "a.JPG"), ("b.Png", "b.jpeg"), ("c.png", "c.Jpg")):
        for folder, name, image in (("labels", label, draw_label()), ("photos", photo, draw_photo(0))):
            path = tmp_path / folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(bytes(cv2.imencode(path.suffix.lower(), np.ascontiguousarray(image[..., ::-1]))[1]))
    words = ("dataset=folder", f"dataset.root={tmp_path}/labels", f"dataset.photos={tmp_path}/photos")
    ran = kmseg(*words, "writers=[mmsegmentation]", "split.val=0")
    assert ran.code == 0, ran.err
    assert sorted(p.name for p in (ran.folder / "mmsegmentation/img_dir/train").iterdir()) == [
        "a.jpg",
        "b.jpg",
        "c.jpg",
    ]
    write_rgb(tmp_path / "labels" / "d.png", draw_label())
    write_rgb(tmp_path / "photos" / "d.png", draw_photo(0))
    refused = kmseg(*words, "writers=[mmsegmentation]", "hydra.run.dir=second")
    assert refused.code == 1
    assert "writers.mmsegmentation.photos=png" in refused.err
    assert not (tmp_path / "second" / "mmsegmentation").exists()


def listed(tmp_path, **options):
    """List a folder `labels` with `photos` beside it; return the names of the photos by key, and what is said."""
    items, notes = Folder(str(tmp_path / "labels"), **options).listing()
    return {item.key: item.photo and item.photo.name for item in items}, " ".join(notes)


def test_a_label_is_not_its_own_photo_and_photos_below_the_labels_are_no_labels(tmp_path):
    for number in range(3):
        write_rgb(tmp_path / "labels" / f"{number}.png", draw_label(number))
    found, said = listed(tmp_path, photos=str(tmp_path / "labels"))
    assert set(found.values()) == {None}
    assert "none of 3 labels has a photo" in said
    write_rgb(tmp_path / "labels" / "photos" / "0.jpg", draw_photo(0))
    found, said = listed(tmp_path, photos=str(tmp_path / "labels" / "photos"))
    assert found == {"0": "0.jpg", "1": None, "2": None}
    assert "3 labels, 1 photos paired" in said


def test_photos_that_are_not_read_or_fit_twice_and_names_that_differ_in_capitals_are_told(tmp_path):
    for name in ("a", "A"):
        write_rgb(tmp_path / "labels" / f"{name}.png", draw_label())
    (tmp_path / "labels" / ".hidden.png").write_bytes(b"")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.heic").write_bytes(b"")
    _, said = listed(tmp_path, photos=str(tmp_path / "photos"))
    assert "names differ only in capitals, so that on Windows and macOS one mask replaces the other: A and a" in said
    assert "1 other files, as a.heic (.heic is not read; convert to PNG)" in said
    assert "1 file not used (hidden, or left by an operating system): .hidden.png" in said
    for suffix in ("png", "jpg"):
        write_rgb(tmp_path / "photos" / f"a.{suffix}", draw_photo(0))
    found, said = listed(tmp_path, photos=str(tmp_path / "photos"))
    assert set(found.values()) == {None}
    assert "fit several files" in said


def test_splits_of_the_photos_are_those_of_labels_that_lie_in_one_folder(tmp_path):
    for key, split in (("0", "train"), ("1", "val")):
        write_rgb(tmp_path / "labels" / f"{key}.png", draw_label())
        write_rgb(tmp_path / "photos" / split / f"{key}.jpg", draw_photo(0))
    items, notes = Folder(str(tmp_path / "labels"), photos=str(tmp_path / "photos")).listing()
    assert {item.key: item.split for item in items} == {"0": "train", "1": "val"}
    assert "splits by folders of the photos: 1 train, 1 val" in notes


def test_images_outside_the_splits_are_for_training_and_told(tmp_path):
    for key in ("train/0", "val/my image 1", "loose"):
        write_rgb(tmp_path / "labels" / f"{key}.png", draw_label())
    items, notes = Folder(str(tmp_path / "labels")).listing()
    assert {item.key: item.split for item in items} == {"train/0": "train", "val/my image 1": "val", "loose": "train"}
    assert "1 in none, which are for training: loose" in " ".join(notes)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "train.txt").write_text("0 1\nloose.png\n", encoding="utf-8-sig")
    (tmp_path / "lists" / "val.txt").write_bytes(b"my image 1\r\ngone\r\n")
    items, notes = Folder(str(tmp_path / "labels"), splits=str(tmp_path / "lists")).listing()
    assert {item.key: item.split for item in items} == {"train/0": "train", "val/my image 1": "val", "loose": "train"}
    assert "1 of the lists' entries are no label here: gone" in " ".join(notes)
