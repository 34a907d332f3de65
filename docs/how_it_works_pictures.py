"""Draw the pictures of docs/how-it-works.md with the package's own functions.

`python docs/how_it_works_pictures.py`
"""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np

from kmseg.color_spaces.rgb import Rgb
from kmseg.discovery.candidates import in_order
from kmseg.discovery.damage import Damage
from kmseg.discovery.modes import Evidence, region_modes
from kmseg.discovery.select import find_candidates
from kmseg.discovery.statistics import REGION_NOISE, ColorStatistics
from kmseg.draw.sheets import candidates_picture
from kmseg.images import LabelImage, read_label_image, write_png
from kmseg.maskers.jpeg import Jpeg
from kmseg.maskers.jpeg.coefficients import read_coefficients
from kmseg.maskers.jpeg.file_model import cosines
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.pixels.local_range import local_range
from kmseg.pixels.ycbcr import to_ycbcr

mpl.use("agg")
import matplotlib.pyplot as plt  # after the choice of the backend

HERE = Path(__file__).parent
CLASSES = {
    "sky": (70, 130, 180),
    "road": (128, 64, 128),
    "car": (0, 0, 142),
    "tree": (107, 142, 35),
    "pole": (153,) * 3,
}
SCENES = 12
CROP = slice(70, 118), slice(96, 160)


def draw_scene(seed: int) -> np.ndarray:
    """Draw a street scene, RGB (192, 256, 3) uint8."""
    rng = np.random.default_rng(seed)
    scene = np.full((192, 256, 3), CLASSES["sky"], np.uint8)
    scene[110 + int(rng.integers(0, 12)) :] = CLASSES["road"]
    for _ in range(4):
        x, y = int(rng.integers(0, 256)), int(rng.integers(70, 110))
        cv2.circle(scene, (x, y), int(rng.integers(12, 34)), CLASSES["tree"], -1)
    for _ in range(3):
        x, y = int(rng.integers(0, 220)), int(rng.integers(100, 150))
        cv2.rectangle(scene, (x, y), (x + 36, y + 20), CLASSES["car"], -1)
    for x in (104 + seed % 5, 180 - seed % 7):
        cv2.line(scene, (x, 40), (x, 150), CLASSES["pole"], 3)
    return scene


def save(figure: plt.Figure, name: str) -> None:
    """Save a figure beside the pages."""
    figure.savefig(HERE / f"how-{name}.png", dpi=110, bbox_inches="tight", facecolor="white")
    plt.close(figure)


def panels(titles: list[str], images: list[np.ndarray]) -> plt.Figure:
    """Lay out images side by side."""
    figure, axes = plt.subplots(1, len(images), figsize=(3.4 * len(images), 3.2))
    for axis, title, image in zip(np.atleast_1d(axes), titles, images, strict=True):
        axis.imshow(image, interpolation="nearest", cmap="gray")
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    return figure


def draw_intervals(label: LabelImage) -> plt.Figure:
    """Draw one block's stored luma coefficients as intervals, with those of a wrong and of the corrected labeling."""
    palette = Palette(list(CLASSES), np.array(list(CLASSES.values())))
    before, after = (m.for_palette(palette, Rgb())(label) for m in (Nearest(), Jpeg()))
    file, luma = label.coefficients(read_coefficients), to_ycbcr(palette.colors)[0]
    half, best = file.half_steps[0], (0.0,)
    for row, column in np.ndindex(file.target[0].shape[:2]):
        block = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        stored = file.target[0][row, column]
        wrong, right = (cosines().T @ luma[mask[block]] @ cosines() for mask in (before, after))
        outside, corrected = ((np.abs(c - stored) > half).sum() for c in (wrong, right))
        if outside > best[0] and not corrected:
            best = (outside, block, stored, wrong, right)
    _, block, stored, wrong, right = best
    worst = np.argsort(-(np.abs(wrong - stored) / half).ravel())[:14]
    figure, (one, two, axis) = plt.subplots(1, 3, figsize=(10, 3.2), width_ratios=(1, 1, 2.4))
    for panel, mask, title in ((one, before, "nearest color"), (two, after, "corrected")):
        panel.imshow(palette.paint(mask[block]), interpolation="nearest")
        panel.set_title(title, fontsize=10)
        panel.set_axis_off()
    at = np.arange(len(worst))
    axis.bar(at, 2 * half.ravel()[worst], 0.7, -half.ravel()[worst], color="#d5d9e0", label="allowed by the file")
    axis.plot(at, (wrong - stored).ravel()[worst], "x", color="#c0392b", label="nearest color")
    axis.plot(at, (right - stored).ravel()[worst], "o", color="#1d7a4f", ms=5, label="corrected")
    axis.set_xticks(at, [f"{i // 8},{i % 8}" for i in worst], fontsize=8)
    axis.set_xlabel("frequency (row, column)", fontsize=9)
    axis.set_title("luma coefficients less the stored ones", fontsize=10)
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def main() -> None:
    """Draw all pictures."""
    scratch = HERE / ".scratch"
    scratch.mkdir(exist_ok=True)
    labels = []
    for seed in range(SCENES):
        path = scratch / f"{seed}.jpg"
        cv2.imwrite(str(path), draw_scene(seed)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
        labels.append(read_label_image(path))
    scene, compressed = draw_scene(0), labels[0].pixels
    small = cv2.resize(scene, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    images = [scene, small, labels[0]]
    titles = [ColorStatistics.of(image).describe_damage().partition(": 1 ")[2] for image in images]
    half = slice(35, 59), slice(48, 80)
    save(panels(titles, [scene[CROP], small[half], compressed[CROP]]), "damage")

    flat = local_range(compressed) <= REGION_NOISE
    count, regions = cv2.connectedComponents(flat.astype(np.uint8), connectivity=4)
    means = np.full((*flat.shape, 3), 255, np.uint8)
    for region in range(1, count):
        inside = regions == region
        means[inside] = compressed[inside].mean(axis=0).round()
    save(
        panels(["label image, JPEG 75", "flat pixels", "regions in their mean color"], [compressed, flat, means]),
        "regions",
    )

    statistics = ColorStatistics.of_all(labels)
    evidence = Evidence.of(statistics, Damage.COMPRESSED)
    figure, axis = plt.subplots(figsize=(6, 4.6))
    shown = evidence.counts[:, 0] > 0
    size = np.clip(evidence.counts[shown, 0] ** 0.5, 1, 60)
    axis.scatter(*evidence.colors[shown][:, [0, 2]].T, s=size, c=evidence.colors[shown] / 255, linewidths=0)
    for mode in region_modes(evidence):
        axis.plot(mode.color[0], mode.color[2], "o", ms=16, mfc="none", mec="#19191c")
    axis.set_xlabel("red")
    axis.set_ylabel("blue")
    axis.set_title("colors of the flat pixels of 12 images; circles: modes of regions", fontsize=10)
    save(figure, "modes")

    candidates = find_candidates(statistics)
    write_png(HERE / "how-verdicts.png", candidates_picture(in_order(candidates)[:14]))
    save(draw_intervals(labels[0]), "intervals")
    for path in scratch.iterdir():
        path.unlink()
    scratch.rmdir()


if __name__ == "__main__":
    main()
