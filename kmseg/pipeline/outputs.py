"""Outputs of every run: palette and metrics as files, and the tracked run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.discovery.candidates import in_order, write_candidates
from kmseg.discovery.palette import Found
from kmseg.draw.sheets import candidates_picture, palette_picture
from kmseg.errors import SharedFolder, UserError
from kmseg.files import remove_leftovers, write_bytes, write_csv, write_json, write_text
from kmseg.images import write_png
from kmseg.legends.recognition import Match
from kmseg.metrics import MEANING
from kmseg.palette import Palette, write_palette
from kmseg.pipeline.manifest import MANIFESTS
from kmseg.pipeline.plan import Outcome, Plan
from kmseg.pipeline.progress import Progress
from kmseg.trackers import TrackedRun, parent_key

SECTIONS = ("compare", "legend", "mask", "palette", "sampled", "images", "incremental", "drift", "time")
"""Order of the metrics' sections in the file and in MLflow: most important first."""

LOG = logging.getLogger("kmseg")


@contextmanager
def tracked_run(plan: Plan, images: int, progress: Progress) -> Iterator[TrackedRun]:
    """Start the tracked run with name, parameters and config; with `resume`, delete that of the interrupted run.

    The tracker may open its store while images are read; if that fails, `progress` stops the run.
    """
    if plan.resume:
        plan.tracker.forget(plan.folder)
    with plan.tracker.start(_name(plan), description(plan), plan.folder) as tracked:
        progress.watch = tracked.check
        tracked.params(_params(plan, images))
        tracked.file(write_text(plan.folder / "config.yaml", plan.config_yaml))
        if plan.decision is not None:
            tracked.file(write_json(plan.folder / "dataset.json", plan.decision.record()))
        yield tracked
        if plan.resume:
            remove_leftovers(plan.folder)  # of processes that were still running when this run began


def announce_palette(plan: Plan, palette: Palette) -> None:
    """Write and show a palette as soon as it is found, before the steps that take longer."""
    write_palette(plan.folder / "palette.csv", palette)
    plan.show_palette(palette)


def record_found(tracked: TrackedRun, plan: Plan, found: Found, progress: Progress) -> None:
    """Write and track the centroids, in feature units and as colors, and the candidates."""
    with progress.timed("fit"):
        clusters = found.clusters  # computed here, on first access
    if found.candidates is not None:
        tracked.file(write_candidates(plan.folder / "candidates.csv", found.candidates))
        tracked.file(write_png(plan.folder / "candidates.png", candidates_picture(in_order(found.candidates))))
    if found.closest:
        tracked.file(_write_closest(plan.folder / "recognition.csv", found.closest))
    columns: dict[str, Sequence[object]] = {
        f"feature_{axis}": [round(value, 4) for value in clusters.centers[:, axis].tolist()]
        for axis in range(clusters.centers.shape[1])
    }
    columns["pixels"] = clusters.pixels.tolist()
    centroids = Palette(found.palette.names, plan.color_space.to_rgb(clusters.centers))
    tracked.file(write_palette(plan.folder / "centroids.csv", centroids, columns))
    levels = centroids.colors.T.tolist()
    named = {"name": centroids.names, **dict(zip("rgb", levels, strict=True)), **columns}
    tracked.table("centroids.json", named)


def finish_run(
    plan: Plan,
    tracked: TrackedRun,
    progress: Progress,
    palette: Palette,
    class_pixels: NDArray[np.int64],
    metrics: Mapping[str, float],
    failures: tuple[str, ...],
    warnings: tuple[str, ...] = (),
    files: Sequence[Path] = (),
) -> Outcome:
    """Write palette and metrics, record them, and return the outcome; `class_pixels` `(k,)` are of the palette."""
    warnings = tuple(warning for warning in warnings if warning)
    for warning in warnings:
        LOG.warning(warning)
    for failure in failures:
        LOG.warning("skipped %s", failure)
    total = max(int(class_pixels.sum()), 1)
    shares = tuple((class_pixels / total).tolist())
    columns = {"pixels": class_pixels.tolist(), "share": [f"{share:.6f}" for share in shares]}
    tracked.file(write_palette(plan.folder / "palette.csv", palette, columns))
    tracked.file(write_png(plan.folder / "palette.png", palette_picture(palette, shares)))
    for path in files:
        tracked.file(path)
    everything = {
        **dict(sorted(metrics.items(), key=lambda metric: SECTIONS.index(metric[0].split("/")[0]))),
        "palette/classes": len(palette),
        "images/failed": len(failures),
        **{f"time/{name}": round(seconds, 4) for name, seconds in progress.seconds.items()},
    }
    tracked.file(write_json(plan.folder / "metrics.json", everything))
    tracked.metrics(everything)
    view = ""
    if not parent_key():  # a sweep logs the model of its best run only, and shows itself
        tracked.model(plan.folder)
        view = tracked.view()
    return Outcome(plan.folder, palette, shares, everything, failures, warnings, view)


def prepare_folder(plan: Plan) -> None:
    """Create the run's folder before any work, and remove the temporary files that killed runs left there.

    Raises
    ------
    UserError
        If the folder cannot be written, holds files of another program that the run would write over, holds a folder of
        images or lies in one.
    """
    refuse_shared_folder(plan)
    refuse_foreign_files(plan)
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(plan.folder)
        probe = plan.folder / ".kmseg-write-test"
        probe.touch()
        probe.unlink()
        if plan.outputs is not None:
            storage.remove(write_bytes(plan.output / probe.name, b""))
    except OSError as error:
        raise UserError(
            f"the output folder {error.filename or plan.folder} cannot be written ({error.strerror}); "
            f"choose another with {'hydra.run.dir' if plan.outputs is None else 'outputs'}=FOLDER"
        ) from None


