"""Look at a sample of the input before any work: are these label images?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

from kmseg.audit.input_kinds import (
    LookAtImages,
    Looked,
    choose_photos,
    doubt_about,
    doubt_about_objects,
    explains,
    sample_items,
    seem_small,
)
from kmseg.datasets import Dataset, Item, label_state, read_label
from kmseg.discovery.palette import Found
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import LabelImage, has_transparent_pixels
from kmseg.pipeline.look_apart import LookApart
from kmseg.pipeline.memory_cache import FILE_CACHE
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress, show_end

BYTES_OF_A_LOOK = 4096
"""About the bytes that the result for one image takes in the memory cache, which saves the runs of a sweep the look."""


@dataclass(frozen=True)
class InputDoubt:
    """What is doubtful about the input before any work.

    Attributes
    ----------
    sentence : str
        What the input seems to be, and what to do; empty where it seems to be label images.
    small : bool
        Whether the small size of the images may be all that makes them look like photos.
    """

    sentence: str = ""
    small: bool = False

    def remaining(self, found: Found, images: int, dataset: Dataset, items: Sequence[Item]) -> str:
        """Return what is still doubtful once the palette is known; empty if nothing is.

        Small images that look like photos are taken for labels if their palette explains them.

        Parameters
        ----------
        found : Found
            The palette that was found.
        images : int
            Number of images that it was found in.
        dataset, items : Dataset, sequence of Item
            The input, of which a sample is read again.
        """
        if not self.sentence or (self.small and explains(found.palette, _read_sample(dataset, items))):
            return doubt_about_objects(found, images)
        return self.sentence


class LookAtInput:
    """Classify a sample of the input and say what it seems to be, if not label images.

    The look is taken in a second process, if one was started early, or when its result is asked for.

    Attributes
    ----------
    chosen : list of Item
        The sample.
    """

    def __init__(self, plan: Plan, items: Sequence[Item], progress: Progress) -> None:
        self._plan, self._items, self._progress = plan, items, progress
        self.chosen = sample_items(items)
        self._work = LookAtImages(plan.dataset, choose_photos(self.chosen))
        self._began = time.perf_counter()
        self._apart = LookApart(self._work, self.chosen)

    @cached_property
    def doubt(self) -> InputDoubt:
        """What is doubtful about the input."""
        states = [label_state(self._plan.dataset, item) for item in self.chosen]
        how = f"look {self._work}"
        looked = FILE_CACHE.get(states, how, self._look, lambda found: BYTES_OF_A_LOOK * len(found.kinds))
        sentence = doubt_about(self._items, looked, self._plan.choices.get("dataset", ""))
        return InputDoubt(sentence, seem_small(looked))

    def _look(self) -> Looked:
        with self._progress.timed("look"):
            looked = self._apart.result()
        if looked is None:
            executor, work = self._plan.executor, self._work
            return self._progress.run_stage("look", "looking at the input", executor, work, self.chosen, work.add_up)
        show_end("looking at the input", len(self.chosen), time.perf_counter() - self._began)
        return looked


def _read_sample(dataset: Dataset, items: Sequence[Item]) -> list[LabelImage]:
    found = []
    for item in sample_items(items):
        with suppress(UnreadableImage):
            found.append(read_label(dataset, item))
    return found


@contextmanager
def explained_by(look: LookAtInput) -> Iterator[None]:
    """Put what is doubtful about the input before the message of a `UserError` that the block raises."""
    try:
        yield
    except UserError as error:
        if not look.doubt.sentence:
            raise
        raise UserError(f"{look.doubt.sentence}\n{error}") from error


def say_transparent(chosen: Sequence[Item]) -> list[str]:
    """Say how many of the label images looked at have transparent pixels, whose colors are read as they stand."""
    found = [item.key for item in chosen if has_transparent_pixels(item.label)]
    if not found:
        return []
    return [
        f"{len(found)} of {len(chosen)} label images looked at have transparent pixels, such as {found[0]}: alpha is "
        "dropped and their colors count; make them opaque if they do not belong to a class"
    ]
