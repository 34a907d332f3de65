"""Cron lines: checked and written as the five fields of numbers that cronsim computes times from."""

from __future__ import annotations

import re
from typing import NamedTuple

from kmseg.errors import UserError

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

MAX_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month in a leap year; index 0 is unused."""

FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 7, WEEKDAYS),
)
"""The fields of a cron line: name, minimum, maximum, names of values."""


class CronLine(NamedTuple):
    """The times of a cron line; each field's numbers are ascending, Sunday is 0.

    Attributes
    ----------
    either_day : bool
        Whether a matching day of the month *or* of the week suffices; true if both fields are restricted.
    expression : str
        The line for cronsim: numbers only. A field that starts with `*` stays as it is, since it decides whether both
        days must match and what happens when clocks change.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool
    expression: str

    @property
    def has_day(self) -> bool:
        """Whether such a day exists; 30 February does not."""
        return self.either_day or any(self.days[0] <= MAX_DAYS[month] for month in self.months)


def read_cron(line: str) -> CronLine:
    """Parse a cron line of five fields, or a macro such as `@daily`.

    >>> read_cron("30 9 * * mon-fri/2").weekdays
    (1, 3, 5)
    >>> read_cron("0 9 * * 6-7").weekdays
    (0, 6)
    """
    fields = MACROS.get(line.strip().lower(), line).split()
    if len(fields) != len(FIELDS):
        raise UserError(
            f"the cron line {line!r} has {len(fields)} fields; expected 5 (minute, hour, day of the month, month, day "
            f"of the week), as in '0 2 * * 1-5', or one of {', '.join(MACROS)}"
        )
    minutes, hours, days, months, weekdays = (
        _numbers(text.lower(), line, *field) for text, field in zip(fields, FIELDS, strict=True)
    )
    weekdays = {day % 7 for day in weekdays}
    written = [
        text if text.startswith("*") else ",".join(map(str, sorted(numbers)))
        for text, numbers in zip(fields, (minutes, hours, days, months, weekdays), strict=True)
    ]
    return CronLine(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=tuple(sorted(days)),
        months=tuple(sorted(months)),
        weekdays=tuple(sorted(weekdays)),
        either_day=not (fields[2].startswith("*") or fields[4].startswith("*")),
        expression=" ".join(written),
    )


def _numbers(text: str, line: str, name: str, least: int, most: int, names: tuple[str, ...]) -> set[int]:
    return {number for part in text.split(",") for number in _part(part, line, name, least, most, names)}


def _part(part: str, line: str, name: str, least: int, most: int, names: tuple[str, ...]) -> range:
    """Return the numbers of one list element: `*`, `a` or `a-b`, optionally with `/step`."""
    where = f"the cron line {line!r} has {part!r} for the {name}"
    match = re.fullmatch(r"(\*|(?P<first>\w+)(-(?P<last>\w+))?)(/(?P<step>\d+))?", part, re.ASCII)
    if match is None:
        raise UserError(f"{where}; expected *, a number, a range such as 1-5, or one with a step such as */2")
    first = _number(match["first"] or str(least), where, least, most, names)
    open_ended = match["first"] is None or (match["step"] and not match["last"])
    last = (most if most != 7 else 6) if open_ended else _number(match["last"] or str(first), where, least, most, names)
    if names is WEEKDAYS and last == 0 < first:
        last = 7  # sat-sun
    step = int(match["step"] or 1)
    if last < first or not step:
        raise UserError(f"{where}; expected an ascending range with a step of at least 1")
    return range(first, last + 1, step)


def _number(word: str, where: str, least: int, most: int, names: tuple[str, ...]) -> int:
    number = names.index(word) if word in names else int(word) if word.isdecimal() else -1
    if not least <= number <= most:
        named = f", or {names[-7]} to {names[-1]}" if names else ""
        raise UserError(f"{where}; expected numbers from {least} to {most}{named}")
    return number
