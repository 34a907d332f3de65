"""kmseg's sweepers: they connect `kmseg/sweeps/` to Hydra's command line and launchers. Hydra looks for plugins here.

Every Hydra program of the environment loads this file, so it imports kmseg only when a sweep starts. Hydra does not add
it to `sys.modules`, where dataclasses look up string annotations: hence no `__future__` import.
"""

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from hydra.types import TaskFunction

    from kmseg.sweeps.points import Point
    from kmseg.sweeps.search import Space
    from kmseg.sweeps.sweep import Sweep


@dataclass
class KmsegSweeper(Sweeper):
    """Base of the sweepers: one folder, one parent run in the tracker, one summary.

    Parameters
    ----------
    metric : str or None
        The metric of `metrics.json` that decides the best run; None takes the first available of `mask/miou` and
        `legend/f1`, else the share of pixels near their color minus 0.001 per class.
    """

    metric: str | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: "TaskFunction", config: DictConfig) -> None:
        """Parse the overrides, choose the folder and create the launcher."""
        from kmseg.cli.sweep_loader import SweepLoader
        from kmseg.sweeps.sweep import find_sweep

        self._loader = SweepLoader(hydra_context.config_loader.get_search_path())
        self._config = config
        parser = OverridesParser.create(config_loader=self._loader)
        task, own = config.hydra.overrides.task, config.hydra.overrides.hydra
        self._space = {f"{word.get_key_element()}": _values(word) for word in parser.parse_overrides(list(task))}
        self._first = self._check()
        self._command = [word for word in task if not word.startswith("resume=")]
        self._folder = Path(config.hydra.sweep.dir).absolute()
        if self._first.resume and not any(word.startswith("hydra.sweep.dir=") for word in own):
            self._folder = find_sweep(self._folder.parent.parent, self._command) or self._folder
        with open_dict(config):
            config.hydra.sweep.dir = str(self._folder)
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=HydraContext(config_loader=self._loader, callbacks=hydra_context.callbacks),
            task_function=task_function,
            config=config,
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the sweep; raise at the end if a run failed."""
        from kmseg.cli.config import build_tracker
        from kmseg.sweeps.score import Score
        from kmseg.sweeps.sweep import sweeping

        tracker = build_tracker(self._first)
        score = Score(self.metric)
        with sweeping(self._folder, self._command, score, tracker, self._first.resume, self._prepare) as sweep:
            OmegaConf.save(self._config, self._folder / "multirun.yaml")
            self._run(sweep, self._space)

    @abstractmethod
    def _run(self, sweep: "Sweep", space: "Space") -> None:
        """Run points of the space."""

    def _prepare(self, points: Sequence["Point"]) -> None:
        """Make ready what points need, if this process runs them."""
        from kmseg.cli.sweep_ahead import BASIC_LAUNCHER, learn_ahead, warm_up

        if self._config.hydra.launcher._target_ == BASIC_LAUNCHER:
            learn_ahead(self._loader.load_sweep_config(self._config, list(point.overrides)) for point in points)
            warm_up()

    def _launch(self, points: Sequence["Point"], parent: str) -> None:
        """Run points with the chosen launcher; each worker gets the sweep's folder and the key of the parent run."""
        from kmseg.trackers import PARENT

        folder = str(self._folder).replace("\\", "\\\\").replace("'", "\\'")
        shared = [f"hydra.sweep.dir='{folder}'", *([f"++hydra.job.env_set.{PARENT}='{parent}'"] if parent else [])]
        jobs = [[*point.overrides, *shared, f"hydra.sweep.subdir='{point.number}'"] for point in points]
        self._launcher.launch(jobs, initial_job_idx=points[0].number)

    def _fingerprint(self, point: "Point") -> str:
        from kmseg.cli.config import fingerprint

        return fingerprint(self._compose(point.overrides))

    def _check(self) -> DictConfig:
        """Compose each option once, so that a wrong one fails before any work; return the first config.

        For a setting that is not an option group, the first value suffices to check that it exists.
        """
        first = {key: str(values[0]) for key, values in self._space.items()}
        for key, values in self._space.items():
            for option in values[1:] if self._loader.get_group_options(key.lstrip("+")) else ():
                self._compose([f"{k}={v}" for k, v in {**first, key: option}.items()])
        return self._compose([f"{key}={value}" for key, value in first.items()])

    def _compose(self, overrides: Sequence[str]) -> DictConfig:
        config = self._loader.load_sweep_config(self._config, list(overrides))
        with open_dict(config):
            del config["hydra"]
        return config


@dataclass
class Grid(KmsegSweeper):
    """Every combination of the values given."""

    def _check(self) -> DictConfig:
        """Refuse intervals, which have no values to combine, and check the rest."""
        from kmseg.errors import UserError

        for key, values in self._space.items():
            if isinstance(values, tuple):
                raise UserError(
                    f"{key}=interval({values[0]:g},{values[1]:g}) names no values to try; write {key}=range(...) or "
                    "a list, or use hydra/sweeper=search"
                )
        return super()._check()

    def _run(self, sweep: "Sweep", space: "Space") -> None:
        from kmseg.sweeps.points import Point

        chosen = itertools.product(*([f"{key}={value}" for value in values] for key, values in space.items()))
        points = [Point(number, overrides, self._folder / str(number)) for number, overrides in enumerate(chosen)]
        sweep.run(points, self._launch, self._fingerprint)


@dataclass
class Search(KmsegSweeper):
    """Search for the best combination with Optuna's TPE sampler.

    Parameters
    ----------
    trials : int
        Number of runs.
    at_once : int
        Number of runs proposed at a time, for launchers that run several in parallel.
    seed : int
        Seed of the sampler.
    """

    trials: int = 20
    at_once: int = 1
    seed: int = 0

    def _run(self, sweep: "Sweep", space: "Space") -> None:
        from kmseg.sweeps.search import search

        search(sweep, space, self._launch, self._fingerprint, trials=self.trials, at_once=self.at_once, seed=self.seed)


def _values(word: "Override") -> Any:
    """Return the values of an override as text; an interval as its two bounds."""
    if word.is_interval_sweep():
        ends: Any = word.value()
        return float(ends.start), float(ends.end)
    return list(word.sweep_string_iterator()) if word.is_sweep_override() else [word.get_value_element_as_str()]
