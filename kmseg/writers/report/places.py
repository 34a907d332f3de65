"""Find the square in which each class of an index mask is most visible among other classes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CELL = 8
"""Side of the cells in which a class's pixels are counted, in pixels."""

WINDOW = 8
"""Side of the square in cells; the cells are doubled until the class does not fill it."""

FILLED = 0.6
"""Share of the square beyond which a class leaves too little of its surroundings."""


@dataclass(frozen=True)
class Place:
    """A square of an image: left and top edge and side in pixels; `seen` is the visibility of the class."""

    image: str
    index: int
    seen: int
    x: int
    y: int
    side: int


def make_note(key: str, mask: NDArray[Any], classes: int) -> dict[str, str]:
    """Return the best place of each class that an image holds, as JSON of about 30 bytes a class."""
    present = np.flatnonzero(np.bincount(mask.ravel(), minlength=classes)[:classes])
    rows = np.array([(index, *_best_place(mask, int(index))) for index in present], "<i4")
    return {"image": key, "places": base64.b64encode(rows.tobytes()).decode("ascii")}


def places_in(notes: Iterable[Mapping[str, Any]]) -> tuple[NDArray[np.int32], list[str], NDArray[np.int64]]:
    """Return all places `(n, 5)` (class, seen, x, y, side), the images' keys, and the image `(n,)` of each place."""
    keys, parts = [], []
    for note in notes:
        keys.append(note["image"])
        parts.append(np.frombuffer(base64.b64decode(note["places"]), "<i4").reshape(-1, 5))
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.concatenate([np.empty((0, 5), np.int32), *parts]), keys, owner


def best_places(rows: NDArray[np.int32], keys: Sequence[str], owner: NDArray[np.int64], each: int) -> list[list[Place]]:
    """Return lists of the best place of each class, of the second best, ..., at most `each`."""
    order = np.lexsort((owner, -rows[:, 1], rows[:, 0]))
    rank = np.arange(len(order)) - np.searchsorted(rows[order, 0], rows[order, 0])
    return [[Place(keys[owner[i]], *rows[i].tolist()) for i in order[rank == r]] for r in range(each)]


def _best_place(mask: NDArray[Any], index: int) -> tuple[int, int, int, int]:
    """Return the visibility of the class at its best place, and the place: left, top, side."""
    height, width = mask.shape
    own = (mask == index).view(np.uint8) * np.uint8(255)  # cv2.compare takes a mask of 1x4 for a scalar
    grid = _shrunk(own, -(-width // CELL), -(-height // CELL)).astype(np.float32) / 255
    while True:
        tall, wide = min(WINDOW, grid.shape[0]), min(WINDOW, grid.shape[1])
        share = cv2.boxFilter(grid, -1, (wide, tall), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        share = share[: grid.shape[0] - tall + 1, : grid.shape[1] - wide + 1]
        if share.max() <= FILLED or min(grid.shape) < 2 * WINDOW:
            break
        grid = _shrunk(grid, grid.shape[1] // 2, grid.shape[0] // 2)
    seen = share * ((1 - share) / (1 - FILLED)).clip(0.05, 1)
    row, column = np.unravel_index(int(seen.argmax()), seen.shape)
    cell = (width / grid.shape[1], height / grid.shape[0])
    side = round(max(wide * cell[0], tall * cell[1]))
    return round(float(seen.max()) * side**2), int(column * cell[0]), int(row * cell[1]), side


def _shrunk(plane: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))
