"""Decide which images a run must mask, which it takes over from the manifest, and which outputs it removes."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kmseg import storage
from kmseg._version import __version__
from kmseg.datasets import Dataset, Item
from kmseg.datasets.overrides import quote_override
from kmseg.errors import UserError
from kmseg.executors import Executor
from kmseg.files import noting_files, reading_once
from kmseg.legends.formats import read_palette
from kmseg.packed_texts import LazySequence, PackedTexts
from kmseg.palette import Palette
from kmseg.pipeline.manifest import ROWS, Manifest, Record, digest, digest_of_files, make_record
from kmseg.pipeline.mask_images import Work, Works
from kmseg.pipeline.merging import Merger
from kmseg.pipeline.plan import Plan
from kmseg.pipeline.progress import Progress
from kmseg.pipeline.tally import Tally, merge_tallies


def saved_palette(plan: Plan) -> Palette | None:
    """Return the palette of an earlier run in the folder, so that class indices stay the same.

    Raises `UserError` if the settings that decide the palette have changed since.
    """
    path = plan.folder / "palette.csv"
    if not path.exists():
        return None
    origin = Manifest(plan.folder).origin
    if origin and origin != palette_origin(plan):
        raise UserError(
            f"the palette in {plan.folder} was found with other settings of clusterer, color_space, sampling or "
            f"palette, and an incremental run keeps its palette; give {quote_override('palette.file', str(path))} to "
            "keep it, or choose another folder with hydra.run.dir=FOLDER to find a new one"
        )
    return read_palette(path)


def palette_origin(plan: Plan) -> str:
    """Return a digest of the settings that decide which palette is found."""
    return digest(repr((plan.sampling, plan.clusterer, plan.color_space, plan.palette)))


def image_settings(plan: Plan) -> str:
    """Return a digest of the settings besides the palette that decide an image's outputs, including files they name."""
    parts = {"color_space": plan.color_space, "masker": plan.masker, "truth": plan.measured_against, **plan.writers}
    named = {f"{name}.{option}": Path(value) for name, part in parts.items() for option, value in _texts(part)}
    files = {option: path for option, path in named.items() if storage.is_file(path)}
    return digest(__version__, repr(plan.dataset), repr(sorted(parts.items())), digest_of_files(files))


def _texts(part: Any) -> Iterator[tuple[str, str]]:
    for option in dataclasses.fields(part):
        value = getattr(part, option.name)
        if isinstance(value, str):
            yield option.name, value


def palette_digest(palette: Palette) -> str:
    """Return a digest of everything of a palette that decides an image's outputs: all but the certainties."""
    painted = None if palette.repainted is None else palette.repainted.tolist()
    classes = (palette.names, palette.colors.tolist(), palette.also, palette.ignored, painted, tuple(palette.ids))
    return digest(repr(classes))


@dataclass(frozen=True, slots=True)
class Known:
    """An image that an earlier run masked, and the digest of its content at that time."""

    work: Work
    content: str

    @property
    def item(self) -> Item:
        """The image's item."""
        return self.work.item


@dataclass(frozen=True, eq=False)
class KnownImages(LazySequence[Known]):
    """Images that earlier runs masked, each made when it is asked for."""

    contents: Sequence[str]
    works: Works

    def _at(self, place: int) -> Known:
        return Known(self.works[place], self.contents[place])

    def __len__(self) -> int:
        return len(self.works)


@dataclass(frozen=True)
class FindUnchanged:
    """The work of comparing the content of a chunk of images with that of an earlier run."""

    dataset: Dataset

    def __call__(self, chunk: Sequence[Known]) -> list[int]:
        """Return the positions of the images whose content is the same."""
        return [
            known.work.position
            for known in chunk
            if known.content and content_digest(self.dataset, known.work) == known.content
        ]


def content_digest(dataset: Dataset, work: Work) -> str:
    """Return a digest of an image's split and of all that is read for it; empty if nothing tells its content."""
    content = work.fingerprint(dataset)
    return "" if content is None else digest(content, work.item.split or "")


@dataclass(frozen=True)
class Recorded:
    """The tally of a chunk of images, and the records of those that could be read."""

    tally: Tally
    records: tuple[Record, ...]


@dataclass(frozen=True)
class RecordImages:
    """The work on a chunk of images: `mask` each and record what was written."""

    mask: Callable[[Sequence[Work]], Tally]
    dataset: Dataset
    folder: Path
    settings: str
    palette: str

    def __call__(self, chunk: Sequence[Work]) -> Recorded:
        """Mask, write and record a chunk of images."""
        tallies, records, below = [], [], f"{self.folder.as_posix()}/"
        for work in chunk:
            with reading_once(), noting_files() as files:
                # Digested before masking: a later change is seen by the next run.
                content = content_digest(self.dataset, work)
                tally = self.mask([work])
            tallies.append(tally)
            if tally.masked:
                sizes = {path.as_posix().removeprefix(below): size for path, size in files.items()}
                records.append(make_record(work.item.key, (content, self.settings, self.palette), sizes, tally))
        return Recorded(merge_tallies(tallies), tuple(records))


