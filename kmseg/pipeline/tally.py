"""Additive results of masking images: of one image, a chunk or a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.audit.pixel_match import MatchCounts
from kmseg.audit.unknown_colors import NewColors
from kmseg.pipeline.packed_rows import PackedRows

_VALUES = attrgetter(*(field.name for field in fields(MatchCounts)))


@dataclass(frozen=True, eq=False)
class Tally:
    """Results of masking some images; `merge_tallies` adds several up.

    Attributes
    ----------
    class_pixels : ndarray of shape (k + 1,), int64
        Pixels of each class; the last entry counts those of no class.
    near_pixels : ndarray of shape (k,), int64
        Pixels of each class that are exactly or nearly of its color.
    explained : mapping of str to MatchCounts
        How each pixel's color relates to its class, by the image's key.
    new_colors : mapping of str to NewColors
        The most frequent colors that the palette lacks, of the images that have any.
    confusion : ndarray of shape (true classes, k + 1), int64
        Pixels by true and found class; no rows without truth.
    flat_pixels : ndarray of shape (true classes,), int64
        Flat pixels near each true color; decides which classes are present.
    notes : mapping of str to list of (int, object)
        What each writer's `write` returned, each with the position of its image in the dataset; without None.
    """

    images: int
    masked: int
    failures: tuple[str, ...]
    class_pixels: NDArray[np.int64]
    near_pixels: NDArray[np.int64]
    explained: Mapping[str, MatchCounts]
    new_colors: Mapping[str, NewColors]
    confusion: NDArray[np.int64]
    flat_pixels: NDArray[np.int64]
    evaluated: int
    notes: Mapping[str, list[tuple[int, Any]]]

    def in_order(self, writer: str) -> list[Any]:
        """Return a writer's notes in the order of their images."""
        return [note for _, note in sorted(self.notes.get(writer, []), key=lambda entry: entry[0])]


def pack_new_colors(parts: Iterable[Mapping[str, NewColors]]) -> PackedRows[NewColors]:
    """Return the colors that the palette lacks, by image, of several parts."""
    return PackedRows.merge(dict, lambda colors: (dict(colors),), parts)


def merge_tallies(parts: Sequence[Tally]) -> Tally:
    """Add up the tallies of several chunks."""
    if len(parts) == 1:
        return parts[0]
    names = {name: None for part in parts for name in part.notes}
    return Tally(
        images=sum(part.images for part in parts),
        masked=sum(part.masked for part in parts),
        failures=tuple(failure for part in parts for failure in part.failures),
        class_pixels=np.sum([part.class_pixels for part in parts], axis=0),
        near_pixels=np.sum([part.near_pixels for part in parts], axis=0),
        explained=PackedRows.merge(MatchCounts, _VALUES, (part.explained for part in parts)),
        new_colors=pack_new_colors(part.new_colors for part in parts),
        confusion=np.sum([part.confusion for part in parts], axis=0),
        flat_pixels=np.sum([part.flat_pixels for part in parts], axis=0),
        evaluated=sum(part.evaluated for part in parts),
        notes={name: [note for part in parts for note in part.notes.get(name, [])] for name in names},
    )
