"""Tasks: one use case each, from built parts to files and a tracked run, one file per option.

Only this folder knows the whole way of the data; everything it hands over is a plain object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kmseg.checks import number, yes_or_no
from kmseg.clusterers import Clusterer
from kmseg.color_cache import ColorCache
from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset
from kmseg.execution import Executor
from kmseg.maskers import Masker
from kmseg.palette import Palette
from kmseg.palette_source import PaletteSource
from kmseg.sampling import Sampling
from kmseg.scheduling.schedule import Schedule
from kmseg.tracking import Tracker
from kmseg.truth import Truth
from kmseg.writers import Writer


@dataclass(frozen=True)
class Plan:
    """The parts that one run is made of.

    Attributes
    ----------
    folder : Path
        The run's own folder; everything it writes goes there.
    choices : mapping of str to str
        The option chosen for each group, as on the command line: `{"clusterer": "kmeans", ...}`.
    config_yaml : str
        The whole resolved config as YAML, for the record.
    overrides : sequence of str
        What the user changed on the command line.
    max_unmatched : float or None
        The run fails if more than this share of an image's pixels cannot be explained.
    resume : bool
        Whether what an earlier run left in `folder` is gone on with.
    cache : ColorCache
        Where the counts of images are kept for other runs.
    incremental : bool or str
        Whether only new and changed images are done, with the palette that `folder` has; `prune` also removes the
        outputs of images that are gone.
    schedule : Schedule or None
        The jobs of task=schedule.
    """

    dataset: Dataset
    sampling: Sampling
    clusterer: Clusterer
    color_space: ColorSpace
    palette: PaletteSource
    masker: Masker
    writers: Mapping[str, Writer]
    truth: Truth
    tracker: Tracker
    executor: Executor
    folder: Path
    choices: Mapping[str, str] = field(default_factory=dict)
    config_yaml: str = ""
    overrides: tuple[str, ...] = ()
    max_unmatched: float | None = None
    resume: bool = False
    cache: ColorCache = field(default_factory=ColorCache)
    incremental: bool | str = False
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        yes_or_no("resume", self.resume)
        if self.incremental != "prune":
            yes_or_no("incremental", self.incremental)
        if self.max_unmatched is not None:
            number("max_unmatched", self.max_unmatched, at_least=0, at_most=1)

    @property
    def measured_against(self) -> Truth:
        """The truth given by the user, else the one that the dataset brings."""
        return self.truth if self.truth.legend else self.dataset.truth() or self.truth


@dataclass(frozen=True)
class Outcome:
    """What a run came to, for the person who started it.

    Attributes
    ----------
    shares : sequence of float
        The share of pixels of each class of the palette.
    failures : sequence of str
        One sentence for each file that could not be used.
    warnings : sequence of str
        One sentence for each thing about the data that the user should know.
    view : str
        How to look at the tracked run; empty where nothing was tracked.
    conclusion : str
        The answer in a sentence, where the task has one.
    drifted : bool
        Whether the images of an incremental run have colours that its palette lacks; it is complete all the same.
    """

    folder: Path
    palette: Palette
    shares: tuple[float, ...]
    metrics: Mapping[str, float]
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    view: str
    conclusion: str = ""
    drifted: bool = False


@dataclass(frozen=True)
class Listing:
    """A table for the person who asked for it: what a task came to that leaves no files; `code` is the exit code."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    code: int = 0


class Task(Protocol):
    """What every task does."""

    def run(self, plan: Plan) -> Outcome | Listing:
        """Do the whole job in `plan.folder`."""
