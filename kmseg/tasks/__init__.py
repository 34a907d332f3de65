"""Tasks: one use case each, from built parts to files and a tracked run, one file per option.

Only this folder knows the whole way of the data; everything it hands over is a plain object.
"""

from __future__ import annotations

from typing import Protocol

from kmseg.pipeline.plan import Listing, Outcome, Plan


class Task(Protocol):
    """What every task does."""

    def run(self, plan: Plan) -> Outcome | Listing:
        """Do the whole job in `plan.folder`."""
