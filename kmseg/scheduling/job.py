"""One job: its times, its command, and its rules for failures, time limits and overlaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kmseg.errors import UserError
from kmseg.scheduling.cron import CronLine, read_cron
from kmseg.validation import check_choice, check_integer, check_text

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

MAX_INTERVAL = 10 * 366 * 86400.0
"""Seconds between two runs at most: ten years, beyond which times overflow."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Job:
    """A command that runs at the times of `cron` or every `interval`.

    Parameters
    ----------
    cron : str or None
        Five fields as in cron (Sunday is 0 or 7), or a macro such as `@daily`.
    interval : str, float or None
        Seconds, or a number with s, m, h or d: `90m`.
    timezone : str or None
        Name such as `Europe/Zurich`; None is the machine's time zone.
    overrides : sequence of str
        Overrides of the run's command line, appended to the scheduler's own.
    retries : int
        How often a failed run is repeated. Drift (exit code 3) is not a failure.
    pause : str or float
        Time before the first retry; doubled before each further one.
    time_limit : str, float or None
        Time after which a run is stopped; counts as failed.
    overlap : str
        If the last run is still active: `skip` the new one, `wait` for the last, or `stop` the last.
    grace : str, float or None
        How late a missed run is still caught up; None means any time. Several missed runs are caught up once.
    """

    cron: str | None = None
    interval: Any = None
    timezone: str | None = None
    overrides: Sequence[str] = ()
    retries: int = 2
    pause: Any = "1m"
    time_limit: Any = None
    overlap: str = "skip"
    grace: Any = None

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.interval is None):
            raise UserError(
                "a job needs a cron line or an interval, and not both; give cron: '0 2 * * *' or interval: 1h"
            )
        check_text("cron", self.cron, optional=True)
        check_integer("retries", self.retries, at_least=0)
        check_choice("overlap", self.overlap, ("skip", "wait", "stop"))
        if isinstance(self.overrides, str):
            raise UserError(f"overrides is {self.overrides!r}; expected a list, as in ['{self.overrides}']")
        for word in self.overrides:
            check_text("overrides", word)
        _ = self.line, self.zone, self.seconds
        if self.seconds["interval"] is not None and not 1 <= self.seconds["interval"] <= MAX_INTERVAL:
            raise UserError(f"interval is {self.interval!r}; expected at least a second, and ten years at most")
        if self.line is not None and not self.line.has_day:
            raise UserError(f"the cron line {self.cron!r} names a day that does not exist; correct day or month")

    @cached_property
    def line(self) -> CronLine | None:
        """The parsed cron line."""
        return None if self.cron is None else read_cron(self.cron)

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The time zone; None is the machine's."""
        check_text("timezone", self.timezone, optional=True)
        try:
            return None if self.timezone is None else ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise UserError(
                f"timezone is {self.timezone!r}, which this machine does not know; expected a name such as "
                "Europe/Zurich or UTC"
            ) from None

    @cached_property
    def seconds(self) -> dict[str, float | None]:
        """Interval, pause, time limit and grace in seconds."""
        return {name: seconds(name, getattr(self, name)) for name in ("interval", "pause", "time_limit", "grace")}

    @property
    def when(self) -> str:
        """The times as text."""
        return f"every {self.interval}" if self.cron is None else self.cron

    @property
    def timing(self) -> str:
        """The settings that decide when the job runs; if they change, runs missed before are not caught up."""
        return repr(("cronsim", self.cron, self.interval, self.timezone))

    def pause_before(self, retry: int) -> float:
        """Return the pause in seconds before a retry, counted from 1."""
        return float((self.seconds["pause"] or 0) * 2 ** (retry - 1))

    def trigger(self) -> BaseTrigger:
        """Return APScheduler's trigger."""
        from apscheduler.triggers.interval import IntervalTrigger

        from kmseg.scheduling.cron_trigger import CronSimTrigger

        if self.line is None:
            return IntervalTrigger(seconds=self.seconds["interval"], timezone=self.zone)
        return CronSimTrigger(self.line.expression, self.zone)


def seconds(name: str, value: Any) -> float | None:
    """Convert a duration, a number of seconds or a number with unit, to seconds.

    >>> seconds("pause", "90m"), seconds("pause", 5), seconds("pause", None)
    (5400.0, 5.0, None)
    """
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
    if match is None or isinstance(value, bool):
        raise UserError(f"{name} is {value!r}; expected seconds, or a number with s, m, h or d, as in 90m")
    return float(match[1]) * UNITS[match[2] or "s"]
