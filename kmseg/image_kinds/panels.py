"""Panels side by side, above each other: photo and label, or true and predicted labels, in one file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.image_kinds.content import classify_content
from kmseg.image_kinds.kinds import COLOR_LABEL, LABEL_KINDS, PLAIN_BACKGROUND, SMALL, ImageKind, Panels
from kmseg.pixels.local_range import FLAT_RANGE, local_range

MAX_PANEL_DOUBT = 2.0
"""Doubt up to which a panel is the label if it is in half as much doubt as the next: busy labels in JPEG."""

MIN_CLARITY = 0.8
"""Least mean of |log2 doubt| of panels without bars. Halves of one busy label are between label and photo, 0.1 to 0.6;
photo and label are at 1.2 and more."""

MIN_PANEL_SIDE, MIN_JOINED_SIDE = 24, 48
"""Least side of a panel, in pixels: between bars, and without, where the colors alone tell a photo from a label. Parts
of 32x32 pixels of a label in JPEG are now and then as mixed as a photo."""

MAX_PANELS = 4
"""Panels in a row that are looked for where no bar parts them."""

BAR_RANGE = 24
"""Levels that a bar between panels may span along its length: JPEG rings beside it."""

BAR_CONTRAST = 0.7
"""Least share of a bar's length along which what lies beside it differs from it."""

MAX_BARRED_PANELS = 8
"""Panels in a row that are looked for where bars part them."""

MAYBE_LABELS, MIN_PHOTO_DOUBT = (PLAIN_BACKGROUND, SMALL), 3.0
"""Reasons for which a part of a label in JPEG may be taken for a photo, and the doubt from which on it is one even so.
Measured: parts of drawn labels 2.0 to 2.5, photos in panels mostly 5 to 16."""

MAX_WALL, MIN_WALL_SHARE = 5, 0.01
"""Width in pixels up to which gray bars between labels may be lines of a class, such as walls of a floor plan; colored
ones may be at any width, since programs leave white, black or gray between panels. Least share of the panels' pixels in
the bars' color that makes them so."""

REPEAT_SIDE = 512
"""Rows and columns of a half, about, that are compared with those of the other half."""

BAND, BAND_ROWS = 16, 1024
"""Rows of a band, and of all bands that are taken of an image, about, to compare the colors of its halves."""

SEAM_CONTRAST = 12.0
"""Step across the seam between two panels without a bar, in levels: more than JPEG leaves in a flat area."""

SEAM_LENGTH = 0.25
"""Least share of the seam's length that steps."""


def find_panels(image: NDArray[np.uint8], content: ImageKind) -> Panels | None:
    """Find panels side by side, above each other, or both."""
    height, width = image.shape[:2]
    columns, rows = find_spans_between_bars(image, 1), find_spans_between_bars(image, 0)
    if columns or rows:
        found = _panels(image, rows or [(0, height)], columns or [(0, width)])[0]
        if not _is_divided_by_walls(image, found):
            return found
    best: tuple[float, Panels] | None = None
    for axis in (1, 0):
        size = image.shape[axis]
        for n in range(2, MAX_PANELS + 1):
            if size // n < MIN_JOINED_SIDE or not _has_seams(image, axis, n):
                continue
            spans = _equal_spans(size, n)
            found, clarity = _panels(image, *(([(0, height)], spans) if axis == 1 else (spans, [(0, width)])))
            mixed = _is_mixed(found, clarity)
            if n == 2 and not mixed:
                mixed = (axis == 1 and _share_no_color(image)) or (content.is_label and _halves_repeat(image, axis))
            if mixed and (best is None or clarity > best[0] + 0.1):
                best = clarity, found
    return best[1] if best else _find_grid(image)


def _is_divided_by_walls(image: NDArray[np.uint8], found: Panels) -> bool:
    """Tell whether bars between labels, thin or colored, have a color that the labels have inside."""
    if not LABEL_KINDS.issuperset(found.kinds):
        return False
    top, bottom, left, right = found.boxes[0]
    middle = found.bar // 2
    bar = image[top:bottom, right + middle] if found.columns > 1 else image[bottom + middle, left:right]
    color = np.median(bar, axis=0)
    if found.bar > MAX_WALL and np.ptp(color) <= BAR_RANGE:
        return False
    inside = np.concatenate([image[y:b, x:r].reshape(-1, 3) for y, b, x, r in found.boxes])
    alike = np.abs(inside.astype(int) - color).max(axis=1) <= BAR_RANGE
    return bool(alike.mean() >= MIN_WALL_SHARE)


