"""Mask, write and record every image of a dataset; unchanged images are taken over from the folder's manifest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from kmseg.datasets import Item
from kmseg.datasets.splits import NAMES
from kmseg.datasets.truth import Truth
from kmseg.errors import UserError
from kmseg.executors import Executor
from kmseg.packed_texts import PackedTexts
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import nothing_read
from kmseg.pipeline.incremental import (
    RecordImages,
    Recording,
    divide,
    find_gone,
    image_settings,
    palette_digest,
    palette_origin,
    remove_file,
    remove_outputs,
    take_over,
)
from kmseg.pipeline.manifest import Manifest, remove_manifest
from kmseg.pipeline.mask_images import MaskImages, Work, Works
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress
from kmseg.pipeline.tally import Tally, merge_tallies
from kmseg.pipeline.unrecorded import may_write_unrecorded
from kmseg.writers.dataset_layout import Layout


@dataclass(frozen=True, eq=False)
class Masked:
    """The result of masking a dataset.

    Attributes
    ----------
    tally : Tally
        Of all images of the dataset.
    counts : mapping of str to float
        Numbers of images done, unchanged and gone, as metrics.
    manifest : Manifest
    files : set of Path or None
        Files that were written, if some writers are from outside the package.
    started : float
        Time at which masking began.
    notes : sequence of str
        One sentence for each thing that the user should know about earlier runs in the folder.
    """

    tally: Tally
    counts: Mapping[str, float]
    manifest: Manifest
    files: set[Path] | None
    started: float
    notes: Sequence[str] = ()


def mask_dataset(plan: Plan, items: Sequence[Item], palette: Palette, progress: Progress) -> Masked:
    """Mask every item that must be done; return the tally of all."""
    truth = plan.measured_against
    use_memory_cache = bool(plan.cache.limit)  # set in the runs of a sweep
    parts = plan.masker, plan.color_space, plan.writers, truth.for_workers()
    mask = MaskImages(plan.dataset, palette, *parts, plan.output, use_memory_cache)
    work = RecordImages(mask, plan.dataset, plan.output, image_settings(plan), palette_digest(palette))
    images = Works(items, _true_masks(truth, items), range(len(items)))
    notes, earlier = _look_back(plan, items)
    if not (plan.resume or plan.incremental):
        remove_manifest(plan.folder)
    manifest = Manifest(plan.folder)
    division = divide(plan, work, images, manifest, progress)
    gone: Sequence[str] = ()
    if plan.incremental == "prune":
        remove_outputs(plan.output, manifest, division.gone, (image.item.key for image in division.unchanged))
        gone = division.gone
    manifest.begin(palette_origin(plan), chain((image.item.key for image in division.todo), gone))
    tallies = take_over(manifest, division.unchanged)
    files: set[Path] | None = set() if may_write_unrecorded(plan.writers) else None
    started = time.time()
    if division.todo:
        recording: Executor = Recording(plan.executor, manifest, files, plan.output)
        recorded: Callable[[Sequence[Work]], Any] = work  # returns `Recorded`, of which `recording` yields the tally
        tallies.append(progress.run_stage("mask", "masking", recording, recorded, division.todo, merge_tallies))
        _remove_moved(plan, manifest, earlier)
    tally = merge_tallies(tallies)
    if not tally.masked:
        raise nothing_read(tally.failures)
    counts = {"done": len(division.todo), "unchanged": len(division.unchanged), "gone": len(division.gone)}
    return Masked(
        tally,
        counts={f"incremental/{name}": count for name, count in counts.items()},
        manifest=manifest,
        notes=notes,
        files=files,
        started=started,
    )


def _true_masks(truth: Truth, items: Sequence[Item]) -> Sequence[str]:
    """Return where the true mask of each item lies, empty for one that has none."""
    if truth.masks is None:
        return ()
    matched = truth.for_items(items)
    return PackedTexts(str(matched.mask_file(item.key) or "") for item in items)


def _look_back(plan: Plan, items: Sequence[Item]) -> tuple[list[str], dict[str, list[str]]]:
    """Return what to say of earlier runs in the folder, and what they wrote of each image into folders of splits."""
    try:
        manifest = Manifest(plan.folder)
        known = manifest.images()
        notes = _say_leftovers(plan, known, items) + _say_nothing_to_resume(plan, known)
        return notes, _files_in_splits(plan, manifest, items)
    except UserError:  # a file that is no manifest; a run from scratch replaces it
        if plan.resume or plan.incremental:
            raise
        return [], {}


def _say_leftovers(plan: Plan, known: Sequence[str], items: Sequence[Item]) -> list[str]:
    """Name outputs of images that are not in the dataset, and stay in the folder beside those that are."""
    left = find_gone(known, items)
    if not left or plan.incremental == "prune":
        return []
    more = f" and {len(left) - 3} more" if len(left) > 3 else ""
    return [
        f"the folder holds outputs of {len(left)} images of earlier runs that are not in the dataset: "
        f"{', '.join(left[:3])}{more}; incremental=prune removes them"
    ]


def _say_nothing_to_resume(plan: Plan, known: Sequence[str]) -> list[str]:
    """Say that a folder to resume in has no masks, as a new folder named after the time never has.

    The runs of a resumed sweep that are still to be done have none either.
    """
    if not plan.resume or known or plan.cache.limit:
        return []
    return [
        f"resume=true found no masks of an earlier run in {plan.folder}; all were made: give the interrupted run's "
        "folder as hydra.run.dir"
    ]


def _files_in_splits(plan: Plan, manifest: Manifest, items: Sequence[Item]) -> dict[str, list[str]]:
    """Return what earlier runs wrote of each image into folders of splits, such as `ultralytics/masks/train/1.png`."""
    if not any(isinstance(writer, Layout) for writer in plan.writers.values()):
        return {}
    found = {}
    for record in manifest.records(item.key for item in items):
        if names := [name for name in record.files if not SPLIT_FOLDERS.isdisjoint(name.split("/")[1:-1])]:
            found[record.image] = names
    return found


SPLIT_FOLDERS = frozenset({*NAMES, "validation"})


def _remove_moved(plan: Plan, manifest: Manifest, earlier: Mapping[str, Sequence[str]]) -> None:
    """Remove earlier outputs of images that are now in another split: a copy in both would be trained and tested on.

    Outputs of a writer that this run does not have stay.
    """
    for record in manifest.records(earlier):
        tops = {name.split("/")[0] for name in record.files}
        for name in earlier[record.image]:
            if name not in record.files and name.split("/")[0] in tops:
                remove_file(plan.output / name, plan.output)
