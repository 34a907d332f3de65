"""Small drawn images of every kind: labels, photos, panels, overlays, figures, pages."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

COLORS = np.array([(70, 130, 180), (128, 64, 128), (0, 0, 142), (220, 220, 0), (107, 142, 35), (220, 20, 60)], np.uint8)


def draw_indices(seed: int = 0, classes: int = 6, size: tuple[int, int] = (160, 200)) -> NDArray[np.uint8]:
    """Draw an index mask of patches around random points, with a few disks and lines."""
    random = np.random.default_rng(seed)
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    points = random.uniform(0, 1, (classes * 2, 2)) * size
    apart = ((rows - points[:, 0, None, None]) ** 2 + (columns - points[:, 1, None, None]) ** 2).argmin(axis=0)
    mask = (apart % classes).astype(np.uint8)
    for number in range(classes):
        at = int(random.integers(width)), int(random.integers(height))
        to = int(random.integers(width)), int(random.integers(height))
        cv2.circle(mask, at, int(random.integers(4, 16)), number, -1)
        cv2.line(mask, at, to, number, 2)
    return mask


def draw_label(seed: int = 0, size: tuple[int, int] = (160, 200)) -> NDArray[np.uint8]:
    """Draw a color label of six classes."""
    return COLORS[draw_indices(seed, size=size)]


def draw_photo(seed: int = 0, size: tuple[int, int] = (160, 200)) -> NDArray[np.uint8]:
    """Draw what has the colors of a photo: smooth shading of several scales, and grain."""
    random = np.random.default_rng(seed)
    height, width = size
    image = np.full((height, width, 3), 110, np.float32)
    for cells, strength in ((4, 60), (16, 30), (64, 15)):
        coarse = random.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        image += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    image += random.normal(0, 4, image.shape)
    return image.clip(0, 255).astype(np.uint8)


def as_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return an image as JPEG shows it."""
    code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])


def draw_figure(seed: int = 0) -> NDArray[np.uint8]:
    """Draw a label in axes with numbers beside them and a title."""
    page = np.full((300, 360, 3), 255, np.uint8)
    page[60:220, 90:290] = draw_label(seed)
    cv2.rectangle(page, (89, 59), (290, 220), (0, 0, 0), 1)
    for number in range(0, 160, 40):
        cv2.putText(page, str(100 + number), (50, 70 + number), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
        cv2.putText(page, str(100 + number), (95 + number, 240), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
    cv2.putText(page, "Ground truth", (120, 45), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1)
    return page


def draw_page() -> NDArray[np.uint8]:
    """Draw a page of text."""
    page = np.full((300, 480, 3), 255, np.uint8)
    for number in range(10):
        words = "The quick brown fox jumps over it", "Label images have few flat colors"
        at = (20, 30 + 26 * number)
        cv2.putText(page, words[number % 2], at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
    return page
