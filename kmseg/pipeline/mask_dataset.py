"""Mask, write and record every image of a dataset; unchanged images are taken over from the folder's manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kmseg.datasets import Item
from kmseg.executors import Executor
from kmseg.palette import Palette
from kmseg.pipeline.count_colors import nothing_read
from kmseg.pipeline.incremental import (
    RecordImages,
    Recording,
    divide,
    image_settings,
    palette_digest,
    palette_origin,
    remove_outputs,
    take_over,
)
from kmseg.pipeline.manifest import Manifest, remove_manifest
from kmseg.pipeline.mask_images import MaskImages, Work
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress
from kmseg.pipeline.tally import Tally, merge_tallies


@dataclass(frozen=True, eq=False)
class Masked:
    """The result of masking a dataset.

    Attributes
    ----------
    tally : Tally
        Of all images of the dataset.
    done : list of Item
        The images that this run masked; the others were unchanged.
    counts : mapping of str to float
        Numbers of images done, unchanged and gone, as metrics.
    manifest : Manifest
    """

    tally: Tally
    done: list[Item]
    counts: Mapping[str, float]
    manifest: Manifest


def mask_dataset(plan: Plan, items: Sequence[Item], palette: Palette, progress: Progress) -> Masked:
    """Mask every item that must be done; return the tally of all."""
    truth = plan.measured_against
    use_memory_cache = bool(plan.cache.limit)  # set in the runs of a sweep
    mask = MaskImages(
        plan.dataset, palette, plan.masker, plan.color_space, plan.writers, truth, plan.folder, use_memory_cache
    )
    work = RecordImages(mask, plan.folder, image_settings(plan), palette_digest(palette))
    images = [Work(position, item, truth.mask_file(item.key)) for position, item in enumerate(items)]
    if not (plan.resume or plan.incremental):
        remove_manifest(plan.folder)
    manifest = Manifest(plan.folder)
    division = divide(plan, work, images, manifest, progress)
    forget = [image.item.key for image in division.todo]
    if plan.incremental == "prune":
        remove_outputs(plan.folder, manifest, division.gone, (image.item.key for image in division.unchanged))
        forget += division.gone
    manifest.begin(palette_origin(plan), forget)
    parts = take_over(manifest, division.unchanged)
    if division.todo:
        recording: Executor = Recording(plan.executor, manifest)
        recorded: Callable[[Sequence[Work]], Any] = work  # `recording` yields its tally
        parts.append(progress.run_stage("mask", "masking", recording, recorded, division.todo, merge_tallies))
    tally = merge_tallies(parts)
    if not tally.masked:
        raise nothing_read(tally.failures)
    counts = {"done": len(division.todo), "unchanged": len(division.unchanged), "gone": len(division.gone)}
    return Masked(
        tally,
        done=[image.item for image in division.todo],
        counts={f"incremental/{name}": count for name, count in counts.items()},
        manifest=manifest,
    )
