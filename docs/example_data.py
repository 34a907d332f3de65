"""Draw the images that the pages, their pictures and the tests of their commands use.

    python docs/example_data.py FOLDER

FOLDER then has what the commands of README.md and of the how-to guides name: `labels/`, `photos/`, `pairs/`, ...
The scenes are those of `dataset=sample`, painted in the colors of the Cityscapes legend.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from kmseg.datasets.sample import FINE, LEGEND, SIZE, draw_scene
from kmseg.images import read_rgb, write_png
from kmseg.legends.recognition import published
from kmseg.palette import Palette, write_palette

SCENES = 8
"""Scenes: enough for every class to occur."""

QUALITY = 75
"""JPEG quality of labels, pairs and panels: the default of many programs."""

NOT_DRAWN = ("bicycle", "traffic light")
"""Classes of the sample whose few thin pixels are not found in a handful of JPEG files (docs/quality.md, known limits);
scenes with them are left out."""

CLASSES = [name for name in LEGEND.names if name not in ("lane marking", *NOT_DRAWN)]
"""Classes of the scenes; lane markings, which Cityscapes has not, are road."""


MY_COLORS = [
    (166, 206, 227), (178, 150, 130), (90, 90, 100), (200, 200, 205), (51, 160, 44), (178, 223, 138),
    (227, 26, 28), (255, 127, 0), (202, 178, 214), (106, 61, 154), (31, 120, 180), (255, 215, 0),
]  # fmt: skip
"""Other colors for `CLASSES`."""


def cityscapes() -> Palette:
    """Return the Cityscapes colors of `CLASSES`."""
    known = published()["cityscapes_train19"]
    return Palette(CLASSES, known.colors[[known.find_class(name) for name in CLASSES]])


def scenes(count: int = SCENES) -> list[np.ndarray]:
    """Draw index masks of streets, `(1024, 1024)` uint8, rows of `cityscapes()`."""
    road = CLASSES.index("road")
    table = np.array([CLASSES.index(name) if name in CLASSES else road for name in LEGEND.names], np.uint8)
    drawn: list[np.ndarray] = []
    number = 0
    while len(drawn) < count:
        scene = draw_scene(np.random.default_rng([0, number]))
        number += 1
        if not any((scene == LEGEND.find_class(name)).any() for name in NOT_DRAWN):
            drawn.append(table[scene])
    return drawn


def label_of(scene: np.ndarray) -> np.ndarray:
    """Paint a scene and reduce it, `(256, 256, 3)` uint8 RGB: colors mix at class borders, as in resized labels."""
    return cv2.resize(cityscapes().paint(scene), (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def mask_of(scene: np.ndarray) -> np.ndarray:
    """Return the true index mask, `(256, 256)` uint8."""
    return scene[FINE // 2 :: FINE, FINE // 2 :: FINE]


def photo_of(scene: np.ndarray, seed: int = 0) -> np.ndarray:
    """Draw something like a photo, `(256, 256, 3)` uint8 RGB: muted colors, light from above, grain."""
    random = np.random.default_rng(seed)
    muted = cv2.resize(cityscapes().colors.astype(np.float32)[scene] * 0.45 + 70, (SIZE, SIZE))
    light = np.linspace(1.15, 0.85, SIZE, dtype=np.float32)[:, None, None]
    patches = cv2.resize(random.normal(0, 40, (64, 64)).astype(np.float32), (SIZE, SIZE))[..., None]
    return np.rint(muted * light + patches + random.normal(0, 8, (SIZE, SIZE, 1))).clip(0, 255).astype(np.uint8)


DRAWING_PALETTE = Palette(
    ["ground", "wall", "pipe", "wire"], np.array([(220, 220, 170), (90, 70, 140), (20, 140, 90), (200, 40, 30)])
)
"""Classes of `thin_drawing`."""


def thin_drawing() -> np.ndarray:
    """Draw an index mask `(64, 64)` uint8 with lines of one and two pixels, rows of `DRAWING_PALETTE`."""
    mask = np.zeros((64, 64), np.uint8)
    cv2.rectangle(mask, (6, 8), (40, 40), 1, 2)
    for step in range(3):
        cv2.line(mask, (4 + 8 * step, 62), (34 + 12 * step, 3), 2, 2)
    curve = np.array([(2 + 3 * x, 34 + int(20 * np.sin(x / 2.4))) for x in range(21)], np.int32)
    cv2.polylines(mask, [curve], False, 3, 1)
    return mask


def predict(mask: np.ndarray) -> np.ndarray:
    """Change an index mask as a model's mistakes would: borders two pixels off."""
    return np.roll(mask, 2, axis=1)


def draw(folder: Path) -> None:
    """Draw all examples into a folder."""
    palette = cityscapes()
    write_palette(folder / "legend.csv", palette)
    write_palette(folder / "my_colors.csv", Palette(CLASSES, MY_COLORS))
    bar = np.full((SIZE, 8, 3), 255, np.uint8)
    for number, scene in enumerate(scenes()):
        label, mask, photo = label_of(scene), mask_of(scene), photo_of(scene, number)
        _write_jpeg(folder / "labels" / f"{number:02d}.jpg", label)
        _write_jpeg(folder / "photos" / f"{number:02d}.jpg", photo)
        _write_jpeg(folder / "pairs" / f"{number:02d}.jpg", np.hstack([photo, label]))
        predicted = palette.paint(predict(mask))
        _write_jpeg(folder / "panels" / f"{number:02d}.jpg", np.hstack([photo, bar, label, bar, predicted]))
        photo = read_rgb(folder / "photos" / f"{number:02d}.jpg")  # as programs that blend do
        write_png(folder / "overlays" / f"{number:02d}.png", np.rint(0.5 * photo + 0.5 * label).astype(np.uint8))
        write_png(folder / "truth" / f"{number:02d}.png", mask)
        write_png(folder / "lossless" / f"{number:02d}.png", palette.paint(mask))
        write_png(folder / "predictions" / f"{number:02d}.png", predicted)
    write_palette(folder / "drawings.csv", DRAWING_PALETTE)
    _write_jpeg(folder / "drawings" / "00.jpg", DRAWING_PALETTE.paint(thin_drawing()))


def _write_jpeg(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]))


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
