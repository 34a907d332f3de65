"""Tasks: one use case each, from built parts to files and a tracked run, one file per option.

Only this folder uses the whole `Plan`; every other function takes the objects it needs.
"""

from __future__ import annotations

from typing import Protocol

from kmseg.pipeline.plan import Listing, Outcome, Plan


class Task(Protocol):
    """The protocol of a task."""

    def run(self, plan: Plan) -> Outcome | Listing:
        """Run the task in `plan.folder`."""
