"""The main task: find or read the palette, mask every image, write, measure and track."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kmseg.audit.drift import Drift
from kmseg.audit.pixel_match import explained_shares, note_unmatched, refuse_unmatched, write_images
from kmseg.datasets import Item, list_items
from kmseg.datasets.splits import Split
from kmseg.discovery.damage import summarize
from kmseg.discovery.palette import Found
from kmseg.files import noting_files
from kmseg.images import JPEG_SUFFIXES
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.jpeg import Jpeg
from kmseg.metrics.legend import legend_scores
from kmseg.metrics.masks import mask_scores, match_classes
from kmseg.palette import Palette
from kmseg.pipeline.check_palette import NOTHING_TO_CHECK, check_palette, record_known_gaps
from kmseg.pipeline.count_colors import learn_palette
from kmseg.pipeline.finish_writers import finish_writers
from kmseg.pipeline.incremental import saved_palette
from kmseg.pipeline.look_at_input import LookAtInput, explained_by, say_transparent
from kmseg.pipeline.manifest import only_run_in
from kmseg.pipeline.mask_dataset import Masked, mask_dataset
from kmseg.pipeline.outputs import announce_palette, finish_run, prepare_folder, record_found, tracked_run
from kmseg.pipeline.plan import Outcome, Plan
from kmseg.pipeline.precompile import start_compiling, wait_until_compiled
from kmseg.pipeline.progress import Progress
from kmseg.pipeline.tally import Tally
from kmseg.pipeline.unrecorded import describe_unrecorded
from kmseg.pixels.jit import when_compiling
from kmseg.trackers import TrackedRun
from kmseg.writers import PerImage
from kmseg.writers.dataset_layout import Layout

FEW_CONSISTENT = 0.9
"""Share of consistent blocks below which masks are said to contradict their files; saved directly, 0.98 are."""

JPEG_SECONDS = 28.0, 105.0
"""Seconds of one core that masker=jpeg takes for a million border pixels of labels saved directly, and of resized ones:
15 to 55 (2 to 40 classes, quality 75 and 90), and 80 to 140; x86_64."""

ROW_WRITERS = frozenset({"one_hot", "paletted_png"})
"""Writers besides the layouts whose values are rows of the palette."""


@dataclass(frozen=True)
class Segment:
    """Turn label images into a palette, index masks, metrics and a tracked run."""

    def run(self, plan: Plan) -> Outcome:
        """Run the task in `plan.folder`."""
        prepare_folder(plan)
        when_compiling(start_compiling)
        progress = Progress()
        given = plan.palette.given
        if given is None and plan.incremental:
            given = saved_palette(plan)
        if given is not None:
            check_writers(plan, given)
        items, notes = list_items(plan.dataset)
        check_photos(plan, items)
        notes = [*plan.palette.warnings, *plan.truth.warnings, *notes, *say_split(plan, items)]
        with (
            only_run_in(plan.folder),
            noting_files() as noted,
            tracked_run(plan, len(items), progress) as tracked,
        ):
            with progress.timed("total"):
                chosen = choose_palette(plan, items, given, tracked, progress)
                wait_until_compiled()
                masked = mask_dataset(plan, items, chosen.palette, progress)
                checks = check_masks(plan, items, chosen, masked, progress)
                metrics = chosen.metrics | checks.metrics
                warnings = [*notes, *chosen.warnings, *say_ids(plan, chosen.palette), *checks.warnings]
                with progress.timed("finish"):
                    candidates = chosen.found.candidates if chosen.found else None
                    files = finish_writers(plan, items, chosen.palette, masked.tally, metrics, warnings, candidates)
                if masked.files is not None:
                    known = {*masked.files, *noted, *files}
                    warnings.append(describe_unrecorded(plan.output, known, masked.started))
            tally = masked.tally
            files.append(write_images(plan.folder / "images.csv", tally.explained, chosen.palette))
            files += checks.drift.write(plan.folder / "drift.csv")
            pixels = tally.class_pixels[:-1]
            outcome = finish_run(
                plan, tracked, progress, chosen.palette, pixels, metrics, tally.failures, tuple(warnings), files
            )
            if plan.max_unmatched is not None:
                refuse_unmatched(plan.max_unmatched, tally.explained, plan.folder / "images.csv", outcome.warnings)
            return replace(
                outcome, drifted=bool(checks.drift), doubt=chosen.doubt, palette_shown=chosen.found is not None
            )


@dataclass(frozen=True)
class ChosenPalette:
    """The palette of a run: given, found by an earlier run, or found now.

    Attributes
    ----------
    palette : Palette
    found : Found or None
        How it was found in the labels; None if this run did not search.
    doubt : str
        Why the input may not be label images; empty without doubt.
    warnings : list of str
    metrics : dict of str to float
    """

    palette: Palette
    found: Found | None
    doubt: str
    warnings: list[str]
    metrics: dict[str, float]


def choose_palette(
    plan: Plan, items: Sequence[Item], given: Palette | None, tracked: TrackedRun, progress: Progress
) -> ChosenPalette:
    """Look at the input and, unless a palette is given, find it in the labels."""
    if given is not None and plan.incremental:  # what is new is compared with the palette
        return ChosenPalette(given, None, "", [], {})
    look = LookAtInput(plan, items, progress)
    warnings = say_transparent(look.chosen)
    if given is not None:
        return ChosenPalette(given, None, look.doubt.sentence, warnings, {})
    with explained_by(look):
        found, sampled = learn_palette(plan, items, progress)
    palette = found.palette
    announce_palette(plan, palette)
    record_found(tracked, plan, found, progress)
    check_writers(plan, palette)
    warnings += [found.said, *found.remarks, *how_to_name(plan, palette)]
    doubt = look.doubt.remaining(found, sampled.read, plan.dataset, items)
    metrics = {"palette/inertia": found.clusters.inertia, "images/sampled": sampled.read}
    return ChosenPalette(palette, found, doubt, warnings, metrics)


@dataclass(frozen=True)
class MaskChecks:
    """What the masks say of the palette, the truth and the damage of the labels.

    Attributes
    ----------
    drift : Drift
        Colors of the labels that the given palette lacks.
    warnings : list of str
    metrics : dict of str to float
    """

    drift: Drift
    warnings: list[str]
    metrics: dict[str, float]


def check_masks(
    plan: Plan, items: Sequence[Item], chosen: ChosenPalette, masked: Masked, progress: Progress
) -> MaskChecks:
    """Compare a palette that was given with the labels, and measure the masks."""
    palette, tally, check = chosen.palette, masked.tally, NOTHING_TO_CHECK
    warnings = [*masked.notes]
    metrics = dict(masked.counts) if plan.incremental else {}
    if chosen.found is None:
        check = check_palette(plan, items, palette, masked, progress)
        warnings += check.warnings
        metrics |= check.drift.metrics
    elif plan.incremental:
        warnings += record_known_gaps(plan, items, palette, masked, progress)
    warnings += [
        describe_damage(tally),
        *warn_few_evaluated(plan, tally),
        *warn_absent_classes(plan, palette, tally),
        *warn_inconsistent(plan, tally),
        *note_unmatched(tally.explained, palette),
        *suggest_jpeg(plan, items, tally),
    ]
    return MaskChecks(check.drift, warnings, metrics | measure(plan, palette, tally))


def how_to_name(plan: Plan, palette: Palette) -> list[str]:
    """Return a hint on naming classes if some have no name and the report page is not among the writers."""
    unnamed = sum(re.fullmatch(r"class_\d+", name) is not None for name in palette.names)
    if not unnamed or "report" in plan.writers:
        return []
    return [f"{unnamed} of {len(palette)} classes have no name; name them on a page with +writers=report"]


def check_writers(plan: Plan, palette: Palette) -> None:
    """Raise before masking if a writer's options need a class that the palette lacks."""
    for writer in plan.writers.values():
        writer.check(palette)


