"""Draw the pictures of README.md and of the pages from what the package makes of the example data.

    python docs/pictures.py

How-it-works has its own script, `docs/how_it_works_pictures.py`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from example_data import cityscapes, draw
from PIL import Image, ImageDraw

import kmseg
from kmseg.datasets.overlay import Overlay
from kmseg.datasets.panels import Panels
from kmseg.datasets.sample import Sample
from kmseg.draw.sheets import contact_sheet, draw_swatches
from kmseg.draw.style import HEADING, INK, PAPER, TITLE, font
from kmseg.images import read_rgb, write_png
from kmseg.legends.formats import read_palette
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.jpeg import Jpeg
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette, recolored

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
PICTURES = HERE / "pictures"

GAP, TITLE_HEIGHT = 16, 30
"""Between pictures, and the line of text above each, pixels."""


def row(titles: list[str], images: list[np.ndarray], size: int = TITLE) -> np.ndarray:
    """Lay out RGB images side by side, each with its title above."""
    high = max(image.shape[0] for image in images) + TITLE_HEIGHT
    wide = sum(image.shape[1] + GAP for image in images) - GAP
    sheet = Image.new("RGB", (wide, high), PAPER)
    pen, x = ImageDraw.Draw(sheet), 0
    for title, image in zip(titles, images, strict=True):
        pen.text((x, 2), title, fill=INK, font=font(min(size, HEADING + 1)))
        sheet.paste(Image.fromarray(image), (x, TITLE_HEIGHT))
        x += image.shape[1] + GAP
    return np.array(sheet)


def stack(rows: list[np.ndarray]) -> np.ndarray:
    """Lay out rows below each other, on a margin."""
    wide = max(r.shape[1] for r in rows)
    padded = [np.pad(r, ((0, GAP), (0, wide - r.shape[1]), (0, 0)), constant_values=255) for r in rows]
    return np.pad(np.concatenate(padded), ((GAP, 0), (GAP, GAP), (0, 0)), constant_values=255)


def swatches(palette: Palette, high: int) -> np.ndarray:
    """Draw a palette as a column of swatches in a picture of a height."""
    sheet = Image.new("RGB", (190, high), PAPER)
    draw_swatches(ImageDraw.Draw(sheet), palette, (), (8, 0), 99)
    return np.array(sheet)


def enlarge(image: np.ndarray, times: int) -> np.ndarray:
    """Repeat each pixel of an image `(H, W, 3)` or mask `(H, W)`."""
    return image.repeat(times, axis=0).repeat(times, axis=1)


def binary(mask: np.ndarray) -> np.ndarray:
    """Return a black-and-white picture `(H, W, 3)` of a condition `(H, W)`."""
    return np.repeat((mask * np.uint8(255))[..., None], 3, axis=2)


def overview(data: Path) -> np.ndarray:
    """Label image without a legend, the palette that is found, the mask, and masks of single classes."""
    palette = kmseg.discover(data / "labels")
    label = read_rgb(data / "labels" / "00.jpg")
    mask = kmseg.segment([label], palette)[0]
    big, small = 440, 205
    label, painted = (
        cv2.resize(image, (big, big), interpolation=cv2.INTER_NEAREST) for image in (label, palette.paint(mask))
    )
    classes = []
    for name in ("road", "car", "traffic sign", "pole"):
        one = cv2.resize(binary(mask == palette.find_class(name)), (small, small), interpolation=cv2.INTER_AREA)
        classes.append(np.pad(row([name], [one]), ((0, 0), (0, GAP), (0, 0)), constant_values=255))
    four = np.concatenate([np.hstack(classes[:2]), np.hstack(classes[2:])])[: big + TITLE_HEIGHT]
    titles = ["label images without a legend", "palette, found and named", "index masks"]
    main = row(titles, [label, swatches(palette, big), painted])
    return stack([np.hstack([main, np.full((len(main), GAP, 3), 255, np.uint8), four])])


def halves(data: Path) -> np.ndarray:
    """Files of photo and label, and their masks."""
    palette = read_palette(data / "legend.csv")
    rows = []
    for path in sorted((data / "pairs").iterdir())[:2]:
        pair = read_rgb(path)
        mask = kmseg.segment([pair[:, pair.shape[1] // 2 :]], palette)[0]
        rows.append(row([f"pairs/{path.name}", f"masks/{path.stem}.png"], [pair, palette.paint(mask)]))
    return stack(rows)


def panels(data: Path) -> np.ndarray:
    """A file of panels, and the panel that is read."""
    dataset = Panels(str(data / "panels"))
    item = dataset.items()[0]
    return stack([row(["panels/00.jpg", "the label"], [read_rgb(item.label), dataset.read_label(item).pixels])])


def overlays(data: Path) -> np.ndarray:
    """An overlay, its photo, and the label computed from both."""
    dataset = Overlay(str(data / "overlays"), str(data / "photos"))
    item = dataset.items()[0]
    images = [read_rgb(item.label), dataset.read_photo(item), dataset.read_label(item).pixels]
    return stack([row(["overlays/00.png", "photos/00.jpg", "label, computed"], images)])


def own_colors(data: Path) -> np.ndarray:
    """A label image in its own colors and in others."""
    legend = read_palette(data / "legend.csv")
    palette = recolored(legend, read_palette(data / "my_colors.csv"))
    label = read_rgb(data / "labels" / "00.jpg")
    mask = kmseg.segment([label], palette)[0]
    own = Palette(palette.names, palette.painted)
    images = [*(cv2.resize(image, (440, 440)) for image in (label, palette.paint(mask))), swatches(own, 440)]
    return stack([row(["labels/00.jpg", "color/00.png", "my_colors.csv"], images)])


def one_class(data: Path) -> np.ndarray:
    """A prediction and the masks of two classes."""
    palette = read_palette(data / "legend.csv")
    prediction = read_rgb(data / "predictions" / "00.png")
    mask = kmseg.segment([prediction], palette)[0]
    names = ["road", "sidewalk"]
    images = [binary(mask == palette.find_class(name)) for name in names]
    return stack([row(["predictions/00.png", *(f"class/{n}/00.png" for n in names)], [prediction, *images])])


def check_legend(data: Path) -> np.ndarray:
    """Pixels that a legend without one of the classes does not explain."""
    from kmseg.audit.pixel_match import PixelMatcher

    legend = cityscapes()
    kept = [k for k, name in enumerate(legend.names) if name != "car"]
    short = Palette([legend.names[k] for k in kept], legend.colors[kept])
    label = read_rgb(data / "labels" / "00.jpg")
    mask = kmseg.segment([label], short)[0]
    unmatched = PixelMatcher(short).unmatched(label, mask)
    marked = label // 3 + 160
    marked[unmatched] = (220, 0, 0)
    return stack([row(["labels/00.jpg", "not in the legend: red"], [label, marked])])


def doubtful_pixels(data: Path) -> np.ndarray:
    """A label image, how sure its pixels are, and the mask without doubtful ones."""
    from kmseg.confidence import measure_confidence

    palette = read_palette(data / "legend.csv")
    label = read_rgb(data / "labels" / "05.jpg")
    mask = kmseg.segment([label], palette)[0]
    sure = measure_confidence(label, mask, palette)
    kept = np.where(sure < 170, palette.ignore, mask).astype(mask.dtype)
    images = [label, np.repeat(sure[..., None], 3, axis=2), palette.paint(kept)]
    return stack([row(["labels/05.jpg", "confidence/05.png", "masks/05.png"], images)])


def thin_objects(data: Path) -> np.ndarray:
    """Thin lines as JPEG: the true mask, the label, and three maskers."""
    palette, path = read_palette(data / "drawings.csv"), data / "drawings" / "00.jpg"
    found = [kmseg.segment(path, palette, masker=m)[0] for m in (Nearest(), Boundary(), Jpeg())]
    titles = ["JPEG label", "nearest color", "masker=boundary", "masker=jpeg"]
    images = [read_rgb(path), *(palette.paint(mask) for mask in found)]
    return stack([row(titles, [enlarge(image, 4) for image in images])])


def preview(data: Path) -> np.ndarray:
    """What the first run writes as preview.png, with its first two scenes."""
    sample = Sample()
    items = sample.items()
    labels = [sample.read_label(item).pixels for item in items]
    palette = kmseg.discover(labels)
    masks = kmseg.segment(labels[1:3], palette)
    rows = [
        (item.key, sample.read_photo(item), label, palette.paint(mask))
        for item, label, mask in zip(items[1:3], labels[1:3], masks, strict=True)
    ]
    return contact_sheet(rows, palette, 256)


def report(data: Path) -> np.ndarray:
    """The page of `+writers=report` in a browser, 1200 pixels wide."""
    from tests.support.browser import chromium

    words = [f"dataset.root={data / 'labels'}", f"dataset.photos={data / 'photos'}", "writers=[report]"]
    words += ["dataset=folder", "tracker=none", f"hydra.run.dir={data / 'run'}"]
    subprocess.run([sys.executable, str(HERE.parent / "run.py"), *words], check=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 760})
        page.goto((data / "run" / "report.html").as_uri())
        page.wait_for_timeout(1000)
        png = page.screenshot()
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))


DRAWN = (
    overview, halves, panels, overlays, own_colors, one_class, check_legend, doubtful_pixels, thin_objects, preview,
    report,
)  # fmt: skip
"""What makes each picture; the picture has its name."""


def main() -> None:
    """Draw all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        draw(data)
        for make in DRAWN:
            write_png(PICTURES / f"{make.__name__.replace('_', '-')}.png", make(data))


if __name__ == "__main__":
    main()
