"""The times of a job are those of cron; an invalid job is an error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmseg.errors import UserError
from kmseg.scheduling.cron import read_cron
from kmseg.scheduling.job import Job


def next_times(job: Job, after: datetime, times: int = 4) -> list[datetime]:
    trigger, found, last = job.trigger(), [], None
    while len(found) < times:
        last = trigger.get_next_fire_time(last, last or after)
        found.append(last)
    return found


MONDAY = datetime(2026, 11, 23, 0, 0, 30, tzinfo=UTC)

TABLE = {
    "0 9 * * 1": ["Mon 09:00", "Mon 09:00"],
    "0 9 * * 0": ["Sun 09:00", "Sun 09:00"],
    "0 9 * * 7": ["Sun 09:00", "Sun 09:00"],
    "0 9 * * mon": ["Mon 09:00", "Mon 09:00"],
    "0 9 * * 5-7": ["Fri 09:00", "Sat 09:00", "Sun 09:00", "Fri 09:00"],
    "0 9 * * 1-5/2": ["Mon 09:00", "Wed 09:00", "Fri 09:00", "Mon 09:00"],
    "0 9 * * mon-fri/2": ["Mon 09:00", "Wed 09:00", "Fri 09:00", "Mon 09:00"],
    "0 9 * * */3": ["Wed 09:00", "Sat 09:00", "Sun 09:00", "Wed 09:00"],
    "0 9 * * sat,sun,2": ["Tue 09:00", "Sat 09:00", "Sun 09:00"],
    "0 9 * * sat-sun": ["Sat 09:00", "Sun 09:00", "Sat 09:00"],
    "*/40 8-9 * * *": ["Mon 08:00", "Mon 08:40", "Mon 09:00", "Mon 09:40", "Tue 08:00"],
    "0 9 24 * 5": ["Tue 09:00", "Fri 09:00", "Fri 09:00"],  # the 24th, or a Friday
    "0 9 */2 * 5": ["Fri 09:00", "Fri 09:00"],  # 27 November and 11 December: odd days that are Fridays
    "@weekly": ["Sun 00:00", "Sun 00:00"],
}


@pytest.mark.parametrize("line", TABLE)
def test_a_cron_line_means_what_cron_means_by_it(line):
    found = next_times(Job(cron=line, timezone="UTC"), MONDAY, len(TABLE[line]))
    assert [time.strftime("%a %H:%M") for time in found] == TABLE[line]


def numbers(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    ranges = st.tuples(number, number).map(lambda ends: "{}-{}".format(*sorted(ends)))
    parts = st.one_of(number.map(str), ranges, st.builds("{}/{}".format, st.one_of(ranges, st.just("*")), st.just(2)))
    return st.one_of(st.just("*"), st.lists(parts, min_size=1, max_size=3).map(",".join))


def plainly(line: str, days: int) -> Iterator[datetime]:
    """Go over the minutes of some days from MONDAY on, and yield those at which cron runs a line of digits."""

    def one(part: str, value: int, least: int) -> bool:
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            return (value - least) % int(step or 1) == 0
        return int(first) <= value <= int(last or first) and (value - int(first)) % int(step or 1) == 0

    def field(text: str, value: int, least: int = 0) -> bool:
        return any(one(part, value, least) for part in text.split(","))

    minute, hour, day, _, weekday = line.split()
    for number in range(days):
        date = MONDAY.replace(second=0) + timedelta(days=number)
        of_week = date.isoweekday() % 7
        fits = field(day, date.day, 1), field(weekday, of_week) or (of_week == 0 and ends_at_7(weekday))
        if any(fits) if day[0] != "*" and weekday[0] != "*" else all(fits):
            for of_day in range(1440):
                if field(hour, of_day // 60) and field(minute, of_day % 60) and (number or of_day):
                    yield date + timedelta(minutes=of_day)


def ends_at_7(weekday: str) -> bool:
    def one(part: str) -> bool:
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        return (last or first) == "7" and (7 - int(first)) % int(step or 1) == 0

    return any(one(part) for part in weekday.split(","))


@settings(max_examples=60)
@given(st.tuples(numbers(0, 59), numbers(0, 23), numbers(1, 31), st.just("*"), numbers(0, 7)).map(" ".join))
def test_any_cron_line_comes_next_at_the_first_minute_that_fits(line):
    found = next_times(Job(cron=line, timezone="UTC"), MONDAY, 2)
    expected = list(islice(plainly(line, days=40), 2))
    assert found[: len(expected)] == expected


def test_a_time_is_one_of_the_jobs_own_zone():
    (found,) = next_times(Job(cron="0 2 * * *", timezone="Asia/Tokyo"), MONDAY, 1)
    assert found.astimezone(UTC).hour == 17


CLOCK_CHANGES = {
    # The daily job runs on the night of the change and on the day after it, in each zone once.
    ("0 0 * * *", "America/Los_Angeles", "2026-03-07 12:00"): ["03-08 00:00", "03-09 00:00", "03-10 00:00"],
    ("0 0 * * *", "Europe/Zurich", "2026-03-28 12:00"): ["03-29 00:00", "03-30 00:00"],
    ("0 0 * * *", "America/Asuncion", "2023-09-30 12:00"): ["10-01 01:00", "10-02 00:00"],  # no midnight that day
    # A time in the skipped hour runs right after it.
    ("30 2 * * *", "America/Los_Angeles", "2026-03-07 12:00"): ["03-08 03:00", "03-09 02:30"],
    ("30 2 * * *", "Europe/Zurich", "2026-03-28 12:00"): ["03-29 03:00", "03-30 02:30"],
    # A time in the repeated hour runs once ...
    ("30 1 * * *", "America/Los_Angeles", "2026-10-31 12:00"): ["11-01 01:30", "11-02 01:30"],
    ("30 2 * * *", "Europe/Zurich", "2026-10-24 12:00"): ["10-25 02:30", "10-26 02:30"],
    ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00"): ["04-05 01:45", "04-06 01:45"],
    # ... and an hourly job in both.
    ("30 * * * *", "Europe/Zurich", "2026-10-25 01:00"): ["10-25 01:30", "10-25 02:30", "10-25 02:30", "10-25 03:30"],
}


@pytest.mark.parametrize(("line", "zone", "after"), CLOCK_CHANGES)
def test_a_job_runs_once_a_day_when_clocks_change(line, zone, after):
    expected = CLOCK_CHANGES[line, zone, after]
    start = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    found = next_times(Job(cron=line, timezone=zone), start, len(expected))
    assert [time.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for time in found] == expected


WRONG = {
    "has 4 fields": {"cron": "0 2 * *"},
    "for the minute; expected numbers from 0 to 59": {"cron": "60 2 * * *"},
    "for the day of the week; expected numbers from 0 to 7, or sun to sat": {"cron": "0 2 * * 8"},
    "for the hour; expected an ascending range": {"cron": "0 5-2 * * *"},
    "expected \\*, a number": {"cron": "0 2 * * mon-"},
    "does not exist": {"cron": "0 2 30 2 *"},
    "a cron line or an interval, and not both": {"cron": "0 2 * * *", "interval": 5},
    "interval is 'soon'; expected seconds": {"interval": "soon"},
    "at least a second": {"interval": 0.1},
    "ten years at most": {"interval": "999999999999d"},
    "overrides is 'a=1'; expected a list": {"interval": 5, "overrides": "a=1"},
    "timezone is 'Mars/Crater'": {"interval": 5, "timezone": "Mars/Crater"},
    "overlap is 'queue'; expected skip, wait or stop": {"interval": 5, "overlap": "queue"},
    "retries is -1": {"interval": 5, "retries": -1},
}


@pytest.mark.parametrize("says", WRONG)
def test_a_job_that_cannot_be_is_refused_in_a_sentence(says):
    with pytest.raises(UserError, match=says):
        Job(**WRONG[says])


def test_reading_a_line_of_cron_words():
    assert read_cron("@hourly") == read_cron("0 * * * *")
