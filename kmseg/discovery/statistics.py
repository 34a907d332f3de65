"""One image's half of finding the legend: its distinct colors, each with what speaks for it and against it.

Resizing and compression put false colors into a label image. A *mixture* is a pixel on the way from one region to the
next: it is rarely flat, and where it is (a slow ramp) its color lies between those of the pixels a few steps away on
opposite sides. A thin pole lies between nothing, since both its sides are alike. *Chroma bleeding* colors a thin object
like its surroundings: it has no flat interior. A connected *flat region* has a mean color from which the damage is
averaged away: large ones are classes. A small object in a compressed image may have no flat pixel at all. It speaks by
its *cores*: pixels whose color stands out from all that is around the object. That of a thin one is fitted in *windows*
that hold it and one other class (`kmseg.discovery.thin_objects`).

Images are counted apart by what happened to them (`kmseg.discovery.damage`): a color that a lossless image holds is
exact, one in a JPEG file is not. `kmseg.discovery.select` decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery.damage import Damage, describe, measure_damage, read_jpeg_quality, summarize
from kmseg.discovery.planes import Planes
from kmseg.discovery.thin_objects import ThinObjects
from kmseg.encoding import Encoding
from kmseg.images import LabelImage
from kmseg.pixels.packing import unpack

PIXELS, INTERIOR, FLAT, MIXED, IMAGES, CORES, CORE_IMAGES = range(7)
REGION_IMAGES, REGION_PIXELS, REGION_WEIGHT, PROOF_REGIONS, LARGEST = range(7, 12)
THIN, THIN_IMAGES = range(12, 14)
COLUMNS = 14
"""Columns of `ColorStatistics.counts`: pixels (of lossless images all, else flat ones); of these in flat 5x5 and 3x3
neighborhoods; mixtures; images; cores of small objects of this median color, and their images. Flat regions of this
rounded mean color: their images, pixels, weight; number of the large ones; pixels of the largest. Windows that show a
thin object of this color, and their images."""

REGION_NOISE = 6
"""Levels that a flat region of a compressed image varies by in 3x3: half of what holds no edge, so that classes 7
levels apart are not joined by the ramp between them."""

ONE_QUALITY = 0.9
"""Share of the images that must have one kind of JPEG encoding, to read the colors as that encoding shows them; and
that must reach a quality, for its rules to hold."""


@dataclass(frozen=True, eq=False)
class ColorStatistics:
    """Distinct colors with their evidence, apart by the damage of their images; two of them add up in any order.

    Attributes
    ----------
    keys : ndarray of shape (n,), uint32
        Damage and distinct color, 0xDDRRGGBB, ascending.
    counts : ndarray of shape (n, 14), int64
        What is counted; see the columns.
    damages : ndarray of shape (m,), str
        What happened to the images, in words.
    damage_images : ndarray of shape (m,), int64
        To how many images.
    """

    keys: NDArray[np.uint32]
    counts: NDArray[np.int64]
    damages: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, np.str_))
    damage_images: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @staticmethod
    def of(label: LabelImage | NDArray[np.uint8]) -> ColorStatistics:
        """Take the statistics of one label image: a `LabelImage`, or an array `(H, W, 3)` uint8."""
        return ColorStatistics.of_all([label])

    @staticmethod
    def of_all(labels: Iterable[LabelImage | NDArray[np.uint8]]) -> ColorStatistics:
        """Take the statistics of any number of label images, one at a time."""
        from kmseg.pixels.hash_table import MAX_PIXELS_PER_TABLE

        parts, counting = [], _Counting()
        for given in labels:
            label = given if isinstance(given, LabelImage) else LabelImage(given)
            if counting.pixels + label.pixels.size > MAX_PIXELS_PER_TABLE:
                parts.append(counting.statistics())
                counting = _Counting()
            counting.add(label.pixels, label.encoding)
        return ColorStatistics.merge([*parts, counting.statistics()])

    @staticmethod
    def merge(parts: Iterable[ColorStatistics]) -> ColorStatistics:
        """Add up any number of statistics."""
        held = [part for part in parts if len(part.damages)]
        if len(held) < 2:
            return held[0] if held else ColorStatistics(np.zeros(0, np.uint32), np.zeros((0, COLUMNS), np.int64))
        keys, row = np.unique(np.concatenate([part.keys for part in held]), return_inverse=True)
        stacked = np.concatenate([part.counts for part in held])
        counts = np.zeros((len(keys), COLUMNS), np.int64)
        for column in range(COLUMNS):
            if column == LARGEST:
                np.maximum.at(counts[:, column], row, stacked[:, column])
            else:
                counts[:, column] = np.bincount(row, stacked[:, column], len(keys))
        damages, kind = np.unique(np.concatenate([part.damages for part in held]), return_inverse=True)
        images = np.bincount(kind, np.concatenate([part.damage_images for part in held]), len(damages))
        return ColorStatistics(keys, counts, damages, images.astype(np.int64))

    def under(self, damage: Damage) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return colors `(n, 3)` and counts `(n, 14)` of the images with this damage."""
        first, last = np.searchsorted(self.keys, [damage << 24, (damage + 1) << 24])
        return unpack(self.keys[first:last] & np.uint32(0xFFFFFF)).astype(np.int64), self.counts[first:last]

    @property
    def images(self) -> int:
        """The number of images counted."""
        return int(self.damage_images.sum())

    def describe_damage(self) -> str:
        """Say what the images went through, the most frequent damage first."""
        return summarize(dict(zip(self.damages.tolist(), self.damage_images.tolist(), strict=True)))

    @property
    def jpeg_quality(self) -> int | None:
        """The quality of nearly all images, where they are color JPEG files of one quality; else None."""
        if not len(self.damages):
            return None
        words, images = str(self.damages[self.damage_images.argmax()]), self.damage_images.max()
        quality = None if "gray" in words else read_jpeg_quality(words)
        return quality if images >= ONE_QUALITY * self.damage_images.sum() else None

    @property
    def lowest_jpeg_quality(self) -> int | None:
        """The quality that `ONE_QUALITY` of the JPEG files reach; None without JPEG files."""
        told = [
            (read_jpeg_quality(words), images)
            for words, images in zip(self.damages.tolist(), self.damage_images, strict=True)
        ]
        qualities = sorted((quality, images) for quality, images in told if quality is not None)
        if not qualities:
            return None
        below = np.cumsum([images for _, images in qualities])
        return qualities[int(np.searchsorted(below, (1 - ONE_QUALITY) * below[-1], side="right"))][0]

    @property
    def colors(self) -> NDArray[np.uint8]:
        """The colors, `(n, 3)` uint8 RGB; one that images of several kinds of damage have occurs more than once."""
        return unpack(self.keys & np.uint32(0xFFFFFF))

    @property
    def weights(self) -> NDArray[np.int64]:
        """The pixels `(n,)` that speak for a color: all of lossless images, else flat ones but mixtures."""
        exact = self.keys >> 24 == Damage.LOSSLESS
        return np.asarray(self.counts[:, PIXELS] - np.where(exact, 0, self.counts[:, MIXED]))

    @property
    def pixels(self) -> int:
        """The number of pixels counted: flat ones, and all of lossless images."""
        return int(self.counts[:, PIXELS].sum())