def refuse_shared_folder(plan: Plan) -> None:
    """Fail if the run's folder and a folder of images are one, or one lies in the other."""
    photos = getattr(plan.dataset, "photos", None)
    roots = {
        "dataset.root": [plan.decision.root if plan.decision else getattr(plan.dataset, "root", None)],
        "dataset.photos": [photos] if isinstance(photos, str) else list(photos or ()),
        "truth.masks": [plan.truth.masks],
    }
    outputs = {
        f"the output folder {plan.folder}": (plan.folder, "hydra.run.dir"),
        f"outputs={plan.outputs}": (plan.outputs, "outputs"),
        "cache.folder": (plan.cache.folder if plan.cache.limit else None, "cache.folder"),
        "tracker.folder": (getattr(plan.tracker, "folder", None), "tracker.folder"),
    }
    for (what, (written, setting)), (name, folders) in product(outputs.items(), roots.items()):
        for folder in folders:
            if not written or not folder or plan.choices.get("dataset") == "sample":
                continue
            where = _how_shared(Path(written).expanduser(), Path(folder).expanduser())
            if where == "lies in" or (where == "holds" and setting in ("hydra.run.dir", "outputs")):
                raise SharedFolder(
                    f"{what} {where} {name}={folder}, which a run never writes into\n"
                    f"choose another with {setting}=FOLDER"
                )


WRITTEN = (
    *("palette.csv", "palette.png", "images.csv", "candidates.csv", "config.yaml", "metrics.json"),
    *("masks", "color", "class", "layers", "paletted", "preview.png", "report.html"),
)
"""Names that a run and its writers write; the other writers have a folder of their own name."""


def refuse_foreign_files(plan: Plan) -> None:
    """Fail if the run's folder holds files of the user's that a run would write over."""
    if _is_run_folder(plan.folder):
        return
    found = next((name for name in (*WRITTEN, *plan.writers) if (plan.folder / name).exists()), None)
    if found is not None:
        raise UserError(
            f"the output folder {plan.folder} holds {found} and is no folder of an earlier run; nothing was written: "
            "choose an empty folder with hydra.run.dir=FOLDER"
        )


def _is_run_folder(folder: Path) -> bool:
    """Return whether an earlier run wrote into a folder: it has a manifest, or a config that names kmseg's classes."""
    if any((folder / name).exists() for name in MANIFESTS):
        return True
    try:
        return "_target_: kmseg." in (folder / "config.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _how_shared(output: Path, images: Path) -> str:
    """Say how two folders share files; nothing if they do not: an archive is never written into."""
    in_bucket = storage.find_bucket(images) is not None
    if in_bucket != (storage.find_bucket(output) is not None) or (storage.is_elsewhere(images) and not in_bucket):
        return ""
    one, other = (output, images) if in_bucket else (output.resolve(), images.resolve())
    return "lies in" if one.is_relative_to(other) else "holds" if other.is_relative_to(one) else ""


def _write_closest(path: Path, closest: Sequence[Match]) -> Path:
    """Write the most similar published legends, best first."""
    rows = [
        (
            match.slug,
            match.title,
            f"{match.score:.3f}",
            f"{match.bits:.1f}",
            match.matched,
            match.published,
            f"{match.distance:.2f}",
        )
        for match in closest
    ]
    return write_csv(path, ["legend", "title", "score", "bits", "matched", "published", "mean_distance"], rows)


def _name(plan: Plan) -> str:
    """Return a run's name; it begins with what differs between runs."""
    choices = plan.choices
    if plan.palette.file is not None:
        return f"{choices['masker']} {plan.palette.file.rsplit('/', 1)[-1]} {choices['dataset']}"
    task = "" if choices["task"] == "segment" else choices["task"]
    k = getattr(plan.clusterer, "k", None)
    images = plan.sampling.images
    parts = [
        task,
        f"k={k}" if k else "",
        choices["clusterer"],
        choices["color_space"],
        choices["masker"],
        f"images={images}",
    ]
    return " ".join(part for part in parts if part)


def _params(plan: Plan, images: int) -> dict[str, object]:
    learned = {
        "clusterer": plan.choices["clusterer"],
        "color_space": plan.choices["color_space"],
        "k": getattr(plan.clusterer, "k", ""),
        "sampling.images": plan.sampling.images,
    }
    skipped = ("tracker", "executor", "clusterer", "color_space")
    return {
        **{group: choice for group, choice in plan.choices.items() if group not in skipped},
        "dataset.root": getattr(plan.dataset, "root", None) or "",
        "dataset.images": images,
        "sampling.seed": plan.sampling.seed,
        **({"palette.file": plan.palette.file} if plan.palette.file is not None else learned),
    }


def description(plan: Plan) -> str:
    """Describe a run in Markdown: its parts, its overrides, the meaning of its metrics."""
    choices = plan.choices
    changed = "`" + " ".join(plan.overrides) + "`" if plan.overrides else "nothing"
    meanings = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in MEANING.items())
    return (
        f"**{choices['task']}** of `{choices['dataset']}` with `{choices['clusterer']}` in `{choices['color_space']}`, "
        f"masks by `{choices['masker']}`.\n\nChanged on the command line: {changed}\n\n"
        f"Files: `{plan.folder}`\n\n| metric | meaning |\n|---|---|\n{meanings}\n"
    )
