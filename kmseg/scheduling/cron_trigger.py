"""APScheduler's trigger for the times of a cron expression, computed by cronsim with the rules of Debian's cron.

When clocks go forward, a job in the skipped hour runs right after it; when they go back, a job with a fixed hour runs
once, and one with `*` in minute or hour runs in both hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim
from tzlocal import get_localzone


class CronSimTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """The times of a cron expression in a time zone.

    Parameters
    ----------
    expression : str
        Five fields of numbers, as `CronLine.expression` writes them.
    zone : tzinfo or None
        Time zone of the times; None is the machine's.
    """

    def __init__(self, expression: str, zone: tzinfo | None) -> None:
        self.expression = expression
        self.zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first time after `previous_fire_time`, or the first one from `now` on."""
        after = previous_fire_time or now - timedelta(microseconds=1)
        zone = self.zone or get_localzone()
        found = next(CronSim(self.expression, after.astimezone(zone)), None)
        return None if found is None else found.astimezone(zone)

    def __str__(self) -> str:
        return f"cron[{self.expression}]"