@dataclass(frozen=True)
class Recording:
    """An executor that adds the records of each finished chunk to the manifest and yields the tallies.

    With a set of `files`, those written below `folder` are added to it.
    """

    executor: Executor
    manifest: Manifest
    files: set[Path] | None = None
    folder: Path = Path()

    def map(self, work: Callable[[Sequence[Any]], Any], items: Sequence[Any]) -> Iterator[Any]:
        """Yield the tally of each chunk, in their order."""
        with self.manifest.recording() as add:
            for recorded in self.executor.map(work, items):
                add(recorded.records)
                if self.files is not None:
                    self.files.update(self.folder / name for record in recorded.records for name in record.files)
                yield recorded.tally


@dataclass(frozen=True)
class Division:
    """The images of a dataset, divided by what a run must do with them.

    Attributes
    ----------
    todo : Works
        New and changed images, and those that a writer needs again.
    unchanged : Works
        The others; the manifest has their records.
    gone : sequence of str
        Keys of recorded images that are no longer in the dataset.
    """

    todo: Works
    unchanged: Works
    gone: Sequence[str]


def divide(plan: Plan, work: RecordImages, images: Works, manifest: Manifest, progress: Progress) -> Division:
    """Compare the images with the records of earlier runs; an image that differs must be done."""
    recorded = manifest.images()
    if not recorded:
        return Division(images, replace(images, positions=()), [])
    if storage.find_bucket(plan.output):
        storage.contents(plan.output)  # tells the sizes of all its files at once
    known = _find_known(plan, work, images, manifest)
    compare = FindUnchanged(plan.dataset)
    same = progress.run_stage("compare", "comparing", plan.executor, compare, known, _concatenate) if known else []
    is_same = np.zeros(len(images), np.bool_)
    is_same[same] = True
    return Division(images.at(~is_same), images.at(is_same), find_gone(recorded, images.items))


def _find_known(plan: Plan, work: RecordImages, images: Works, manifest: Manifest) -> KnownImages:
    """Find the images whose records say that they may be unchanged."""
    positions = array("q")

    def contents() -> Iterator[str]:
        for some, records in _with_records(images, manifest):
            for record in records:
                if _may_be_unchanged(plan, work, some[record.image], record):
                    positions.append(some[record.image].position)
                    yield record.content

    return KnownImages(PackedTexts(contents()), replace(images, positions=positions))


def _with_records(images: Works, manifest: Manifest) -> Iterator[tuple[dict[str, Work], Iterator[Record]]]:
    """Yield some images after others by their keys, each time with the records of those that have one."""
    for start in range(0, len(images), ROWS):
        some = {image.item.key: image for image in images[start : start + ROWS]}
        yield some, manifest.records(some)


def find_gone(recorded: Sequence[str], items: Sequence[Item]) -> list[str]:
    """Return the keys of recorded images that are not in the dataset."""
    gone = set(recorded)
    for item in items if gone else ():
        gone.discard(item.key)
    return sorted(gone)


def take_over(manifest: Manifest, unchanged: Works) -> list[Tally]:
    """Return the recorded tally of all unchanged images, if there are any."""
    if not unchanged:
        return []
    merger = Merger(merge_tallies)
    for some, records in _with_records(unchanged, manifest):
        for record in records:
            merger.add(record.tally_at(some[record.image].position))
    return [merger.total()]


def _concatenate(parts: Sequence[list[int]]) -> list[int]:
    return [position for part in parts for position in part]


def _may_be_unchanged(plan: Plan, work: RecordImages, image: Work, record: Record) -> bool:
    return (
        record.complete
        and (record.settings, record.palette) == (work.settings, work.palette)
        and not any(writer.needs_again(image.position) for writer in plan.writers.values())
        and all(_size(plan.output / name) == size for name, size in record.files.items())
    )


def _size(path: Path) -> int:
    """Return the size of a file in bytes, -1 if it does not exist. After a power failure it may be empty."""
    try:
        return storage.size(path)
    except OSError:
        return -1


def remove_outputs(folder: Path, manifest: Manifest, gone: Sequence[str], remaining: Iterable[str]) -> None:
    """Remove the files of images that are gone, except files shared with remaining images, and empty folders."""
    files = {name for record in manifest.records(gone) for name in record.files}
    if files:
        for record in manifest.records(remaining):
            files.difference_update(record.files)
    for name in files:
        remove_file(folder / name, folder)


def remove_file(path: Path, top: Path) -> None:
    """Remove a file, and the folders below `top` that it leaves empty."""
    storage.remove(path)
    _remove_empty(path.parent, top)


def _remove_empty(path: Path, top: Path) -> None:
    while path != top and path.is_relative_to(top) and path.is_dir() and not any(path.iterdir()):
        path.rmdir()
        path = path.parent
