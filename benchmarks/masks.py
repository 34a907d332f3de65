"""How good masks are by method, with the true palette: on drawn scenes under several kinds of damage, and on folders.

    python benchmarks/masks.py [--scenes 4] [--size 256] [--folder FOLDER]...

A folder holds JPEG label files, or pairs with the label on the right, `truth/` with index masks of the same names, and
`PALETTE.csv`. Prints mean IoU, wrong pixels, the share of consistent blocks and processor time per 512x256 pixels.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces.rgb import Rgb
from kmseg.images import Box, LabelImage, read_label_image
from kmseg.legends.formats import read_palette
from kmseg.maskers import Mask, examine
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.jpeg import Jpeg
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette

FINE = 4
"""Resized scenes are drawn this much larger."""

IGNORE = 255
"""Value of true masks that is not scored."""

UNIT = 512 * 256
"""Pixels that times are given for."""

DAMAGES = (
    ("JPEG 60 4:2:0", 60, "420", False),
    ("JPEG 75 4:2:0", 75, "420", False),
    ("JPEG 75 4:2:2", 75, "422", False),
    ("JPEG 90 4:2:0", 90, "420", False),
    ("JPEG 95 4:4:4", 95, "444", False),
    ("resized, JPEG 75 4:2:0", 75, "420", True),
)

DECODED = (("JPEG 75 4:2:0 as PNG", 75, "420", False), ("JPEG 90 4:4:4 as PNG", 90, "444", False))
"""The same, of images that were decoded and are given without their file."""


def draw_palette(k: int, gap: int = 30) -> Palette:
    """Draw k colors that differ by more than `gap` levels in sum."""
    rng, colors = np.random.default_rng(k), []
    while len(colors) < k:
        color = rng.integers(0, 256, 3)
        if all(np.abs(color - other).sum() > gap for other in colors):
            colors.append(color)
    return Palette([str(number) for number in range(k)], np.array(colors))


def draw_mask(k: int, size: int, scale: int, seed: int) -> NDArray[np.uint8]:
    """Draw ellipses, boxes, lines and polygons of k classes, as an index mask."""
    rng, side = np.random.default_rng([seed, k]), size * scale
    mask = np.zeros((side, side), np.uint8)
    for _ in range(40):
        label, shape = int(rng.integers(k)), rng.integers(4)
        x, y = (int(at) for at in rng.integers(0, side, 2))
        w, h = (int(at) * scale for at in rng.integers(3, 60, 2))
        if shape == 0:
            cv2.ellipse(mask, (x, y), (w * 2 // 3, h * 2 // 3), int(rng.integers(180)), 0, 360, label, -1)
        elif shape == 1:
            cv2.rectangle(mask, (x, y), (x + w, y + h), label, -1)
        elif shape == 2:
            cv2.line(
                mask, (x, y), (int(rng.integers(side)), int(rng.integers(side))), label, scale * int(rng.integers(1, 5))
            )
        else:
            points = np.array([x, y]) + scale * rng.integers(-40, 40, (5, 2))
            cv2.fillPoly(mask, [points.astype(np.int32)], label)
    return mask


def mean_iou(counts: NDArray[np.int64]) -> float:
    """Return the mean IoU over the classes in the truth, from the matrix of true by found class."""
    hit = np.diag(counts)
    union = counts.sum(0) + counts.sum(1) - hit
    present = counts.sum(1) > 0
    return float((hit[present] / union[present]).mean())


Pair = tuple[LabelImage, NDArray[np.uint8]]


def draw_set(palette: Palette, damage: tuple[str, int, str, bool], scenes: int, size: int) -> Iterator[Pair]:
    """Yield damaged label images and their true masks."""
    _, quality, sampling, resized = damage
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    for seed in range(scenes):
        true = draw_mask(len(palette.names), size, FINE if resized else 1, seed)
        label = palette.paint(true)
        if resized:
            label = cv2.resize(label, (size, size), interpolation=cv2.INTER_AREA)
            true = true[FINE // 2 :: FINE, FINE // 2 :: FINE]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "label.jpg"
            cv2.imwrite(str(path), cv2.cvtColor(label, cv2.COLOR_RGB2BGR), options)
            yield read_label_image(path), true


def without_file(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """Yield label images as their pixels alone, as files without loss hold them, and their true masks."""
    for image, true in pairs:
        yield LabelImage.from_array(image.pixels), true


def read_set(folder: Path) -> Iterator[Pair]:
    """Yield the label images of a folder that have a true mask, and these."""
    for path in sorted(folder.rglob("*.jpg")):
        true = cv2.imread(str(folder / "truth" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        if true is None:
            continue
        image = read_label_image(path)
        height, width = image.pixels.shape[:2]
        pair = width == 2 * true.shape[1]
        yield (image.crop(Box(0, height, width // 2, width)) if pair else image), true


def measure(name: str, palette: Palette, pairs: Iterator[Pair]) -> None:
    """Print a line for each method."""
    k = len(palette.names)
    methods = {"jpeg": Jpeg(), "boundary": Boundary(), "nearest": Nearest()}
    masks: dict[str, Mask] = {method: part.for_palette(palette, Rgb()) for method, part in methods.items()}
    matrices = {method: np.zeros((k, k), np.int64) for method in masks}
    spent, consistent = dict.fromkeys(masks, 0.0), [0, 0]
    pixels = 0
    for image, true in pairs:
        known = true != IGNORE
        pixels += true.size
        for method, mask in masks.items():
            started = time.process_time()
            found = examine(mask, image)
            spent[method] += time.process_time() - started
            cells = true[known] * np.int64(k) + found.mask[known]
            matrices[method] += np.bincount(cells, minlength=k * k).reshape(k, k)
            consistent[0] += found.blocks
            consistent[1] += found.consistent
    for method, counts in matrices.items():
        share = f"{consistent[1] / consistent[0]:.4f}" if method == "jpeg" and consistent[0] else ""
        wrong = int(counts.sum() - np.diag(counts).sum())
        per = 1000 * spent[method] / pixels * UNIT
        iou = mean_iou(counts)
        print(f"| {name} | {k} | {method} | {iou:.4f} | {wrong} of {pixels} | {share} | {per:.0f} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    given = parser.parse_args()
    for damage in (DAMAGES[0], DAMAGES[-1]):  # compile every loop first
        for image, _ in draw_set(draw_palette(4), damage, 1, 192):
            examine(Jpeg().for_palette(draw_palette(4), Rgb()), image)
    print("| set | classes | method | mean IoU | wrong pixels | consistent blocks | ms per 512x256, one core |")
    print("|---|---|---|---|---|---|---|")
    for damage in DAMAGES:
        for k in (2, 12, 40):
            measure(damage[0], draw_palette(k), draw_set(draw_palette(k), damage, given.scenes, given.size))
    for damage in DECODED:
        for k in (2, 12, 40):
            pairs = without_file(draw_set(draw_palette(k), damage, given.scenes, given.size))
            measure(damage[0], draw_palette(k), pairs)
    for folder in given.folder:
        measure(folder.name, read_palette(folder / "PALETTE.csv"), read_set(folder))


if __name__ == "__main__":
    main()
