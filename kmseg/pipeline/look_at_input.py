"""Look at a sample of the input before any work: are these label images?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

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
from kmseg.pipeline.memory_cache import FILE_CACHE
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress

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


def look_at_input(plan: Plan, items: Sequence[Item], progress: Progress) -> InputDoubt:
    """Classify a sample of the input and say what it seems to be, if not label images."""
    chosen = sample_items(items)
    work = LookAtImages(plan.dataset, choose_photos(chosen))

    def look() -> Looked:
        return progress.run_stage("look", "looking at the input", plan.executor, work, chosen, work.add_up)

    states = [label_state(plan.dataset, item) for item in chosen]
    looked = FILE_CACHE.get(states, f"look {work}", look, lambda found: BYTES_OF_A_LOOK * len(found.kinds))
    return InputDoubt(doubt_about(items, looked, plan.choices.get("dataset", "")), seem_small(looked))


def _read_sample(dataset: Dataset, items: Sequence[Item]) -> list[LabelImage]:
    found = []
    for item in sample_items(items):
        with suppress(UnreadableImage):
            found.append(read_label(dataset, item))
    return found


@contextmanager
def explained_by(doubt: str) -> Iterator[None]:
    """Put what is doubtful about the input before the message of a `UserError` that the block raises."""
    try:
        yield
    except UserError as error:
        if not doubt:
            raise
        raise UserError(f"{doubt}\n{error}") from error


def say_transparent(items: Sequence[Item]) -> list[str]:
    """Say how many of a sample of the label images have transparent pixels, whose colors are read as they stand."""
    chosen = sample_items(items)
    found = [item.key for item in chosen if has_transparent_pixels(item.label)]
    if not found:
        return []
    return [
        f"{len(found)} of {len(chosen)} label images looked at have transparent pixels, such as {found[0]}: alpha is "
        "dropped and their colors count; make them opaque if they do not belong to a class"
    ]
