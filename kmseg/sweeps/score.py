"""The score by which the runs of a sweep are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kmseg.errors import UserError
from kmseg.metrics import less_is_better

COST_PER_CLASS = 0.001
"""Share of the pixels that a further class must explain to raise the score, where there is no truth."""


@dataclass(frozen=True)
class Score:
    """Compares runs by one metric.

    Parameters
    ----------
    metric : str or None
        A name of `metrics.json`. None takes the first that a run has of `mask/miou` and `legend/f1`, and without truth
        the share of pixels within 10 RGB units of their color, less 0.001 for each class.
    """

    metric: str | None = None

    def value(self, metrics: Mapping[str, float]) -> float:
        """Return the score of a run; larger is better."""
        name = self.name(metrics)
        if name == NO_TRUTH:
            return 1 - _farther(metrics) - COST_PER_CLASS * metrics["palette/classes"]
        if name not in metrics:
            raise UserError(
                f"the run has no metric {name!r} to compare by; it has: {', '.join(metrics)}"
                + (
                    "; mask/ and legend/ need truth.masks and truth.legend"
                    if name.startswith(("mask", "legend"))
                    else ""
                )
            )
        return -metrics[name] if less_is_better(name) else metrics[name]

    def name(self, metrics: Mapping[str, float]) -> str:
        """Return the name of the score."""
        if self.metric is not None:
            return self.metric
        return next((name for name in ("mask/miou", "legend/f1") if name in metrics), NO_TRUTH)


NO_TRUTH = "share of pixels within 10 of their color, less 0.001 a class"


def _farther(metrics: Mapping[str, float]) -> float:
    """Return the share of pixels farther than 10 from their color: of the masked images, else of the sampled ones."""
    return metrics.get("palette/farther_than_10", metrics.get("sampled/farther_than_10", 1.0))
