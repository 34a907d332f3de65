"""Ways in which published label images get damaged, and scenes to damage; each is a pure function of RGB images."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from kmseg.datasets.sample import LEGEND, draw_scene
from kmseg.palette import Palette

CHROMA_HALVED, CHROMA_FULL = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444


def resized(image: np.ndarray, factor: float, how: int) -> np.ndarray:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


def jpeg(image: np.ndarray, quality: int, sampling: int = CHROMA_HALVED) -> np.ndarray:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return cv2.imdecode(cv2.imencode(".jpg", image[..., ::-1], options)[1], cv2.IMREAD_COLOR_RGB)


def webp(image: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".webp", image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])[1], 256)


DAMAGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda a: a,
    "area": lambda a: resized(a, 0.6, cv2.INTER_AREA),
    "bicubic": lambda a: resized(a, 1.5, cv2.INTER_CUBIC),
    "jpeg 100": lambda a: jpeg(a, 100),
    "jpeg 95 4:4:4": lambda a: jpeg(a, 95, CHROMA_FULL),
    "jpeg 75": lambda a: jpeg(a, 75),
    "jpeg 50": lambda a: jpeg(a, 50),
    "jpeg 50 4:4:4": lambda a: jpeg(a, 50, CHROMA_FULL),
    "bicubic, jpeg 75": lambda a: jpeg(resized(a, 0.5, cv2.INTER_CUBIC), 75),
    "area, jpeg 90 4:4:4": lambda a: jpeg(resized(a, 0.5, cv2.INTER_AREA), 90, CHROMA_FULL),
    "jpeg 90, jpeg 75": lambda a: jpeg(jpeg(a, 90), 75),
    "webp 80": lambda a: webp(a, 80),
}


def bit_colors(count: int) -> np.ndarray:
    """The VOC color map, whose levels are 0, 64, 128 and 192: many colors lie on the line between two others."""
    colors = np.zeros((count, 3), np.uint8)
    for k in range(count):
        for bit in range(8):
            for channel in range(3):
                colors[k, channel] |= ((k >> (3 * bit + channel)) & 1) << (7 - bit)
    return colors


PALETTES = {
    "sample": LEGEND,
    "bits": Palette(LEGEND.names, bit_colors(len(LEGEND))),
    "pastel": Palette(LEGEND.names, (LEGEND.colors[::-1] * 0.55 + 100).astype(np.uint8)),
}


def scenes(palette: Palette, count: int, seed: int) -> list[np.ndarray]:
    """Lossless scenes of 512x512 painted with a palette."""
    return [palette.paint(draw_scene(np.random.default_rng([seed, n]))[::2, ::2]) for n in range(count)]
