"""How good masks are by method, on drawn scenes under several kinds of damage, with the true palette.

    python benchmarks/masks.py [--scenes 4] [--size 256]

Prints mean IoU, wrong pixels, the share of consistent blocks and processor time per image.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.color_spaces.rgb import Rgb
from kmseg.images import read_label_image
from kmseg.maskers import Mask, examine
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.jpeg import Jpeg
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette

FINE = 4
"""Resized scenes are drawn this much larger."""

DAMAGES = (
    ("JPEG 60 4:2:0", 60, "420", False),
    ("JPEG 75 4:2:0", 75, "420", False),
    ("JPEG 75 4:2:2", 75, "422", False),
    ("JPEG 90 4:2:0", 90, "420", False),
    ("JPEG 95 4:4:4", 95, "444", False),
    ("resized, JPEG 75 4:2:0", 75, "420", True),
)


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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--size", type=int, default=256)
    given = parser.parse_args()
    print(f"{'damage':24}{'classes':>8}  {'method':10}{'mean IoU':>9}{'wrong':>8}{'consistent':>11}{'ms':>7}")
    for damage, quality, sampling, resized in DAMAGES:
        for k in (4, 12, 40):
            palette = draw_palette(k)
            methods = {"jpeg": Jpeg(), "boundary": Boundary(), "nearest": Nearest()}
            masks: dict[str, Mask] = {name: method.for_palette(palette, Rgb()) for name, method in methods.items()}
            rows = {name: (np.zeros((k, k), np.int64), [0, 0], [0.0]) for name in masks}
            for seed in range(given.scenes):
                true = draw_mask(k, given.size, FINE if resized else 1, seed)
                label = palette.paint(true)
                if resized:
                    label = cv2.resize(label, (given.size, given.size), interpolation=cv2.INTER_AREA)
                    true = true[FINE // 2 :: FINE, FINE // 2 :: FINE]
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "label.jpg"
                    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
                    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
                    cv2.imwrite(str(path), cv2.cvtColor(label, cv2.COLOR_RGB2BGR), options)
                    image = read_label_image(path)
                for name, mask in masks.items():
                    started = time.process_time()
                    found = examine(mask, image)
                    counts, blocks, spent = rows[name]
                    spent[0] += time.process_time() - started
                    counts += np.bincount(true.ravel() * np.int64(k) + found.mask.ravel(), minlength=k * k).reshape(
                        k, k
                    )
                    blocks[0] += found.blocks
                    blocks[1] += found.consistent
            for name, (counts, blocks, spent) in rows.items():
                share = f"{blocks[1] / blocks[0]:.4f}" if blocks[0] else ""
                wrong = int(counts.sum() - np.diag(counts).sum())
                spent_ms = 1000 * spent[0] / given.scenes
                print(
                    f"{damage:24}{k:8}  {name:10}{mean_iou(counts):9.4f}{wrong:8}{share:>11}{spent_ms:7.0f}", flush=True
                )


if __name__ == "__main__":
    main()
