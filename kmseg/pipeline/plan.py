"""The plan of one run, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kmseg.clusterers import Clusterer
from kmseg.color_spaces import ColorSpace
from kmseg.datasets import Dataset
from kmseg.datasets.decision import Decision
from kmseg.datasets.sampling import Sampling
from kmseg.datasets.splits import Split
from kmseg.datasets.truth import Truth
from kmseg.executors import Executor
from kmseg.maskers import Masker
from kmseg.palette import Palette
from kmseg.pipeline.disk_cache import ColorCache
from kmseg.pipeline.palette_source import PaletteSource
from kmseg.scheduling.schedule import Schedule
from kmseg.trackers import Tracker
from kmseg.validation import check_bool, check_number, check_text
from kmseg.writers import Writer


@dataclass(frozen=True)
class Plan:
    """The parts and settings of one run.

    Attributes
    ----------
    folder : Path
        Output folder of the run.
    choices : mapping of str to str
        The option chosen for each group, as on the command line: `{"clusterer": "kmeans", ...}`.
    config_yaml : str
        The resolved config as YAML.
    overrides : sequence of str
        The overrides of the command line.
    max_unmatched : float or None
        The run fails if the share of unmatched pixels of an image is larger.
    resume : bool
        Whether an interrupted run in `folder` is resumed.
    cache : ColorCache
        Cache of the counts of images.
    incremental : bool or str
        Whether only new and changed images are done, with the palette that `folder` has; `prune` also removes the
        outputs of images that are gone.
    schedule : Schedule or None
        The jobs of task=schedule.
    show_palette : callable
        Called with the palette as soon as it is found, to show it to the user.
    decision : Decision or None
        What `dataset=auto` found, where it chose the dataset.
    outputs : str or None
        Folder or bucket that the writers' files go to; None is `folder`.
    split : Split
        How images are divided by writers where the data set does not say.
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
    show_palette: Callable[[Palette], None] = lambda palette: None
    decision: Decision | None = None
    split: Split = field(default_factory=Split)
    outputs: str | None = None

    def __post_init__(self) -> None:
        check_text("outputs", self.outputs, optional=True)
        check_bool("resume", self.resume)
        if self.incremental != "prune":
            check_bool("incremental", self.incremental)
        if self.max_unmatched is not None:
            check_number("max_unmatched", self.max_unmatched, at_least=0, at_most=1)

    @property
    def output(self) -> Path:
        """The folder that the writers' files go to."""
        return self.folder if self.outputs is None else Path(self.outputs).expanduser()

    @property
    def measured_against(self) -> Truth:
        """The truth given by the user, else the dataset's own."""
        return self.truth if self.truth.legend else self.dataset.truth() or self.truth


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run, for printing.

    Attributes
    ----------
    folder : Path
        The run's folder.
    metrics : mapping of str to float
        All figures, by their names in `kmseg.metrics.MEANING`.
    shares : sequence of float
        The share of pixels of each class of the palette.
    failures : sequence of str
        One sentence for each file that could not be used.
    warnings : sequence of str
        One sentence for each finding about the data that the user should know.
    view : str
        Address of, or command to show, the tracked run; empty without tracker.
    conclusion : str
        The conclusion in one sentence, if the task has one.
    drifted : bool
        Whether the images have colors that a palette given, or kept from an earlier run, lacks; the run is complete
        nevertheless.
    doubt : str
        What the input seems to be, where it does not seem to be label images; printed last.
    palette_shown : bool
        Whether the palette was already shown when it was found.
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
    doubt: str = ""
    palette_shown: bool = False


@dataclass(frozen=True)
class Listing:
    """A table to print: the outcome of a task that makes no masks and no palette; `code` is the exit code."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    code: int = 0
