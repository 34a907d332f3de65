"""Drawn sets of label images of many kinds under many kinds of damage, with their truth: benchmarks/legend_stress.py.

Scenes of random shapes, lines, text and floor plans, in palettes from two classes to the largest published ones, rare
classes among them; then what people's tools do to label images. The same seed draws the same sets.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from kmseg.legends.recognition import FOLDER

VISIBLE_WITHIN, VISIBLE_RANGE = 8.0, 12
"""RGB units from its class's color, and 3x3 range in levels, up to which a pixel shows its class after the damage."""

Colors = NDArray[np.uint8]
Mask = NDArray[np.uint8]
Encoded = tuple[bytes, str]
"""An image file's bytes and its suffix."""


# Palettes ------------------------------------------------------------------------------------------------------------


def random_palette(rng: Generator, k: int, gap: float) -> Colors:
    """Draw k colors from the whole cube, no two nearer than `gap` RGB units."""
    return _spread(rng, k, gap, lambda: rng.integers(0, 256, 3))


def clustered_palette(rng: Generator, k: int, gap: float) -> Colors:
    """Draw k colors in a few groups of shades, neighbors in a group little more than `gap` apart."""
    seeds = rng.integers(30, 226, (max(2, k // 5), 3))
    return _spread(rng, k, gap, lambda: np.clip(rng.normal(seeds[rng.integers(len(seeds))], 1.5 * gap), 0, 255))


def gray_ramp(rng: Generator, k: int, gap: float) -> Colors:
    """Return k grays, evenly spaced: each inner one lies on the line between all others."""
    step = 255 / max(k - 1, 1)
    k = k if step >= gap else int(255 // gap) + 1
    return np.repeat(np.rint(np.linspace(0, 255, k)).astype(np.uint8)[:, None], 3, axis=1)


def index_values(rng: Generator, k: int, gap: float) -> Colors:
    """Return the grays 0, 1, 2, ...: an index mask."""
    return np.repeat(np.arange(k, dtype=np.uint8)[:, None], 3, axis=1)


def voc_palette(rng: Generator, k: int, gap: float) -> Colors:
    """Return the first k colors of PASCAL VOC's color map, the default of many tools."""
    colors = np.zeros((k, 3), np.uint8)
    for index in range(k):
        for bit in range(8):
            for channel in range(3):
                colors[index, channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit)
    return colors


def collinear_palette(rng: Generator, k: int, gap: float) -> Colors:
    """Draw colors of which several lie on the line between two others, or in their box but off the line."""
    colors = list(random_palette(rng, max(k - 2, 2), 60))
    a, b = (color.astype(float) for color in colors[:2])
    colors.append(np.rint((a + b) / 2))
    if k > 3:
        low, high = np.minimum(a, b), np.maximum(a, b)
        share = rng.permutation([0.15, 0.5, 0.85])
        colors.append(np.rint(low + share * (high - low)))
    return np.array(colors, np.uint8)


def near_giant_palette(rng: Generator, k: int, gap: float) -> Colors:
    """Draw colors whose last one, to be drawn rarely, lies 15 to 20 units from the first, the largest."""
    colors = random_palette(rng, max(k - 1, 2), 40)
    first = colors[0].astype(float)
    for _ in range(1000):
        step = rng.normal(0, 1, 3)
        near = np.rint(first + step / np.linalg.norm(step) * rng.uniform(max(15, gap), 20))
        if near.min() >= 0 and near.max() <= 255:
            break
    return np.vstack([colors, np.clip(near, 0, 255).astype(np.uint8)])


def published_palettes() -> dict[str, Path]:
    """Map the slug of each published legend of the package to its file."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.csv")) if path.stem != "SOURCES"}


def published_palette(slug: str) -> Colors:
    """Return the distinct colors of a published legend, in the order of its rows."""
    with published_palettes()[slug].open(newline="", encoding="utf-8-sig") as file:
        rows = [tuple(int(float(row[channel])) for channel in "rgb") for row in csv.DictReader(file)]
    return np.array(list(dict.fromkeys(rows)), np.uint8)


PALETTES: dict[str, Callable[[Generator, int, float], Colors]] = {
    "random": random_palette,
    "clustered": clustered_palette,
    "gray_ramp": gray_ramp,
    "voc": voc_palette,
    "collinear": collinear_palette,
    "near_giant": near_giant_palette,
    "index": index_values,
}


def _spread(rng: Generator, k: int, gap: float, draw: Callable[[], NDArray[np.generic]]) -> Colors:
    """Draw k colors, each at least `gap` from those before; a gap that leaves no room shrinks."""
    colors: list[NDArray[np.float64]] = []
    while len(colors) < k:
        for _ in range(200):
            color = np.rint(np.asarray(draw(), float))
            if all(np.linalg.norm(color - other) >= gap for other in colors):
                colors.append(color)
                break
        else:
            gap *= 0.9
    return np.array(colors, np.uint8)


# Scenes --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Roles:
    """Which classes a set draws as what, and how often.

    Attributes
    ----------
    areas : ndarray of int
        Classes of areas, the largest first; the first is the usual background.
    shares : ndarray of float
        How often each of them is drawn.
    lines, border : sequence of int
        Classes that occur as lines of 1 to 3 pixels only, and one that only separates areas (empty: none).
    rare : sequence of (int, float)
        Classes that occur as small objects only, each with the share of images that hold one.
    single : sequence of (int, int, int)
        Classes that occur once: class, number of the image, pixels.
    """

    areas: NDArray[np.intp]
    shares: NDArray[np.float64]
    lines: Sequence[int] = ()
    border: Sequence[int] = ()
    rare: Sequence[tuple[int, float]] = ()
    single: Sequence[tuple[int, int, int]] = ()

    def pick(self, rng: Generator) -> int:
        """Draw the class of an area."""
        return int(rng.choice(self.areas, p=self.shares))

    def pick_line(self, rng: Generator) -> int:
        """Draw the class of a line."""
        return int(rng.choice(self.lines)) if len(self.lines) else self.pick(rng)


Style = Callable[[Generator, Mask, Roles, float], None]
"""Draws into a mask; the last argument is the number of its pixels to one of the finished image."""


def draw_polygons(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Draw polygons that overlap."""
    side = min(mask.shape)
    for _ in range(rng.integers(3, 14)):
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        radius = side * rng.uniform(0.05, 0.35) * rng.uniform(0.5, 1.0, len(angles))
        center = rng.uniform(0, 1, 2) * mask.shape[::-1]
        points = center + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], roles.pick(rng))


def draw_blobs(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Draw the areas in which one of several fields of smooth noise is the highest."""
    fields = []
    classes = [roles.pick(rng) for _ in range(rng.integers(2, 7))]
    cells = int(rng.integers(3, 10))
    for _ in classes:
        noise = rng.normal(0, 1, (cells, cells)).astype(np.float32)
        fields.append(cv2.resize(noise, mask.shape[::-1], interpolation=cv2.INTER_CUBIC))
    mask[...] = np.array(classes, np.uint8)[np.argmax(fields, axis=0)]


def draw_cells(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Draw the Voronoi cells of random points."""
    count = int(rng.integers(6, 60))
    places = np.full(mask.shape, 255, np.uint8)
    places[rng.integers(0, mask.shape[0], count), rng.integers(0, mask.shape[1], count)] = 0
    cells = cv2.distanceTransformWithLabels(places, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    classes = np.array([roles.pick(rng) for _ in range(int(cells.max()) + 1)], np.uint8)
    mask[...] = classes[cells]


def draw_nested(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Draw shapes within shapes, as organs or windows are."""
    side = min(mask.shape)
    for _ in range(rng.integers(1, 6)):
        center = (rng.uniform(0, 1, 2) * mask.shape[::-1]).astype(int)
        half = side * rng.uniform(0.08, 0.35, 2)
        turn = float(rng.uniform(0, 180))
        while half.min() > 2 * scale:
            size = (int(half[0]), int(half[1]))
            if rng.random() < 0.5:
                cv2.ellipse(mask, center.tolist(), size, turn, 0, 360, roles.pick(rng), -1)
            else:
                cv2.rectangle(mask, (center - size).tolist(), (center + size).tolist(), roles.pick(rng), -1)
            half = half * rng.uniform(0.3, 0.75)


def draw_lines(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Draw open lines of 1 to 3 pixels on what is there."""
    for _ in range(rng.integers(2, 10)):
        points = rng.uniform(0, 1, (rng.integers(2, 5), 2)) * mask.shape[::-1]
        width = max(1, round(rng.integers(1, 4) * scale))
        cv2.polylines(mask, [np.rint(points).astype(np.int32)], False, roles.pick_line(rng), width)


def draw_text(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Write words on what is there."""
    for _ in range(rng.integers(1, 5)):
        word = "".join(chr(rng.integers(65, 91)) for _ in range(rng.integers(3, 9)))
        place = (rng.uniform(0, 0.8, 2) * mask.shape[::-1]).astype(int).tolist()
        width = max(1, round(rng.integers(1, 3) * scale))
        size = float(rng.uniform(0.4, 1.2) * scale)
        cv2.putText(mask, word, place, cv2.FONT_HERSHEY_SIMPLEX, size, roles.pick_line(rng), width)


def draw_border(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Separate all areas by a line of the border's class, as PASCAL VOC does."""
    edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    width = max(1, round(rng.integers(1, 4) * scale))
    edge = cv2.dilate(edge.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    mask[edge] = roles.border[0] if len(roles.border) else roles.pick_line(rng)


def draw_floor_plan(rng: Generator, mask: Mask, roles: Roles, scale: float) -> None:
    """Draw rooms with walls, doors and windows of 1 to 3 pixels on an empty sheet."""
    height, width = mask.shape
    mask[...] = roles.areas[0]
    wall, opening = roles.pick_line(rng), roles.pick_line(rng)
    thick = max(1, round(rng.integers(1, 4) * scale))
    margin = (rng.uniform(0.03, 0.15, 4) * [height, width, height, width]).astype(int)
    rooms = [(margin[0], margin[1], height - margin[2], width - margin[3])]
    while len(rooms) < rng.integers(3, 9):
        top, left, bottom, right = rooms.pop(0)
        if bottom - top > right - left:
            cut = int(top + (bottom - top) * rng.uniform(0.35, 0.65))
            rooms += [(top, left, cut, right), (cut, left, bottom, right)]
        else:
            cut = int(left + (right - left) * rng.uniform(0.35, 0.65))
            rooms += [(top, left, bottom, cut), (top, cut, bottom, right)]
    for top, left, bottom, right in rooms:
        if rng.random() < 0.6:
            cv2.rectangle(mask, (left, top), (right, bottom), roles.pick(rng), -1)
    for top, left, bottom, right in rooms:
        cv2.rectangle(mask, (left, top), (right, bottom), wall, thick)
    for top, left, bottom, right in rooms:
        at, long = left + (right - left) * rng.uniform(0.1, 0.6), (right - left) * rng.uniform(0.15, 0.3)
        row = int(rng.choice([top, bottom]))
        cv2.line(mask, (int(at), row), (int(at + long), row), opening, thick)


AREA_STYLES: dict[str, Style] = {
    "polygons": draw_polygons,
    "blobs": draw_blobs,
    "cells": draw_cells,
    "nested": draw_nested,
    "floor_plan": draw_floor_plan,
}

DETAIL_STYLES: dict[str, Style] = {"lines": draw_lines, "text": draw_text, "border": draw_border}


def draw_mask(rng: Generator, shape: tuple[int, int], roles: Roles, styles: Sequence[str], scale: float) -> Mask:
    """Draw one index mask: a background, areas, then details. One image in twelve is nearly empty."""
    mask = np.full(shape, roles.areas[0] if rng.random() < 0.7 else roles.pick(rng), np.uint8)
    empty = rng.random() < 1 / 12
    for style in styles:
        if not (empty and style != "nested"):
            (AREA_STYLES | DETAIL_STYLES)[style](rng, mask, roles, scale)
    return mask


def add_small_objects(rng: Generator, mask: Mask, roles: Roles, number: int, scale: float) -> None:
    """Add the objects of rare classes that image `number` holds."""
    for klass, share in roles.rare:
        if rng.random() < share:
            _add_object(rng, mask, klass, int(rng.integers(30, 300)), scale)
    for klass, image, pixels in roles.single:
        if image == number:
            _add_object(rng, mask, klass, pixels, scale)


def _add_object(rng: Generator, mask: Mask, klass: int, pixels: int, scale: float) -> None:
    """Add a compact object of about so many finished pixels, wholly inside the image."""
    aspect = rng.uniform(0.6, 1.6)
    half = np.maximum(scale * np.sqrt(pixels * np.array([aspect, 1 / aspect])) / 2, 0.5)
    low = half + 3 * scale
    center = rng.uniform(low, np.maximum(np.array(mask.shape[::-1]) - low, low + 1))
    first, last = np.rint(center - half).astype(int), np.rint(center + half).astype(int) - 1
    if pixels > 60 and rng.random() < 0.5:
        middle, size = ((first + last) // 2).tolist(), np.maximum((last - first) // 2, 1).tolist()
        cv2.ellipse(mask, middle, size, 0, 0, 360, klass, -1)
    else:
        cv2.rectangle(mask, first.tolist(), np.maximum(last, first).tolist(), klass, -1)


# Damage --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Damage:
    """What is done to the label images of a set.

    Attributes
    ----------
    name : str
    kind : str
        The group that it is reported in.
    encode : callable
        From the painted image `(H, W, 3)` RGB, the size `(width, height)` of the finished one and a generator to the
        file's bytes and its suffix.
    scale : (float, float)
        Range of the number of drawn pixels to one of the finished image.
    gap : float
        Least RGB distance of two classes in random palettes: what the damage leaves apart.
    """

    name: str
    kind: str
    encode: Callable[[Colors, tuple[int, int], Generator], Encoded]
    scale: tuple[float, float] = (1.0, 1.0)
    gap: float = 14.0


SAMPLING = {
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def encode_jpeg(image: Colors, quality: int, sampling: str = "420") -> bytes:
    """Encode an RGB image as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLING[sampling]]
    return cv2.imencode(".jpg", image[..., ::-1], options)[1].tobytes()


def decode(data: bytes) -> Colors:
    """Decode an image file to RGB."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(image[..., ::-1])


def _png(image: Colors) -> Encoded:
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes(), ".png"


def _save(image: Image.Image, suffix: str, **options: object) -> Encoded:
    stream = io.BytesIO()
    image.save(stream, {".webp": "WEBP", ".png": "PNG", ".bmp": "BMP", ".tif": "TIFF"}[suffix], **options)
    return stream.getvalue(), suffix


def _lossless(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    """Write any lossless format: true color, or a color table."""
    kind = rng.choice(["png", "png", "paletted", "bmp", "tiff", "webp"])
    if kind == "png":
        return _png(image)
    picture = Image.fromarray(image)
    if kind == "paletted":
        colors, index = np.unique(image.reshape(-1, 3), axis=0, return_inverse=True)
        if len(colors) > 256:
            return _png(image)
        picture = Image.fromarray(index.reshape(image.shape[:2]).astype(np.uint8), "L").convert("P")
        picture.putpalette(colors.astype(np.uint8).tobytes())
        return _save(picture, ".png")
    if kind == "webp":
        return _save(picture, ".webp", lossless=True, exact=True)
    return _save(picture, ".bmp" if kind == "bmp" else ".tif")


def _jpeg(quality: int, sampling: str) -> Callable[[Colors, tuple[int, int], Generator], Encoded]:
    return lambda image, size, rng: (encode_jpeg(image, quality, sampling), ".jpg")


def _jpeg_then_png(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    return _png(decode(encode_jpeg(image, int(rng.integers(75, 99)), str(rng.choice(["420", "444"])))))


def _jpeg_twice(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    return encode_jpeg(decode(encode_jpeg(image, int(rng.integers(80, 96)))), int(rng.integers(75, 96))), ".jpg"


def _jpeg_resized_png(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    decoded = decode(encode_jpeg(image, int(rng.integers(80, 96))))
    return _png(cv2.resize(decoded, size, interpolation=cv2.INTER_CUBIC))


def _resized(method: int) -> Callable[[Colors, tuple[int, int], Generator], Encoded]:
    return lambda image, size, rng: _png(cv2.resize(image, size, interpolation=method))


def _resized_jpeg(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    return encode_jpeg(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), 75), ".jpg"


def _few_colors(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    """Reduce an antialiased image to a color table of 256 colors, by median cut."""
    smooth = Image.fromarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return _save(smooth.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE), ".png")


def _webp(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    return _save(Image.fromarray(image), ".webp", quality=int(rng.integers(75, 96)))


def _mixed(image: Colors, size: tuple[int, int], rng: Generator) -> Encoded:
    """Write most images lossless and some as JPEG."""
    return _lossless(image, size, rng) if rng.random() < 0.8 else _jpeg(90, "420")(image, size, rng)


def _all_damages() -> Iterator[Damage]:
    yield Damage("none", "lossless", _lossless, gap=3.0)
    yield Damage("mixed", "lossless", _mixed)
    yield Damage("antialiased", "resized", _resized(cv2.INTER_AREA), (4.0, 4.0))
    yield Damage("bilinear_up", "resized", _resized(cv2.INTER_LINEAR), (0.4, 0.8))
    yield Damage("bilinear_down", "resized", _resized(cv2.INTER_LINEAR), (1.2, 3.0))
    yield Damage("bicubic_up", "resized", _resized(cv2.INTER_CUBIC), (0.4, 0.8))
    yield Damage("bicubic_down", "resized", _resized(cv2.INTER_CUBIC), (1.2, 3.0))
    yield Damage("area_down", "resized", _resized(cv2.INTER_AREA), (1.2, 3.0))
    yield Damage("jpeg_png", "once lossy", _jpeg_then_png)
    yield Damage("jpeg_resized_png", "once lossy", _jpeg_resized_png, (1.2, 2.0))
    for sampling in SAMPLING:
        yield Damage(f"jpeg60_{sampling}", "jpeg below 75", _jpeg(60, sampling))
        for quality in (75, 90, 95, 100):
            yield Damage(f"jpeg{quality}_{sampling}", "jpeg from 75", _jpeg(quality, sampling))
    yield Damage("bicubic_jpeg75", "jpeg from 75", _resized_jpeg, (1.2, 3.0))
    yield Damage("jpeg_twice", "jpeg twice", _jpeg_twice)
    yield Damage("few_colors", "few colors", _few_colors, (4.0, 4.0))
    yield Damage("webp", "webp", _webp)


DAMAGES: dict[str, Damage] = {damage.name: damage for damage in _all_damages()}


# Sets ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class StressSet:
    """Label images with their truth.

    Attributes
    ----------
    name : str
    files : list of (bytes, str)
        Each image's file and its suffix.
    palette : ndarray of shape (k, 3), uint8
        The colors that were drawn with; a class is its row.
    masks : list of ndarray of shape (H, W), uint8
        The true class of each pixel.
    interior : ndarray of shape (k,), int64
        Pixels of each class whose 5x5 neighborhood, inside the image, is of the same class.
    pixels : ndarray of shape (k,), int64
        All pixels of each class.
    visible : ndarray of shape (k,), int64
        Flat pixels of each class within `VISIBLE_WITHIN` of its color in the damaged images.
    """

    name: str
    files: list[Encoded]
    palette: Colors
    masks: list[Mask] = field(repr=False)
    interior: NDArray[np.int64] = field(repr=False)
    pixels: NDArray[np.int64] = field(repr=False)
    visible: NDArray[np.int64] = field(repr=False)


def make_set(
    seed: int,
    palette: str | Colors = "random",
    damage: str = "none",
    images: int = 20,
    size: int = 256,
    *,
    classes: int | None = None,
    styles: Sequence[str] | None = None,
    even: bool = False,
) -> StressSet:
    """Draw a set of label images; the first n images of a longer set are those of the set of n.

    Parameters
    ----------
    seed : int
        The same seed and options draw the same set.
    palette : str or ndarray of shape (k, 3)
        A key of `PALETTES`, the slug of a published legend, or colors.
    damage : str
        A key of `DAMAGES`.
    images, size : int
        Number of images; their height and about their width, in pixels.
    classes : int or None
        Number of classes of a palette that is drawn; None draws it, 2 to 24.
    styles : sequence of str or None
        Keys of `AREA_STYLES` and `DETAIL_STYLES`, drawn one over the other; None draws them.
    even : bool
        Whether all classes are areas, equally often; else some are lines, borders, small or single objects.
    """
    rng = np.random.default_rng([seed, 0])
    kind = DAMAGES[damage]
    k = int(classes or np.exp(rng.uniform(np.log(2), np.log(25))))
    colors = _colors(rng, palette, k, kind.gap)
    drawn = [str(rng.choice(list(AREA_STYLES)))] + [s for s in DETAIL_STYLES if rng.random() < 0.25]
    styles = list(drawn if styles is None else styles)
    # The last color of `near_giant` is the one to be rare, its first one the background.
    keep_order = isinstance(palette, str) and palette == "near_giant"
    order = np.arange(len(colors)) if keep_order else rng.permutation(len(colors))
    roles = _even_roles(order) if even else _roles(rng, order, styles, images, small=kind.kind == "lossless")
    scale = float(rng.uniform(*kind.scale))
    width = int(size * rng.choice([1.0, 1.25, 1.5]))
    return _draw_set(f"{seed}-{damage}", seed, colors, kind, roles, styles, scale, (width, size), images)


def _colors(rng: Generator, palette: str | Colors, k: int, gap: float) -> Colors:
    if not isinstance(palette, str):
        return np.asarray(palette, np.uint8)
    return PALETTES[palette](rng, k, gap) if palette in PALETTES else published_palette(palette)


def _even_roles(order: NDArray[np.intp]) -> Roles:
    return Roles(order, np.full(len(order), 1 / len(order)))


def _roles(rng: Generator, order: NDArray[np.intp], styles: Sequence[str], images: int, small: bool) -> Roles:
    """Deal out the classes: from the last ones single, rare, border and line classes, the others areas."""
    left = order.tolist()
    single, rare, border, lines = [], [], [], []
    if len(left) > 3 and rng.random() < 0.5:
        pixels = int(np.exp(rng.uniform(np.log(10), np.log(400 if small else 800))))
        single = [(left.pop(), int(rng.integers(min(images, 10))), pixels)]
    if len(left) > 3 and rng.random() < 0.5:
        rare = [(left.pop(), float(rng.uniform(0.1, 0.5)))]
    if len(left) > 2 and "border" in styles:
        border = [left.pop()]
    while len(left) > 2 and len(lines) < 2 and {"lines", "text", "floor_plan"} & set(styles):
        lines.append(left.pop())
    shares = 1 / np.arange(1, len(left) + 1) ** rng.uniform(0.3, 1.2)
    return Roles(np.array(left), shares / shares.sum(), lines, border, rare, single)


def _draw_set(
    name: str,
    seed: int,
    colors: Colors,
    damage: Damage,
    roles: Roles,
    styles: Sequence[str],
    scale: float,
    size: tuple[int, int],
    images: int,
) -> StressSet:
    files, masks = [], []
    interior, pixels, visible = (np.zeros(len(colors), np.int64) for _ in range(3))
    shape = (round(size[1] * scale), round(size[0] * scale))
    for number in range(images):
        rng = np.random.default_rng([seed, 1, number])
        fine = draw_mask(rng, shape, roles, styles, scale)
        add_small_objects(rng, fine, roles, number, scale)
        mask = fine if scale == 1 else cv2.resize(fine, size, interpolation=cv2.INTER_NEAREST_EXACT)
        data, suffix = damage.encode(colors[fine], size, rng)
        files.append((data, suffix))
        masks.append(mask)
        for total, counted in zip((interior, pixels, visible), _count_pixels(data, mask, colors), strict=True):
            total += counted
    return StressSet(name, files, colors, masks, interior, pixels, visible)


def _count_pixels(data: bytes, mask: Mask, colors: Colors) -> tuple[NDArray[np.int64], ...]:
    """Count of one image the interior pixels of each class, all of them, and the flat ones that have its color."""
    image = decode(data)
    kernel = np.ones((3, 3), np.uint8)
    flat = cv2.subtract(cv2.dilate(image, kernel), cv2.erode(image, kernel)).max(axis=2) <= VISIBLE_RANGE
    apart = np.linalg.norm(image.astype(np.float32) - colors[mask].astype(np.float32), axis=2)
    chosen = (mask[_is_interior(mask)], mask.ravel(), mask[flat & (apart <= VISIBLE_WITHIN)])
    return tuple(np.bincount(part, minlength=len(colors)) for part in chosen)


def _is_interior(mask: Mask) -> NDArray[np.bool_]:
    kernel = np.ones((5, 5), np.uint8)
    flat = cv2.dilate(mask, kernel) == cv2.erode(mask, kernel)
    flat[:2] = flat[-2:] = False
    flat[:, :2] = flat[:, -2:] = False
    return flat


def write_set(folder: Path, made: StressSet, source: str = "") -> Path:
    """Write a set as files: `labels/`, `truth/` (index masks), `PALETTE.csv`, `SOURCE.txt`, `EXPECT.json`."""
    for part in ("labels", "truth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, ((data, suffix), mask) in enumerate(zip(made.files, made.masks, strict=True)):
        (folder / "labels" / f"{number:04d}{suffix}").write_bytes(data)
        cv2.imwrite(str(folder / "truth" / f"{number:04d}.png"), mask)
    rows = [",".join(map(str, (f"c{k}", *color))) for k, color in enumerate(made.palette.tolist())]
    (folder / "PALETTE.csv").write_text("\n".join(["name,r,g,b", *rows, ""]))
    (folder / "SOURCE.txt").write_text(f"drawn by benchmarks/legend_stress.py: {made.name} {source}\nlayout: folder\n")
    (folder / "EXPECT.json").write_text(json.dumps({"names": "any"}))
    return folder


def deal_sets(seed: int, sets: int, damages: Sequence[str], size: int, most_images: int) -> Iterator[StressSet]:
    """Draw sets, the damages in turn; palettes, numbers of classes and of images are drawn."""
    slugs = list(published_palettes())
    for number in range(sets):
        rng = np.random.default_rng([seed, 2, number])
        damage = damages[number % len(damages)]
        palettes = [name for name in PALETTES if damage == "none" or name != "index"] + ["published"] * 2
        palette = str(rng.choice(palettes))
        if palette == "published":
            palette = str(rng.choice(slugs))
        images = int(np.exp(rng.uniform(0, np.log(most_images + 1))))
        yield make_set(int(rng.integers(1 << 31)), palette, damage, images, size)


def make_dense_set(slug: str, damage: str, images: int, size: int, seed: int = 0) -> StressSet:
    """Draw scenes in all colors of a large published palette, each equally often, as cells and polygons."""
    return make_set(seed, slug, damage, images, size, styles=("cells", "polygons"), even=True)


def first_images(made: StressSet, images: int) -> StressSet:
    """Return the first images of a set, with their own counts of interior and visible pixels."""
    interior, pixels, visible = (np.zeros(len(made.palette), np.int64) for _ in range(3))
    for (data, _), mask in zip(made.files[:images], made.masks[:images], strict=True):
        for total, counted in zip((interior, pixels, visible), _count_pixels(data, mask, made.palette), strict=True):
            total += counted
    return StressSet(made.name, made.files[:images], made.palette, made.masks[:images], interior, pixels, visible)
