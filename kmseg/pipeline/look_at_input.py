"""A look at some of the input before any work: are these label images?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kmseg.audit.input_kinds import LookAtImages, Looked, doubt_about, file_group, sample_items
from kmseg.datasets import Item, label_state
from kmseg.errors import UserError
from kmseg.images import has_transparent_pixels
from kmseg.pipeline.memory_cache import FILE_CACHE
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress

BYTES_OF_A_LOOK = 4096
"""What is known of one image, in memory, about. The runs of a sweep look once."""


def look_at_input(plan: Plan, items: Sequence[Item], progress: Progress) -> str:
    """Classify a sample of the input and say what it seems to be, if not label images; else return nothing."""
    chosen = sample_items(items)
    # Files without a photo are told by comparing groups of files: with one group, their photos need not be read.
    work = LookAtImages(plan.dataset, photos=len({file_group(item) for item in chosen}) > 1)

    def look() -> Looked:
        return progress.run_stage("look", "looking at the input", plan.executor, work, chosen, work.add_up)

    states = [label_state(plan.dataset, item) for item in chosen]
    looked = FILE_CACHE.get(states, f"look {work}", look, lambda found: BYTES_OF_A_LOOK * len(found.kinds))
    return doubt_about(items, looked, plan.choices.get("dataset", ""))


@contextmanager
def explained_by(doubt: str) -> Iterator[None]:
    """Let an error of the block say what the input seems to be, where that is known."""
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