def check_photos(plan: Plan, items: Sequence[Item]) -> None:
    """Fail before any work if a writer cannot use the photos as they are."""
    accepting = (None, PerImage.check_photos)  # writers of plugins may have none
    checks: list[Callable[[Sequence[Path]], None]] = [
        writer.check_photos  # type: ignore[attr-defined]  # no part of the protocol
        for writer in plan.writers.values()
        if getattr(type(writer), "check_photos", None) not in accepting
    ]
    photos = [item.photo for item in items if item.photo and item.photo != item.label] if checks else []
    for check in checks:
        check(photos)


def say_split(plan: Plan, items: Sequence[Item]) -> list[str]:
    """Say how many images the layouts of training tools use for validation, where the data set has no splits."""
    layouts = [writer for writer in plan.writers.values() if isinstance(writer, Layout)]
    if not layouts or any(item.split for item in items):
        return []
    said = []
    for val, seed in dict.fromkeys((writer.val, writer.seed) for writer in layouts):
        drawn = sum(Split(val=val, seed=seed).draw(item.key) == "val" for item in items)
        said.append(
            f"no splits given: {drawn} of {len(items)} images drawn for val (split.val={val:g} split.seed={seed})"
        )
    return said


def say_ids(plan: Plan, palette: Palette) -> list[str]:
    """Say which writers number the classes by rows where the label images had ids with gaps."""
    by_row = [name for name in plan.writers if name in ROW_WRITERS or isinstance(plan.writers[name], Layout)]
    if not palette.ids or not by_row:
        return []
    ids = ", ".join(map(str, palette.ids[:8])) + (", ..." if len(palette.ids) > 8 else "")
    return [
        f"the label images number their classes {ids}, as index_png does; {', '.join(by_row)} count them from 0 in the "
        "order of palette.csv"
    ]


