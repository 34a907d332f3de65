"""Synthetic street scenes with lossless truth, so that a first run needs no data and has metrics."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kmseg.datasets import Item, OfFiles
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.truth import Truth
from kmseg.files import home, write_bytes
from kmseg.images import LabelImage, write_png
from kmseg.palette import Palette, write_palette
from kmseg.validation import check_integer

SIZE = 256
"""Height and width of the photo and of the label, as in the paper's data."""

FINE = 4
"""Scenes are drawn this many times larger and scaled down, so that borders have mixed colors as in real data."""

LEGEND = Palette(
    names=[
        "sky", "building", "road", "sidewalk", "vegetation", "terrain", "car", "person", "fence", "pole",
        "lane marking", "bus", "traffic sign", "traffic light", "bicycle",
    ],
    colors=np.array([
        (58, 132, 205), (92, 84, 78), (116, 70, 132), (232, 62, 214), (74, 138, 48), (160, 232, 140),
        (14, 20, 150), (214, 28, 66), (196, 160, 150), (150, 158, 160), (246, 246, 230), (8, 92, 104),
        (226, 214, 24), (252, 150, 24), (118, 16, 36),
    ]),
)  # fmt: skip

VERSION = 1
"""Incremented when the drawing changes, so that scenes of an older version are not reused."""


@dataclass(frozen=True)
class Sample(OfFiles):
    """Synthetic pairs of photo and JPEG label, 512x256, with true masks.

    Parameters
    ----------
    scenes : int
        Number of scenes.
    seed : int
        The same seed draws the same scenes.
    quality : int
        JPEG quality, 1 to 100.
    """

    scenes: int = 48
    seed: int = 0
    quality: int = 75

    def __post_init__(self) -> None:
        check_integer("dataset.scenes", self.scenes, at_least=1)
        check_integer("dataset.seed", self.seed, at_least=0)
        check_integer("dataset.quality", self.quality, at_least=1, at_most=100)

    @cached_property
    def folder(self) -> Path:
        """The folder of the drawn scenes: `pairs/`, `truth/` and `legend.csv`. Drawn at first use."""
        name = f"v{VERSION}-scenes{self.scenes}-seed{self.seed}-quality{self.quality}"
        folder = home() / "sample" / name
        if not folder.exists():
            _draw_all(self, folder)
        return folder

    def items(self) -> Sequence[Item]:
        """List the scenes; the first call draws them."""
        return self._pairs.items()

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image of 256x256 pixels."""
        return self._pairs.read_label(item)

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(256, 256, 3)` uint8 RGB."""
        return self._pairs.read_photo(item)

    def truth(self) -> Truth:
        """Return the legend and the masks that the scenes were drawn from."""
        return Truth(str(self.folder / "legend.csv"), str(self.folder / "truth"))

    @cached_property
    def _pairs(self) -> Pairs:
        return Pairs(str(self.folder / "pairs"))