def _find_grid(image: NDArray[np.uint8]) -> Panels | None:
    """Find panels without bars in two rows and columns, or more."""
    counts = [[n for n in range(2, MAX_PANELS + 1) if image.shape[axis] // n >= MIN_JOINED_SIDE] for axis in (0, 1)]
    down, across = ([n for n in counts[axis] if _has_seams(image, axis, n)] for axis in (0, 1))
    for rows, columns in itertools.product(down[:1], across[:1]):
        found, clarity = _panels(image, _equal_spans(image.shape[0], rows), _equal_spans(image.shape[1], columns))
        if _is_mixed(found, clarity):
            return found
    return None


def _equal_spans(size: int, n: int) -> list[tuple[int, int]]:
    """Return where n panels of equal size begin and end."""
    return list(itertools.pairwise(round(size * i / n) for i in range(n + 1)))


def _is_mixed(found: Panels, clarity: float) -> bool:
    """Tell whether some panels are labels and others are clearly none."""
    return found.label is not None and bool(set(found.kinds) - LABEL_KINDS) and clarity >= MIN_CLARITY


def _halves_repeat(image: NDArray[np.uint8], axis: int) -> bool:
    """Tell whether the two halves show the same, as a true label beside a predicted one."""
    half = image.shape[axis] // 2
    first, second = (image[:, :half], image[:, -half:]) if axis == 1 else (image[:half], image[-half:])
    step = max(2, max(first.shape[:2]) // REPEAT_SIDE)
    first, second = first[::step, ::step].astype(np.int16), second[::step, ::step].astype(np.int16)
    common = np.median(np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)]), axis=0)
    marked = (np.abs(first - common).max(axis=2) > BAR_RANGE) | (np.abs(second - common).max(axis=2) > BAR_RANGE)
    equal = np.abs(first - second).max(axis=2) <= BAR_RANGE
    return bool(marked.mean() >= 0.05 and equal[marked].mean() >= 0.6)


def _share_no_color(image: NDArray[np.uint8]) -> bool:
    """Tell whether the two halves have no flat color in common, as a label beside a map of another style."""
    half = image.shape[1] // 2
    bands, cells = _bands(image), []
    for part in (bands[:, :half], bands[:, -half:]):
        red, green, blue = cv2.split(part[local_range(part) <= FLAT_RANGE].reshape(1, -1, 3))
        cell = (red & 0xF0).astype(np.uint16) << 4 | (green & 0xF0) | blue >> 4
        cells.append(np.bincount(cell.ravel(), minlength=16**3))
    if not all(counts.any() for counts in cells):
        return False
    shared = cells[0].astype(bool) & cells[1].astype(bool)
    return bool(max(counts[shared].sum() / counts.sum() for counts in cells) < 0.05)


