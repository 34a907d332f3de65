"""Thin objects in JPEG have no flat pixel, and yet their color is told; what only looks like one has none."""

import cv2
import numpy as np
import pytest

from kmseg.discovery.planes import Planes
from kmseg.discovery.statistics_kernels import MARGIN
from kmseg.discovery.thin_kernels import ALIKE, AROUND, LEAST_WINDOWS, STEP, WINDOW, find_thin, group_colors
from kmseg.discovery.thin_objects import FILTER, ThinObjects
from kmseg.images import LabelImage
from tests.reference import fit_window
from tests.reference import group_colors as group_colors_of_numpy
from tests.support.kinds import as_jpeg

WALL, LINES = (70, 90, 160), (230, 190, 20)


def find(label, quality=80):
    image = LabelImage.from_array(as_jpeg(label, quality))
    thin = ThinObjects(image.encoding, len(image.pixels))
    for top, planes in Planes().of(image.pixels):
        thin.look(planes, top)
    return [((code >> 16, code >> 8 & 255, code & 255), shapes) for code, shapes in thin.colors()]


def draw():
    """Draw a plan of thin walls at all angles."""
    label = np.full((160, 192, 3), WALL, np.uint8)
    for number, angle in enumerate(np.linspace(0.2, 2.9, 12)):
        middle = np.array([16 + 32 * (number % 6), 36 + 80 * (number // 6)])
        step = np.array([np.cos(angle), np.sin(angle)]) * 12
        ends = (tuple((middle + sign * step).astype(int).tolist()) for sign in (-1, 1))
        cv2.line(label, *ends, LINES, 3, cv2.LINE_8)
    return label


@pytest.mark.parametrize("quality", [75, 90])
def test_lines_show_their_color(quality):
    (color, shapes), *_ = find(draw(), quality)
    assert np.abs(np.array(color) - LINES).max() <= 6
    assert shapes >= 20


def test_soft_edges_show_none():
    assert find(cv2.GaussianBlur(draw(), (0, 0), 1.2)) == []


def test_windows_along_a_straight_line_count_once():
    label = np.full((256, 256, 3), WALL, np.uint8)
    label[:, 100:103] = LINES
    assert all(shapes <= 3 for _, shapes in find(label))
    assert sum(shapes for _, shapes in find(label)) < 10 < 2 * 31


def test_the_compiled_fit_is_that_of_numpy():
    image = np.ascontiguousarray(as_jpeg(draw(), 90))
    planes = np.ascontiguousarray(
        np.pad(image, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), "edge").transpose(2, 0, 1)
    )
    found, shapes = np.empty((2000, 4), np.float32), np.empty(2000, np.uint64)
    side, anything = np.float32(FILTER), (np.float32(99), np.float32(99))
    count = find_thin(planes, (MARGIN, 0, len(image)), (side, side), np.float32(0), anything, found, shapes)
    places = [(y, x) for y in range(0, 160 - 15, STEP) for x in range(0, 192 - 15, STEP)]
    windows = [image[y : y + WINDOW, x : x + WINDOW] for y, x in places]
    fits = [fit_window(window, FILTER) for window in windows if np.ptp(window.mean(axis=2)) > 20]
    expected = np.array([fit[:3] for fit in fits])
    apart = np.abs(found[:count, None, :3] - expected).max(axis=2).min(axis=1)
    assert count > 20
    assert apart.max() < 0.05


@pytest.mark.parametrize("seed", range(8))
def test_the_compiled_groups_are_those_of_numpy(seed):
    random = np.random.default_rng(seed)
    spread = random.normal(0, [[2], [9], [4]], (25, 3, 3)).transpose(1, 0, 2)
    colors = np.concatenate([*(random.uniform(20, 235, (3, 1, 3)) + spread), random.uniform(0, 255, (10, 3))])
    weight, shapes = random.uniform(0.5, 3, len(colors)), random.integers(0, 20, len(colors)).astype(np.uint64)
    expected = group_colors_of_numpy(colors, weight, shapes, ALIKE, AROUND, LEAST_WINDOWS)
    groups = np.empty((len(colors) // LEAST_WINDOWS, 2), np.int64)
    count = group_colors(colors.copy(), weight.copy(), shapes.copy(), np.empty(3), np.empty_like(shapes), groups)
    found = [((code >> 16, code >> 8 & 255, code & 255), distinct) for code, distinct in groups[:count].tolist()]
    assert expected
    assert found == expected