def _draw_all(sample: Sample, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".drawing-", dir=folder.parent))
    try:
        write_palette(part / "legend.csv", LEGEND)
        for number, (photo, label, truth) in enumerate(_scenes(sample.scenes, sample.seed)):
            pair = cv2.cvtColor(np.hstack([photo, label]), cv2.COLOR_RGB2BGR)
            jpeg = cv2.imencode(".jpg", pair, [cv2.IMWRITE_JPEG_QUALITY, sample.quality])[1]
            write_bytes(part / "pairs" / f"{number:04d}.jpg", bytes(jpeg))
            write_png(part / "truth" / f"{number:04d}.png", truth)
        part.chmod(0o755)
        try:
            part.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process has drawn the same scenes
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _scenes(count: int, seed: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield photo, label and true mask of each scene, 256x256."""
    for number in range(count):
        random = np.random.default_rng([seed, number])
        fine = draw_scene(random)
        label = cv2.resize(LEGEND.paint(fine), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        yield _photograph(fine, random), label, fine[FINE // 2 :: FINE, FINE // 2 :: FINE]


def draw_scene(random: Generator) -> NDArray[np.uint8]:
    """Draw one street as an index mask, from back to front."""
    side = SIZE * FINE
    index = {name: k for k, name in enumerate(LEGEND.names)}
    mask = np.full((side, side), index["sky"], np.uint8)
    horizon = int(side * random.uniform(0.38, 0.5))
    vanish = int(side * random.uniform(0.4, 0.6))

    def box(name: str, x: float, y: float, w: float, h: float) -> None:
        cv2.rectangle(mask, (int(x), int(y)), (int(x + w), int(y + h)), index[name], -1)

    def shape(name: str, *points: tuple[float, float]) -> None:
        cv2.fillPoly(mask, [np.array(points, np.int32)], index[name])

    def blob(name: str, x: float, y: float, w: float, h: float) -> None:
        cv2.ellipse(mask, (int(x), int(y)), (int(w), int(h)), 0, 0, 360, index[name], -1)

    x = 0.0
    while x < side:  # buildings
        width = side * random.uniform(0.08, 0.25)
        if random.random() < 0.8:
            box("building", x, horizon - side * random.uniform(0.08, 0.34), width, side)
        x += width
    for _ in range(random.integers(2, 8)):  # trees
        size = side * random.uniform(0.03, 0.11)
        blob("vegetation", random.uniform(0, side), horizon - size * random.uniform(0, 1), size, size * 1.2)
    box("terrain", 0, horizon, side, side)
    shape("sidewalk", (vanish - 40, horizon), (vanish + 40, horizon), (side * 1.35, side), (-side * 0.35, side))
    shape("road", (vanish - 22, horizon), (vanish + 22, horizon), (side * 1.02, side), (-side * 0.02, side))
    for near in np.linspace(0.15, 0.95, 5):  # lane markings shrink towards the vanishing point
        y0, y1 = horizon + (side - horizon) * near**2, horizon + (side - horizon) * (near + 0.07) ** 2
        at, wide = vanish + (side / 2 - vanish) * near**2, 3 + 26 * near**2
        shape("lane marking", (at - wide, y1), (at + wide, y1), (at + wide * 0.8, y0), (at - wide * 0.8, y0))
    if random.random() < 0.5:
        box("fence", random.choice([0, side * 0.7]), horizon - 30, side * 0.3, side * 0.09)
    for _ in range(random.integers(1, 6)):
        depth = random.uniform(0.1, 0.8)
        size, y = side * 0.2 * depth, horizon + (side - horizon) * depth * 0.6
        at = random.uniform(0, side)
        box("car", at, y, size * 1.5, size * 0.6)
        box("car", at + size * 0.25, y - size * 0.35, size * 0.9, size * 0.4)
    if random.random() < 0.25:
        box("bus", random.uniform(0, side * 0.7), horizon - side * 0.09, side * 0.22, side * 0.2)
    for _ in range(random.integers(0, 6)):
        tall = side * random.uniform(0.03, 0.16)
        at, foot = random.uniform(0, side), horizon + tall * random.uniform(0.6, 1.2)
        box("person", at - tall * 0.12, foot - tall * 0.8, tall * 0.24, tall * 0.8)
        blob("person", at, foot - tall * 0.88, tall * 0.09, tall * 0.11)
    for _ in range(random.integers(1, 5)):
        at, thin, top = (
            random.uniform(0, side),
            random.uniform(4, 12),
            horizon - side * random.uniform(0.1, 0.3),
        )
        box("pole", at, top, thin, horizon - top + side * 0.12)
        if random.random() < 0.4:
            box("traffic sign", at - 20, top, 44, 40)
        elif random.random() < 0.3:  # rare, as in real data
            box("traffic light", at - 9, top, 20, 48)
    if random.random() < 0.15:  # rare
        at, foot, wheel = random.uniform(0, side), horizon + side * random.uniform(0.08, 0.2), side * 0.02
        for hub in (at, at + wheel * 3):
            cv2.circle(mask, (int(hub), int(foot)), int(wheel), index["bicycle"], 8)
        shape("bicycle", (at, foot), (at + wheel, foot - wheel), (at + 3 * wheel, foot), (at + wheel, foot + 8))
    return mask


def _photograph(fine: NDArray[np.uint8], random: Generator) -> NDArray[np.uint8]:
    """Make something like a photo of a scene: muted colors, light from above, grain."""
    muted = (LEGEND.colors.astype(np.float32) * 0.45 + 70)[fine]
    small = cv2.resize(muted, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    light = np.linspace(1.15, 0.85, SIZE, dtype=np.float32)[:, None, None]
    patches = cv2.resize(random.normal(0, 9, (32, 32)).astype(np.float32), (SIZE, SIZE))[..., None]
    grain = random.normal(0, 5, (SIZE, SIZE, 1)).astype(np.float32)
    return np.rint(small * light + patches + grain).clip(0, 255).astype(np.uint8)
