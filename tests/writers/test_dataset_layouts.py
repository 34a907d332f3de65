"""Each layout comes back, pixel for pixel, through the reader that its users have."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image

from kmseg.datasets.splits import Split
from kmseg.errors import UserError
from kmseg.images import encode_png, read_rgb
from kmseg.legends.formats import read_palette
from kmseg.palette import Palette
from kmseg.pixels.polygons import outlines
from kmseg.writers import Segmented
from kmseg.writers.cityscapes import Cityscapes
from kmseg.writers.coco import Coco
from kmseg.writers.dataset_layout import Layout
from kmseg.writers.datumaro import Datumaro
from kmseg.writers.huggingface import HuggingFace
from kmseg.writers.mmsegmentation import MMSegmentation
from kmseg.writers.paletted_png import PalettedPng
from kmseg.writers.ultralytics import Ultralytics
from kmseg.writers.voc import Voc
from kmseg.writers.yolo_seg import YoloSeg
from tests.conftest import whole

NAMES = ["road", "car", "sky: \"blue\" 'n' {bright}", "absent"]
PALETTE = Palette(NAMES, [(128, 64, 128), (0, 0, 142), (70, 130, 180), (1, 2, 3)])
KEYS = [f"drive_{number // 6}/{number}" for number in range(12)]


def hard_mask() -> np.ndarray:
    """Draw a mask with a hole in a hole, parts of one pixel and of one row, corners that touch, and ignored pixels."""
    mask = np.zeros((40, 50), np.uint8)
    mask[5:35, 5:40] = 1
    mask[8:30, 8:30] = 0
    mask[12:20, 12:25] = 1
    mask[14:16, 15:17] = 2
    mask[32, 10:20] = 0
    mask[2, 45] = mask[38, 2] = mask[0, 0] = 1
    mask[20:24, 44:48] = np.eye(4, dtype=np.uint8) * 2
    mask[36:, 45:] = 255
    return mask


def photo_of(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (40, 50, 3)).astype(np.uint8)


@pytest.fixture
def written(tmp_path):
    """Write the hard mask, rolled by one row for each image, as a run does; return the folder."""

    def write(writer, palette=PALETTE):
        notes = []
        for number, key in enumerate(KEYS):
            file = tmp_path / "photos" / f"{number}.png"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(encode_png(photo_of(number)))
            mask, photo = np.roll(hard_mask(), number, axis=0), photo_of(number)
            notes.append(writer.write(Segmented(key, number, photo, mask, lambda p=photo: p, file), palette, tmp_path))
        files = writer.finish([note for note in notes if note is not None], whole(palette, tmp_path))
        assert all(path.is_file() for path in files)
        return tmp_path

    return write


def mask_of(key: str) -> np.ndarray:
    return np.roll(hard_mask(), KEYS.index(key), axis=0)


def test_the_split_of_an_image_is_stable_and_depends_on_the_seed():
    keys = [f"far/{number}" for number in range(2000)]
    parts = [Split(val=0.25).draw(key) for key in keys]
    assert 0.21 < parts.count("val") / 2000 < 0.29
    assert [Split(val=0.25).draw(key) for key in keys[:50]] == parts[:50]
    assert [Split(val=0.25, seed=1).draw(key) for key in keys] != parts
    assert {Split(val=0).draw(key) for key in keys} == {"train"}
    assert {Split(val=1).draw(key) for key in keys} == {"val"}
    with pytest.raises(UserError, match="val is 2"):
        Layout(val=2)


def test_photos_are_copied_linked_or_encoded_and_unreadable_ones_are_skipped(tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(bytes(cv2.imencode(".jpg", photo_of(0))[1]))
    image = Segmented("a/b", 0, photo_of(0), hard_mask(), lambda: photo_of(0), file)
    copied = Layout().put_photo(image, tmp_path / "copied", "a/b")
    assert copied == tmp_path / "copied" / "a" / "b.jpg"
    assert copied.read_bytes() == file.read_bytes()
    assert Layout(photos="link").put_photo(image, tmp_path / "linked", "b").resolve() == file
    saved = Layout(photos="png").put_photo(image, tmp_path / "saved", "b")
    assert np.array_equal(read_rgb(saved), photo_of(0))
    unreadable = Segmented("c", 0, photo_of(0), hard_mask(), lambda: None, file)
    assert Layout().put_photo(unreadable, tmp_path / "copied", "c") is None


def test_a_paletted_png_is_indices_to_pillow_and_colors_to_a_viewer(written):
    folder = written(PalettedPng())
    with Image.open(folder / "paletted" / "drive_0" / "3.png") as image:
        assert np.array_equal(np.asarray(image), mask_of("drive_0/3"))
        assert np.array_equal(np.asarray(image.convert("RGB")), PALETTE.paint(mask_of("drive_0/3")))
    with pytest.raises(UserError, match="at most 255 classes"):
        PalettedPng().check(Palette([str(n) for n in range(256)], np.zeros((256, 3))))


def test_mmsegmentations_config_finds_every_photo_with_its_mask(written):
    """As BaseSegDataset does: every file of img_path with img_suffix, its mask by the other suffix."""
    folder = written(MMSegmentation(val=0.4))
    config: dict = {}
    exec((folder / "mmsegmentation" / "dataset.py").read_text(), config)
    seen = []
    for part in ("train", "val"):
        dataset = config[f"{part}_dataloader"]["dataset"]
        assert dataset["metainfo"] == {"classes": NAMES, "palette": PALETTE.colors.tolist()}
        root = folder / "mmsegmentation"
        assert dataset["data_root"] == str(root)
        photos = root / dataset["data_prefix"]["img_path"]
        for photo in photos.rglob(f"*{dataset['img_suffix']}"):
            key = photo.relative_to(photos).as_posix().removesuffix(dataset["img_suffix"])
            annotation = root / dataset["data_prefix"]["seg_map_path"] / f"{key}{dataset['seg_map_suffix']}"
            assert np.array_equal(cv2.imread(str(annotation), cv2.IMREAD_UNCHANGED), mask_of(key))
            assert np.array_equal(read_rgb(photo), photo_of(KEYS.index(key)))
            seen.append(key)
    assert sorted(seen) == sorted(KEYS)
    assert read_palette(folder / "mmsegmentation" / "metainfo.json").names == tuple(NAMES)
    with pytest.raises(UserError, match=r"photos of one suffix.*\.jpg, \.png"):
        MMSegmentation().check_photos([Path("a.PNG"), Path("b.jpeg")])
    MMSegmentation().check_photos([Path("a.JPG"), Path("b.jpeg"), Path("c.Jpg")])
    MMSegmentation(photos="png").check_photos([Path("a.png"), Path("b.jpeg")])


def ultralytics_photos(root, part):
    """List photos as Ultralytics does: all below the folder that `data.yaml` names for the part."""
    data = yaml.safe_load((root / "data.yaml").read_text())
    assert data["names"] == dict(enumerate(NAMES))
    assert "path" not in data  # without it, Ultralytics takes the folder of data.yaml
    return data, sorted((root / data[part]).rglob("*.png"))


def test_ultralytics_finds_every_mask_by_its_photos_path(written):
    """As its loader of semantic masks does: `masks_dir` in place of `images`, the same stem."""
    root = written(Ultralytics(val=0.4)) / "ultralytics"
    seen = []
    for part in ("train", "val"):
        data, photos = ultralytics_photos(root, part)
        for photo in photos:
            mask = str(photo).replace("/images/", f"/{data['masks_dir']}/")
            key = photo.relative_to(root / "images" / part).with_suffix("").as_posix()
            assert np.array_equal(cv2.imread(mask, cv2.IMREAD_UNCHANGED), mask_of(key))
            seen.append(key)
    assert sorted(seen) == sorted(KEYS)


def ultralytics_masks(text: str, shape: tuple[int, int], classes: int) -> np.ndarray:
    """Read polygons by Ultralytics' rules: more than six columns, 0..1, whole pixels, filled one by one."""
    mask = np.full(shape, 255, np.uint8)
    lines = [line.split() for line in text.strip().splitlines()]
    assert all(len(line) > 6 and len(line) % 2 for line in lines)
    for line in lines:
        points = np.array(line[1:], np.float32).reshape(-1, 2)
        assert 0 <= points.min() <= points.max() <= 1
        assert np.all(np.ptp(points, axis=0) > 0)  # a box without an area would be dropped
        assert int(line[0]) < classes
        cv2.fillPoly(mask, [(points * (shape[1], shape[0])).astype(np.int32)], int(line[0]))
    return mask


