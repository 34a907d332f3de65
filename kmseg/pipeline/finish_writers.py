"""Finish the writers of a run: each gets its notes and the results of the whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.audit.pixel_match import MatchCounts, PixelMatcher
from kmseg.datasets import Item, read_label
from kmseg.discovery.candidates import Candidates
from kmseg.errors import UnreadableImage
from kmseg.images import LabelImage
from kmseg.maskers import Mask, examine
from kmseg.palette import Palette
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.tally import Tally
from kmseg.writers import WholeRun

R = TypeVar("R")


def finish_writers(
    plan: Plan,
    items: Sequence[Item],
    palette: Palette,
    tally: Tally,
    metrics: Mapping[str, float],
    warnings: Sequence[str],
    candidates: Candidates | None,
) -> list[Path]:
    """Call `finish` of every writer; return the files to track, which are those on a disk."""
    images = _Images(plan, items, palette)
    run = WholeRun(
        palette=palette,
        folder=plan.output,
        class_pixels=tally.class_pixels[:-1],
        metrics=metrics,
        warnings=[warning for warning in warnings if warning],
        unmatched=_Figures(tally.explained, lambda row: row.unmatched / row.pixels),
        read_label=lambda key: images.read(partial(read_label, plan.dataset), key),
        read_photo=lambda key: images.read(plan.dataset.read_photo, key),
        mask=lambda label: images.mask(label),
        unmatched_pixels=lambda label: images.unmatched(label),
        candidates=candidates,
        overrides=plan.overrides,
        contradicted=_Figures(tally.explained, lambda row: 1 - row.consistent / row.blocks if row.blocks else None),
        contradicted_pixels=lambda label: images.contradicted(label),
    )
    files = [path for name, writer in plan.writers.items() for path in writer.finish(tally.in_order(name), run)]
    return [path for path in files if storage.find_bucket(path) is None]


class _Figures(Mapping[str, float]):
    """A figure of each image that has it, computed when it is asked for."""

    def __init__(self, rows: Mapping[str, MatchCounts], compute: Callable[[MatchCounts], float | None]) -> None:
        self._rows, self._compute = rows, compute

    def __getitem__(self, key: str) -> float:
        figure = self._compute(self._rows[key])
        if figure is None:
            raise KeyError(key)
        return figure

    def __iter__(self) -> Iterator[str]:
        return (key for key, row in self._rows.items() if self._compute(row) is not None)

    def __len__(self) -> int:
        return sum(self._compute(row) is not None for row in self._rows.values())


class _Images:
    """The dataset's images by key, the masker and the pixel matcher, each created on first use."""

    def __init__(self, plan: Plan, items: Sequence[Item], palette: Palette) -> None:
        self._plan, self._items, self._palette = plan, items, palette

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {item.key: position for position, item in enumerate(self._items)}

    @cached_property
    def mask(self) -> Mask:
        return self._plan.masker.for_palette(self._palette, self._plan.color_space)

    @cached_property
    def pixel_matcher(self) -> PixelMatcher:
        return PixelMatcher(self._palette)

    def contradicted(self, label: LabelImage) -> NDArray[np.bool_]:
        """Return the pixels `(H, W)` of the blocks of a label's file that its mask contradicts."""
        found = examine(self.mask, label).contradicted
        return np.zeros(label.shape[:2], np.bool_) if found is None else found

    def unmatched(self, label: LabelImage) -> NDArray[np.bool_]:
        """Return the unmatched pixels `(H, W)`; pixels that the masker ignores as not sure are none."""
        examined = examine(self.mask, label)
        complete = examined.mask if examined.complete is None else examined.complete
        return self.pixel_matcher.unmatched(label.pixels, complete)

    def read(self, how: Callable[[Item], R], key: str) -> R | None:
        """Read an image again; None if that fails now."""
        try:
            return how(self._items[self._positions[key]])
        except UnreadableImage:
            return None