class _Counting:
    """The tables of one pass over images: of colors and of regions, for each kind of damage."""

    def __init__(self) -> None:
        from kmseg.discovery import region_kernels, statistics_kernels
        from kmseg.pixels.hash_table import empty_table

        self._tables = [empty_table(statistics_kernels.COLUMNS) for _ in Damage]
        self._regions = [empty_table(region_kernels.COLUMNS) for _ in Damage]
        self._sizes, self._region_sizes = [0] * len(Damage), [0] * len(Damage)
        self._thin: dict[int, tuple[int, int]] = {}
        self._damages: dict[str, int] = {}
        self._images = 0
        self.pixels = 0
        self._planes = Planes()

    def add(self, label: NDArray[np.uint8], encoding: Encoding) -> None:
        """Count one label image `(H, W, 3)` uint8, strip by strip."""
        from kmseg.discovery.object_kernels import count_objects
        from kmseg.discovery.region_kernels import first_state
        from kmseg.discovery.statistics_kernels import count_pixels

        self._images += 1
        self.pixels += label.size
        height, width = label.shape[:2]
        damage = measure_damage(label, encoding, self._planes)
        words = describe(damage, encoding)
        self._damages[words] = self._damages.get(words, 0) + 1
        exact, noise = damage == Damage.LOSSLESS, np.uint8(REGION_NOISE if damage == Damage.COMPRESSED else 0)
        table, size, cores = self._tables[damage], self._sizes[damage], []
        regions, known, state = self._regions[damage], self._region_sizes[damage], first_state(width)
        thin = ThinObjects(encoding, height) if damage == Damage.COMPRESSED else None
        for top, planes in self._planes.of(label):
            table, size, regions, known, state, found = count_pixels(
                planes, exact, noise, self._images, (top, height), table, size, regions, known, state
            )
            cores.append(found)
            if thin is not None:
                thin.look(planes, top)
        table, size = count_objects(np.concatenate(cores), table, size)
        if thin is not None:
            for code, windows in thin.colors():
                shown, images = self._thin.get(code, (0, 0))
                self._thin[code] = shown + windows, images + 1
        self._tables[damage], self._sizes[damage] = table, size
        self._regions[damage], self._region_sizes[damage] = regions, known

    def statistics(self) -> ColorStatistics:
        """Return what was counted."""
        parts = [self._statistics_under(damage) for damage in Damage]
        names = sorted(self._damages)
        return ColorStatistics(
            np.concatenate([keys for keys, _ in parts]),
            np.concatenate([counts for _, counts in parts]),
            np.array(names, np.str_),
            np.array([self._damages[name] for name in names], np.int64),
        )

    def _statistics_under(self, damage: Damage) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return keys and counts of the images with this damage."""
        from kmseg.discovery import region_kernels
        from kmseg.discovery import statistics_kernels as kernels
        from kmseg.pixels.hash_table import table_rows

        codes, rows = table_rows(self._tables[damage])
        region_codes, region_rows = table_rows(self._regions[damage])
        thin = self._thin if damage == Damage.COMPRESSED else {}
        thin_codes = np.array(sorted(thin), np.int64)
        every = np.union1d(np.union1d(codes, region_codes), thin_codes)
        counts = np.zeros((len(every), COLUMNS), np.int64)
        at = np.searchsorted(every, codes)
        interior, flat, flat_mixed, other, other_mixed = rows[:, kernels.KINDS : kernels.KINDS + 5].T
        counts[at, INTERIOR], counts[at, FLAT] = interior, interior + flat + flat_mixed
        counts[at, PIXELS], counts[at, MIXED] = counts[at, FLAT], flat_mixed
        counts[at, IMAGES] = rows[:, kernels.IMAGES]
        if damage == Damage.LOSSLESS:
            counts[at, PIXELS] += other + other_mixed
            counts[at, MIXED] += other_mixed
        else:
            counts[at, CORES], counts[at, CORE_IMAGES] = rows[:, kernels.CORES], rows[:, kernels.CORE_IMAGES]
        at = np.searchsorted(every, thin_codes)
        counts[at, THIN : THIN_IMAGES + 1] = np.array([thin[code] for code in thin_codes.tolist()]).reshape(-1, 2)
        at = np.searchsorted(every, region_codes)
        counts[at, REGION_IMAGES : LARGEST + 1] = region_rows[:, region_kernels.IMAGES :]
        return every.astype(np.uint32) | np.uint32(damage << 24), counts
