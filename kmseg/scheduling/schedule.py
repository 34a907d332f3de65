"""A schedule: named jobs, and the command to carry out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kmseg.errors import UserError
from kmseg.scheduling.job import Job
from kmseg.validation import check_choice, check_text

COMMANDS = ("serve", "list", "run-now", "history")


@dataclass(frozen=True)
class Schedule:
    """Jobs, and what to do with them.

    Parameters
    ----------
    jobs : mapping of str to Job
        By name.
    command : str
        `serve` runs the jobs at their times until it is stopped, `list` shows these times, `run-now` runs `job` once
        now, `history` shows the last runs.
    job : str or None
        Name of the job to run with `run-now`, or to show with `history`.
    """

    jobs: Mapping[str, Job]
    command: str = "serve"
    job: str | None = None

    def __post_init__(self) -> None:
        check_choice("schedule.command", self.command, COMMANDS)
        check_text("schedule.job", self.job, optional=True)
        for name, job in self.jobs.items():
            if not re.fullmatch(r"[\w-][\w.-]{0,59}", name):
                raise UserError(f"a job is named {name!r}; expected up to 60 letters, digits and _ . -")
            if not isinstance(job, Job):
                raise UserError(f"the job {name} has no _target_; give it _target_: kmseg.scheduling.job.Job")
        if not self.jobs:
            raise UserError("the schedule has no jobs; give at least one")
        if self.job is not None and self.job not in self.jobs:
            raise UserError(f"schedule.job is {self.job!r}; the schedule has {', '.join(self.jobs)}")
        if self.command == "run-now" and self.job is None:
            raise UserError(f"run-now needs a job's name; give schedule.job={' or '.join(self.jobs)}")
