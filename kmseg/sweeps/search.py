"""Search for the best settings with Optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from kmseg.errors import UserError
from kmseg.sweeps.points import Point
from kmseg.sweeps.sweep import Launch, Sweep
from kmseg.validation import check_integer

if TYPE_CHECKING:
    from optuna import Trial

Space = Mapping[str, Sequence[str] | tuple[float, float]]
"""The search space of each setting: a list of values, or the bounds of an interval."""

REPEATS = 10
"""Consecutive proposals that were all run before, after which the space counts as exhausted."""


def search(
    sweep: Sweep,
    space: Space,
    launch: Launch,
    fingerprint: Callable[[Point], str],
    trials: int,
    at_once: int,
    seed: int,
) -> None:
    """Run `trials` points of the space, `at_once` at a time, as the sampler proposes them.

    The sampler is seeded and gets the results in a fixed order. So a search that was interrupted proposes the same
    points again and reuses the finished runs.
    """
    check_integer("hydra.sweeper.trials", trials, at_least=1)
    check_integer("hydra.sweeper.at_once", at_once, at_least=1)
    check_integer("hydra.sweeper.seed", seed, at_least=0)
    try:
        import optuna
    except ImportError:
        raise UserError("hydra/sweeper=search needs Optuna; install it with: pip install 'kmseg[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    scores: dict[tuple[str, ...], float | None] = {}
    repeated = 0
    while len(scores) < trials and repeated < REPEATS:
        asked = [study.ask() for _ in range(min(at_once, trials - len(scores)))]
        chosen = [_choose(trial, space) for trial in asked]
        fresh = [overrides for overrides in dict.fromkeys(chosen) if overrides not in scores]
        points = [Point(n, words, sweep.folder / str(n)) for n, words in enumerate(fresh, start=len(scores))]
        repeated = 0 if points else repeated + 1
        for result in sweep.run(points, launch, fingerprint):
            scores[result.point.overrides] = None if result.failed else sweep.score.value(result.metrics)
        for trial, overrides in zip(asked, chosen, strict=True):
            score = scores[overrides]
            study.tell(trial, score, state=None if score is not None else optuna.trial.TrialState.FAIL)


def _choose(trial: Trial, space: Space) -> tuple[str, ...]:
    """Let the sampler choose a value of each setting."""
    return tuple(f"{key}={_value(trial, key, values)}" for key, values in space.items())


def _value(trial: Trial, key: str, values: Sequence[str] | tuple[float, float]) -> str:
    if isinstance(values, tuple):
        return f"{trial.suggest_float(key, *values):.6g}"
    if len(values) == 1:
        return values[0]
    try:
        ordered = sorted(values, key=float)
    except ValueError:  # words have no order
        return str(trial.suggest_categorical(key, list(values)))
    return ordered[trial.suggest_int(key, 0, len(ordered) - 1)]