def _bands(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return bands of rows of a tall image, about `BAND_ROWS` in all, one below the other."""
    apart = BAND * (len(image) // BAND_ROWS)
    if apart <= BAND:
        return image
    return np.concatenate([image[top : top + BAND] for top in range(0, len(image) - BAND + 1, apart)])


def _panels(
    image: NDArray[np.uint8], rows: Sequence[tuple[int, int]], columns: Sequence[tuple[int, int]]
) -> tuple[Panels, float]:
    """Return the panels, and how clearly each is a label or none: the mean of |log2 doubt|, at most 2; 0 where those
    that are none may be labels in JPEG."""
    boxes = [(*row, *column) for row in rows for column in columns]
    found = []
    for top, bottom, left, right in boxes:
        part = image[top:bottom, left:right]
        found.append(classify_content(part))
    kinds = [each.kind for each in found]
    label = next((i for i, kind in enumerate(kinds) if kind in LABEL_KINDS), None)
    if label is None:  # one panel is far more like a label than the others
        doubts = [each.measures["doubt"] for each in found]
        first, second = np.sort(doubts)[:2]
        if first <= MAX_PANEL_DOUBT and first <= second / 2:
            label = int(np.argmin(doubts))
            kinds[label] = COLOR_LABEL
    bar = int(np.median([b[0] - a[1] for spans in (rows, columns) for a, b in itertools.pairwise(spans)]))
    clarity = float(np.mean([min(abs(np.log2(max(each.measures["doubt"], 0.25))), 2) for each in found]))
    strange = [each for each in found if not each.is_label]
    if strange and all(each.reason in MAYBE_LABELS and each.measures["doubt"] < MIN_PHOTO_DOUBT for each in strange):
        clarity = 0.0
    return Panels(len(rows), len(columns), tuple(boxes), tuple(kinds), bar, label), clarity


def find_spans_between_bars(image: NDArray[np.uint8], axis: int) -> list[tuple[int, int]]:
    """Return the spans of panels of equal size between bars of one color; nothing without such bars.

    A bar spans the whole image in one color. One bar at least differs from what lies on both sides of it along most of
    its length; the others, where panels of equal size want them, from one side.
    """
    lines = image if axis == 1 else image.swapaxes(0, 1)  # (along the bar, across it, 3)
    lines = lines[:: max(1, lines.shape[0] // 512)]
    size = lines.shape[1]
    low, high = lines.min(axis=0).astype(int), lines.max(axis=0).astype(int)
    uniform = (high - low).max(axis=1) <= BAR_RANGE
    color = (low + high) // 2

    def differs(at: int, from_color: NDArray[np.int_]) -> float:
        there = lines[:, min(max(at, 0), size - 1)].astype(int)
        return float((np.abs(there - from_color).max(axis=1) > BAR_RANGE).mean())

    def is_bar(start: int, end: int, of: NDArray[np.int_], both: bool) -> bool:
        core = slice(start + (end - start > 4), end - (end - start > 4))
        if not uniform[core].all() or np.abs(color[core] - of).max() > BAR_RANGE:
            return False
        sides = differs(start - 3, of) >= BAR_CONTRAST, differs(end + 2, of) >= BAR_CONTRAST
        return all(sides) if both else any(sides)

    for start, end in _same_color_runs(uniform, color):
        width = end - start
        if start < MIN_PANEL_SIDE or size - end < MIN_PANEL_SIDE or width > size // 8:
            continue
        of = np.median(color[start:end], axis=0).astype(int)
        if not is_bar(start, end, of, both=True):
            continue
        for margin in _margins(uniform, color, of):
            for n in range(2, MAX_BARRED_PANELS + 1):
                each = (size - 2 * margin - (n - 1) * width) / n
                if each < MIN_PANEL_SIDE:
                    break
                starts = [round(margin + i * (each + width) - width) for i in range(1, n)]
                slack = 2 + round(0.01 * each)
                if min(abs(s - start) for s in starts) > slack:
                    continue
                found = [_nudge(s, width, slack, partial(is_bar, of=of, both=False)) for s in starts]
                if all(s is not None for s in found):
                    width = _whole_width(width, size - 2 * margin, n)
                    each = (size - 2 * margin - (n - 1) * width) / n
                    starts = [margin + i * (each + width) for i in range(n)]
                    return [(round(x), round(x + each)) for x in starts]
    return []


def _whole_width(width: int, size: int, n: int) -> int:
    """Return the width of the bars for which n panels are whole pixels wide: JPEG narrows a bar by a few."""
    fitting = (wider for wider in range(width, width + 7) if (size - (n - 1) * wider) % n == 0)
    return next(fitting, width)


def _margins(uniform: NDArray[np.bool_], color: NDArray[np.int_], of: NDArray[np.int_]) -> list[int]:
    """Return the widths of the margin around all panels to try: none, and that of the bars' color at both ends."""
    if not all(uniform[at] and np.abs(color[at] - of).max() <= BAR_RANGE for at in (0, -1)):
        return [0]
    same = uniform & (np.abs(color - of).max(axis=1) <= BAR_RANGE)
    ends = [int(np.argmin(same)), int(np.argmin(same[::-1]))]
    return [0] if min(ends) == 0 or abs(ends[0] - ends[1]) > 3 else [min(ends), 0]


def _nudge(start: int, width: int, slack: int, accepts: Callable[[int, int], bool]) -> int | None:
    """Return the start nearest to the one wanted at which a bar is."""
    for step in range(slack + 1):
        for at in {start - step, start + step}:
            if at > 0 and accepts(at, at + width):
                return at
    return None


def _same_color_runs(uniform: NDArray[np.bool_], color: NDArray[np.int_]) -> list[tuple[int, int]]:
    """Return the runs of uniform lines of about one color."""
    new = np.ones(len(uniform), bool)
    new[1:] = (np.abs(color[1:] - color[:-1]).max(axis=1) > BAR_RANGE // 2) | (uniform[1:] != uniform[:-1])
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(uniform))
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if uniform[a]]


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _has_seams(image: NDArray[np.uint8], axis: int, n: int) -> bool:
    """Tell whether the image steps at each of the places where n panels of equal size would meet.

    The step there is along a quarter of the length and more, and along more of it than a few pixels further on the
    calmer side.
    """
    lines = image if axis == 1 else image.swapaxes(0, 1)
    lines = lines[:: max(1, lines.shape[0] // 512)]
    size = lines.shape[1]
    for i in range(1, n):
        at = round(size * i / n)
        near = lines[:, max(at - 14, 0) : at + 15].astype(np.int16)
        steps = (np.abs(near[:, 3:] - near[:, :-3]).max(axis=2) > SEAM_CONTRAST).mean(axis=0)  # JPEG blurs a step
        middle = len(steps) // 2
        seam = steps[middle - 2 : middle + 3].max()
        calmer = min(float(np.median(steps[: middle - 5])), float(np.median(steps[middle + 6 :])))
        if seam < SEAM_LENGTH or seam < 1.5 * calmer:
            return False
    return True
