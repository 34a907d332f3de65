"""Figures with captions or axes, and screenshots: told by letters in lines and by straight frames on plain paper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.image_kinds.kinds import FIGURE, SCREENSHOT, ImageKind
from kmseg.image_kinds.panels import find_spans_between_bars
from kmseg.pixels.local_range import largest_channel

MIN_GLYPHS = 12
"""Least number of letters in lines of text, for which an image is a page, a figure or a screenshot."""

MIN_CAPTION = 5
"""Least number of letters and digits in the margin of a figure: the numbers of an axis, a caption."""

MIN_TICKS = 3
"""Least number of digits along each axis of a figure whose numbers have one digit."""

GLYPH_HEIGHT = 5, 48
"""Height of a letter in pixels."""

LINE_OF_TEXT = 4
"""Least number of letters in one line."""

MAX_FILL = 0.68
"""Largest median share of its box that a letter of a line fills: rows of plants or cells, round and solid, fill 0.7 to
0.8."""

FRAME_LENGTH = 0.25
"""Least length of an axis, as a share of the side of what is drawn on the paper."""

MIN_PAPER, MIN_MARGIN = 224, 4
"""Least level of each channel of white paper; least margin around the panels on it, in pixels."""

PAPER_RANGE, INK = 8, 24
"""Levels by which paper may vary, and from which on a pixel is no paper: JPEG rings between."""

PAGE_PIXELS = 1 << 20
"""Pixels above which an image is reduced before letters are looked for."""

Frame = tuple[int, int, int, int]
"""Left, right, top and bottom of what is within a margin, in pixels."""


def find_page(image: NDArray[np.uint8], content: ImageKind) -> ImageKind | None:
    """Tell a figure with captions or axes, or a screenshot, by its lines of text.

    Letters are small connected areas darker or lighter than what surrounds them, of about one height, standing side by
    side on one line, and of different shapes: windows of a facade or lane markings fill their boxes, letters do not.
    """
    gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    if height * width > PAGE_PIXELS:
        scale = (PAGE_PIXELS / (height * width)) ** 0.5
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(gray.shape) < 64:
        return None
    measures = dict(content.measures)
    for frame in _frames(gray):
        words, digits = (_outside(_letters(gray, int(gray[0, 0]) > 127, least), frame) for least in (2, 1))
        outside = max(len(words), _count_ticks(digits))
        measures["letters"] = float(outside)
        if outside >= MIN_CAPTION:
            return ImageKind(FIGURE, float(np.clip(outside / 20, 0.6, 0.95)), measures)
    if has_panels_on_paper(image):
        return ImageKind(FIGURE, 0.8, measures)
    glyphs = max(len(_letters(gray, dark, least=LINE_OF_TEXT)) for dark in (True, False))
    measures["letters"] = float(glyphs)
    if glyphs >= MIN_GLYPHS and (content.is_label or glyphs >= 5 * MIN_GLYPHS):
        return ImageKind(SCREENSHOT, float(np.clip(glyphs / 60, 0.5, 0.9)), measures)
    return None


def has_panels_on_paper(image: NDArray[np.uint8]) -> bool:
    """Tell whether an image is white paper with several pictures of one size on it, as plotting libraries save them.

    The pictures are rectangles side by side or above each other, and none of them is of one color.
    """
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(int)
    paper = np.median(border, axis=0)
    if paper.min() < MIN_PAPER or np.abs(border - paper).max() > PAPER_RANGE:
        return False
    difference = cv2.absdiff(np.ascontiguousarray(image), paper.astype(np.uint8).astype(float))
    ink = largest_channel(difference) > INK
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return False
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if min(top, image.shape[0] - bottom, left, image.shape[1] - right) < MIN_MARGIN:
        return False
    content = image[top:bottom, left:right]
    for axis, lines in ((1, content), (0, content.swapaxes(0, 1))):
        spans = find_spans_between_bars(content, axis)
        if len(spans) > 1:
            return all(np.ptp(lines[:, start + 2 : end - 2].reshape(-1, 3), axis=0).max() > INK for start, end in spans)
    return False


def _outside(marks: NDArray[np.int64], frame: Frame) -> NDArray[np.int64]:
    """Return the marks `(n, 4)` whose middles are outside of a frame."""
    left, right, top, bottom = frame
    x, y = marks[:, 0] + marks[:, 2] / 2, marks[:, 1] + marks[:, 3] / 2
    return marks[(x < left) | (x > right) | (y < top) | (y > bottom)]


def _count_ticks(marks: NDArray[np.int64]) -> int:
    """Return how many digits of one height number both axes: three and more on one line, and on one vertical."""
    if not len(marks):
        return 0
    x, y, w, h = marks[np.abs(marks[:, 3] - np.median(marks[:, 3])) <= 1].T
    below, beside = (int(np.convolve(np.bincount(ends, minlength=1), np.ones(3)).max()) for ends in (y + h, x + w))
    return below + beside if min(below, beside) >= MIN_TICKS else 0


def _letters(gray: NDArray[np.uint8], dark: bool, least: int) -> NDArray[np.int64]:
    """Return the boxes (left, top, width, height) of what looks like letters, `least` and more in a line, `(n, 4)`."""
    around = cv2.medianBlur(gray, 21) if min(gray.shape) > 21 else gray
    ink = cv2.subtract(around, gray) if dark else cv2.subtract(gray, around)
    mask = (ink > 48).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    stats = stats[1:].astype(np.int64)
    if not 0 < count - 1 <= 20000:
        return np.zeros((0, 4), np.int64)
    x, y, w, h, area = stats.T
    fill = area / (w * h)
    able = (h >= GLYPH_HEIGHT[0]) & (h <= GLYPH_HEIGHT[1]) & (w >= 2) & (w <= 2 * h) & (fill > 0.2) & (fill < 0.85)
    boxes, fill = stats[able][:, :4], fill[able]
    order = np.argsort(boxes[:, 0], kind="stable")
    boxes, fill = boxes[order], fill[order]
    x, y, w, h = boxes.T
    part_of_line = np.zeros(len(boxes), bool)
    right_of = np.full(len(boxes), -1)
    for i in range(len(boxes)):
        j = (
            i
            + 1
            + np.flatnonzero(
                (x[i + 1 : i + 60] >= x[i] + w[i] - 1)
                & (x[i + 1 : i + 60] <= x[i] + w[i] + h[i])
                & (np.abs(y[i + 1 : i + 60] + h[i + 1 : i + 60] - y[i] - h[i]) <= 1 + 0.1 * h[i])
                & (h[i + 1 : i + 60] >= 0.6 * h[i])
                & (h[i + 1 : i + 60] <= 1.7 * h[i])
            )
        )
        if len(j):
            right_of[i] = j[0]
    started = np.ones(len(boxes), bool)
    started[right_of[right_of >= 0]] = False
    for first in np.flatnonzero(started).tolist():
        line = [first]
        while right_of[line[-1]] >= 0:
            line.append(int(right_of[line[-1]]))
        varied = least < LINE_OF_TEXT or (
            np.ptp(fill[line]) > 0.15 and np.ptp(w[line]) >= 2 and np.median(fill[line]) <= MAX_FILL
        )
        if len(line) >= least and varied:
            part_of_line[line] = True
    return boxes[part_of_line]


def _frames(gray: NDArray[np.uint8]) -> list[Frame]:
    """Return the frames of the content within a margin of one color; none without such a margin.

    The outermost straight edges that run along a quarter of the image, or of what is drawn on it, bound it: the frame
    of axes, or a picture.
    """
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    paper = int(np.median(border))
    if (np.abs(border.astype(int) - paper) <= PAPER_RANGE).mean() < 0.9:
        return []
    ink = np.abs(gray.astype(int) - paper) > INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return []
    drawn = ink[rows[0] : rows[-1] + 1], ink[:, columns[0] : columns[-1] + 1]
    found = [_frame(across.mean(axis=0), along.mean(axis=1)) for across, along in ((ink, ink), drawn)]
    return [frame for frame in dict.fromkeys(found) if frame is not None]


def _frame(columns: NDArray[np.float64], rows: NDArray[np.float64]) -> Frame | None:
    """Return the frame of an image by the shares of ink in its columns and rows; None where no straight edge is."""
    edges = []
    for share in (columns, rows):
        filled = np.flatnonzero(share >= FRAME_LENGTH)
        if not len(filled) or filled[0] < 4 or filled[-1] >= len(share) - 4:
            return None
        if max(share[filled[0] - 4], share[filled[-1] + 4]) > FRAME_LENGTH / 2:  # a round object, not an edge
            return None
        edges += [int(filled[0]), int(filled[-1])]
    left, right, top, bottom = edges
    width, height = len(columns), len(rows)
    widest = max(left / width, 1 - right / width, top / height, 1 - bottom / height)
    return (left, right, top, bottom) if widest >= 0.03 else None