def test_yolos_polygons_give_holes_and_single_pixels_back(written):
    root = written(YoloSeg(val=0.4)) / "yolo_seg"
    seen = []
    for part in ("train", "val"):
        data, photos = ultralytics_photos(root, part)
        assert "masks_dir" not in data
        for photo in photos:
            labels = photo.parents[photo.parts[::-1].index("images")] / "labels"
            key = photo.relative_to(root / "images" / part).with_suffix("").as_posix()
            text = (labels / part / f"{key}.txt").read_text()
            assert np.array_equal(ultralytics_masks(text, (40, 50), len(NAMES)), mask_of(key))
            seen.append(key)
    assert sorted(seen) == sorted(KEYS)


def test_outlines_of_any_mask_fill_to_the_same_mask():
    random = np.random.default_rng(0)
    for _ in range(200):
        height, width = random.integers(1, 60, 2)
        coarse = random.random((height // random.integers(1, 6) + 1, width // random.integers(1, 6) + 1))
        mask = cv2.resize(coarse, (int(width), int(height))) < random.uniform(0.2, 0.95)
        for to_pixel in (np.floor, np.rint):
            filled = np.zeros(mask.shape, np.uint8)
            for outline in outlines(mask):
                cv2.fillPoly(filled, [to_pixel(outline).astype(np.int32)], 1)
            assert np.array_equal(filled.astype(bool), mask)


def test_cityscapes_tools_find_masks_by_name_and_ids_are_unique(written):
    """As torchvision's Cityscapes does: cities below the part, masks by the photo's name up to _leftImg8bit."""
    root = written(Cityscapes(val=0.4)) / "cityscapes"
    with (root / "labels.csv").open(newline="") as file:
        ids = {row["name"]: (int(row["id"]), int(row["trainId"])) for row in csv.DictReader(file)}
    lines = (root / "label_colors.txt").read_text().splitlines()
    assert lines[0] == "128 64 128 road"
    assert lines[20] == "1 2 3 absent"  # a line for each trainId, by which Datumaro names it
    assert ids == {"road": (7, 0), "car": (26, 13), NAMES[2]: (34, 19), "absent": (35, 20)}
    photos = sorted(root.glob("leftImg8bit/*/*/*_leftImg8bit.png"))
    assert len(photos) == len(KEYS)
    for photo in photos:
        city = photo.parent.name
        stem = photo.name.split("_leftImg8bit")[0]
        masks = root / "gtFine" / photo.parents[1].name / city
        true = mask_of(f"drive_{city[-1]}/{stem.removeprefix(city + '_')}")
        for number, (kind, none) in enumerate({"labelIds": 0, "labelTrainIds": 255}.items()):
            mask = cv2.imread(str(masks / f"{stem}_gtFine_{kind}.png"), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(mask[true == 255], np.full((true == 255).sum(), none))
            for k, name in enumerate(NAMES):
                assert np.array_equal(mask == ids[name][number], (true == k))
        assert np.array_equal(read_rgb(masks / f"{stem}_gtFine_color.png"), PALETTE.paint(true))


def test_two_images_of_one_name_in_cityscapes_are_an_error(tmp_path):
    writer = Cityscapes(val=0)
    notes = [
        writer.write(Segmented(key, 0, photo_of(0), hard_mask(), lambda: None), PALETTE, tmp_path)
        for key in ("a-b/1", "a/b/1")
    ]
    with pytest.raises(UserError, match="gives a-b/1 and a/b/1 the same name, train/a-b/a-b_1"):
        writer.finish(notes, whole(PALETTE, tmp_path))


def test_cityscapes_names_are_unchanged(tmp_path):
    key = "x/aachen_000000_000019_gtFine_color"
    Cityscapes(val=0).write(Segmented(key, 0, photo_of(0), hard_mask(), lambda: None), PALETTE, tmp_path)
    assert (tmp_path / "cityscapes/gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png").exists()


def test_datasets_loads_the_hugging_face_folder(written, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    root = written(HuggingFace(val=0.4)) / "huggingface"
    loaded = datasets.load_dataset(str(root), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == {"train", "validation"}
    seen = 0
    for part in loaded.values():
        for row in part:
            number = next(n for n in range(len(KEYS)) if np.array_equal(photo_of(n), np.asarray(row["image"])))
            assert np.array_equal(np.asarray(row["mask"]), mask_of(KEYS[number]))
            seen += 1
    assert seen == len(KEYS)
    assert json.loads((root / "id2label.json").read_text()) == {str(k): name for k, name in enumerate(NAMES)}


def test_pycocotools_reads_every_class_back(written):
    pycocotools = pytest.importorskip("pycocotools.coco")
    folder = written(Coco(val=0.4)) / "coco"
    seen = []
    for part in ("train", "val"):
        truth = pycocotools.COCO(str(folder / "annotations" / f"stuff_{part}.json"))
        assert truth.dataset["info"]["description"]
        assert [category["name"] for category in truth.loadCats(truth.getCatIds())] == NAMES
        for image in truth.loadImgs(truth.getImgIds()):
            assert (folder / "images" / part / image["file_name"]).exists()
            mask = np.full((image["height"], image["width"]), 255, np.uint8)
            annotations = truth.loadAnns(truth.getAnnIds(imgIds=image["id"]))
            for annotation in annotations:
                pixels = truth.annToMask(annotation).astype(bool)
                assert annotation["area"] == pixels.sum()
                mask[pixels] = annotation["category_id"] - 1
            key = image["file_name"].removesuffix(".png")
            assert np.array_equal(mask, mask_of(key))
            seen.append(key)
    assert sorted(seen) == sorted(KEYS)
    assert sorted(path.name for path in folder.iterdir()) == ["annotations", "images"]


def test_voc_file_lists_name_every_mask_and_readers_see_indices_or_colors(written):
    """As torchvision's VOCSegmentation does (indices by Pillow), and CVAT's import (colors by labelmap.txt)."""
    palette = Palette(["road", "car", "sky", "absent"], PALETTE.colors)
    root = written(Voc(val=0.4), palette) / "voc"
    lists = {part: (root / f"ImageSets/Segmentation/{part}.txt").read_text().split() for part in ("train", "val")}
    assert sorted(lists["train"] + lists["val"]) == sorted(KEYS)
    assert (root / "ImageSets/Segmentation/trainval.txt").read_text().split() == KEYS
    assert read_palette(root / "labelmap.txt").colors.tolist() == [*palette.colors.tolist(), [224, 224, 192]]
    for key in KEYS:
        file = root / "SegmentationClass" / f"{key}.png"
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(image), mask_of(key))
        colors = read_rgb(file)
        for k, color in enumerate(palette.colors):
            assert np.array_equal((colors == color).all(axis=2), mask_of(key) == k)
        assert (root / "JPEGImages" / f"{key}.png").exists()
    with pytest.raises(UserError, match="rename the class"):
        Voc().check(PALETTE)


def test_voc_packs_the_same_archive_from_the_same_files(written):
    palette = Palette(["road", "car", "sky", "absent"], PALETTE.colors)
    archive = written(Voc(zip=True), palette) / "voc.zip"
    first = archive.read_bytes()
    assert zipfile.ZipFile(archive).read("SegmentationClass/drive_0/3.png")[:4] == b"\x89PNG"
    written(Voc(zip=True), palette)
    assert archive.read_bytes() == first


def test_datumaros_layout_has_a_mask_for_each_image_and_the_classes(written):
    root = written(Datumaro(val=0.4)) / "datumaro"
    masks = sorted(root.glob("*/masks/*/*.png"))
    assert len(masks) == len(KEYS)
    for mask in masks:
        part, key = root / mask.relative_to(root).parts[0], "/".join(mask.parts[-2:]).removesuffix(".png")
        assert (part / "images" / f"{key}.png").exists()
        with Image.open(mask) as image:
            assert np.array_equal(np.asarray(image), mask_of(key))
        assert read_palette(part / "dataset_meta.json").names == (*NAMES, "ignored")


def test_all_cores_give_what_one_core_gives_in_every_layout(kmseg, labels):
    writers = "index_png,preview,paletted_png,mmsegmentation,ultralytics,yolo_seg"
    writers += ",cityscapes,huggingface,coco,voc,datumaro"
    photos = shutil.copytree(labels, labels.parent / "photos")
    words = ("dataset=folder", f"dataset.root={labels}", f"dataset.photos={photos}", "clusterer.k=4")
    files = {}
    for executor in ("serial", "threads", "processes"):
        ran = kmseg(*words, f"executor={executor}", f"writers=[{writers}]", "writers.mmsegmentation.val=0")
        assert ran.code == 0, ran.err
        found = [path for path in ran.folder.rglob("*") if path.suffix in (".png", ".txt", ".part")]
        files[executor] = {path.relative_to(ran.folder).as_posix(): path.read_bytes() for path in found}
        shutil.rmtree(ran.folder)
    assert files["serial"] == files["threads"] == files["processes"]
    assert {"masks/far/away/5.png", "preview.png"} <= files["serial"].keys()
    for folder in ("mmsegmentation/img_dir/train/", "yolo_seg/labels/"):
        assert sum(name.startswith(folder) for name in files["serial"]) == 6
    assert not [name for name in files["serial"] if name.endswith(".part")]