def describe_damage(tally: Tally) -> str:
    """Say what the label images went through; images.csv has it image by image."""
    counts = Counter(row.damage for row in tally.explained.values() if row.damage)
    return f"{summarize(counts)} (images.csv)" if counts else ""


def warn_few_evaluated(plan: Plan, tally: Tally) -> list[str]:
    """Return a warning if not every image has a true mask."""
    masks = plan.measured_against.masks
    if masks is None or tally.evaluated == tally.masked:
        return []
    return [
        f"{tally.evaluated} of {tally.masked} images have a usable true mask in {masks}; mask metrics cover "
        "only those (a mask has the path or name of its image, but for words such as _gt)"
    ]


def warn_absent_classes(plan: Plan, palette: Palette, tally: Tally) -> list[str]:
    """Return a warning if the masks have classes that the true masks never have, since no metric covers them."""
    true = plan.measured_against.palette
    if true is None or not tally.evaluated:
        return []
    predicted = np.flatnonzero(tally.confusion[:, :-1].sum(axis=0))
    absent = set(match_classes(palette, true)[predicted].tolist()) - set(tally.confusion.sum(axis=1).nonzero()[0])
    names = ", ".join(true.names[k] for k in sorted(absent)[:5]) + (", ..." if len(absent) > 5 else "")
    return [f"no true mask has {names}, which the masks have: mask/miou does not cover it"] if absent else []


def warn_inconsistent(plan: Plan, tally: Tally) -> list[str]:
    """Say what masker=jpeg could not read from the files, and where its masks contradict them."""
    if not isinstance(plan.masker, Jpeg):
        return []
    said, rows = [], tally.explained
    if without := sum(not row.blocks for row in rows.values()):
        said.append(
            f"{without} of {len(rows)} label images have no JPEG coefficients, read or computed back (lossless, "
            "another codec, resized or cropped after JPEG, parts that cut its blocks): the boundary masker masked them"
        )
    blocks, consistent = (sum(getattr(row, name) for row in rows.values()) for name in ("blocks", "consistent"))
    if blocks and consistent < FEW_CONSISTENT * blocks:
        worst = min((row.consistent / row.blocks, key) for key, row in rows.items() if row.blocks)
        said.append(
            f"{1 - consistent / blocks:.0%} of the files' blocks contradict the masks, most in {worst[1]} "
            f"({1 - worst[0]:.0%}): a color of the palette is off or missing, or the labels were resized before they "
            "were saved (images.csv)"
        )
    return said


def suggest_jpeg(plan: Plan, items: Sequence[Item], tally: Tally) -> list[str]:
    """Say that masker=jpeg would correct borders, and how long it would take, where most label files are JPEG."""
    if not isinstance(plan.masker, Boundary):
        return []
    count = sum(item.label.suffix.lower() in JPEG_SUFFIXES for item in items)
    if 2 * count <= len(items):
        return []
    border = sum(row.reassigned + row.unmatched for row in tally.explained.values()) / 1e6
    least, most = (max(1.0, border * seconds) for seconds in JPEG_SECONDS)
    return [
        f"{count} label files are JPEG: masker=jpeg corrects borders by the files' coefficients, in {least:.0f} "
        f"(labels saved as painted) to {most:.0f} (resized before) seconds of one core"
    ]


def measure(plan: Plan, palette: Palette, tally: Tally) -> dict[str, float]:
    """Return the metrics of the masked images, including those against the truth where there is one."""
    figures = explained_shares(tally.explained)
    figures |= {"images/read": tally.masked, "images/evaluated": tally.evaluated}
    true = plan.measured_against.palette
    if true is not None:
        figures |= legend_scores(palette, true, tally.flat_pixels)
    if true is not None and tally.confusion.any():
        figures |= mask_scores(tally.confusion, palette, true)
    return figures
