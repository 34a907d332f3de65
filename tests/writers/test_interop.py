"""What the writers write, opened by the libraries that people use: the same classes and pixels come back.

The tests of a library that is not installed are skipped. `pip install 'kmseg[interop]'` brings supervision and
pycocotools; of Datumaro the pins allow a release of 2023 only, so that it is tried in an environment of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from kmseg.palette import Palette
from kmseg.writers.cityscapes import Cityscapes
from kmseg.writers.coco import Coco
from kmseg.writers.datumaro import Datumaro
from kmseg.writers.voc import Voc
from kmseg.writers.yolo_seg import YoloSeg
from tests.writers.test_dataset_layouts import KEYS, PALETTE, mask_of, written  # noqa: F401

PLAIN = Palette(["road", "car", "sky", "absent"], PALETTE.colors)
"""Names without the marks that some formats refuse."""


def test_supervision_reads_every_pixel_of_yolos_polygons(written):  # noqa: F811
    supervision = pytest.importorskip("supervision")
    root = written(YoloSeg(val=0.4), PLAIN) / "yolo_seg"
    seen = 0
    for part in ("train", "val"):
        for folder in sorted((root / "images" / part).iterdir()):
            loaded = supervision.DetectionDataset.from_yolo(
                str(folder), str(root / "labels" / part / folder.name), str(root / "data.yaml"), force_masks=True
            )
            assert loaded.classes == list(PLAIN.names)
            for path, _, found in loaded:
                mask = np.full((40, 50), 255, np.uint8)
                for pixels, k in zip(found.mask, found.class_id, strict=True):
                    mask[pixels] = k
                key = f"{folder.name}/{path.rpartition('/')[2].removesuffix('.png')}"
                assert np.array_equal(mask, mask_of(key))
                seen += 1
    assert seen == len(KEYS)


@pytest.mark.parametrize(
    ("writer", "below", "form"),
    [
        (Voc(val=0.4), "voc", "voc_segmentation"),
        (Datumaro(val=0.4), "datumaro/train", "common_semantic_segmentation"),
        (Cityscapes(val=0.4), "cityscapes", "cityscapes"),
        (Coco(val=0.4), "coco", "coco_stuff"),
    ],
)
def test_datumaro_imports_the_same_classes_and_pixels(written, writer, below, form):  # noqa: F811
    datumaro = pytest.importorskip("datumaro", minversion="1.10")
    folder = written(writer, PLAIN)
    found = datumaro.Dataset.import_from(str(folder / below), form)
    names = [label.name for label in found.categories()[datumaro.AnnotationType.label]]
    assert set(PLAIN.names) <= set(names)
    seen = set()
    for item in found:
        number = int(re.findall(r"\d+", item.id)[-1])
        mask = np.full((40, 50), 255, np.uint8)
        for annotation in item.annotations:
            if annotation.type == datumaro.AnnotationType.mask and names[annotation.label] in PLAIN.names:
                mask[annotation.image.astype(bool)] = PLAIN.names.index(names[annotation.label])
        expected = mask_of(KEYS[number])
        if form == "cityscapes":  # Datumaro leaves out the first class there, `road` of Cityscapes itself, too
            expected[expected == 0] = 255
        assert np.array_equal(mask, expected), item.id
        seen.add(number)
    assert seen == (set(range(len(KEYS))) if form != "common_semantic_segmentation" else train_numbers(folder))


def train_numbers(folder: Path) -> set[int]:
    return {int(path.stem) for path in (folder / "datumaro" / "train" / "masks").rglob("*.png")}
