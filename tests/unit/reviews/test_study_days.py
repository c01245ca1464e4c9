"""Days of a reader: each moment belongs to exactly one, also when clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.reviews.study_days import DAY, StudyDays

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
         "Pacific/Apia", "America/St_Johns", "Africa/Casablanca"]  # fmt: skip
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(
    lambda moment: int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
)
days = st.builds(StudyDays, st.sampled_from(ZONES), st.integers(0, 23))


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@given(days, moments)
def test_each_moment_belongs_to_one_day(days: StudyDays, moment: int) -> None:
    day = days.of(moment)
    assert days.start(day) <= moment < days.end(day)


@given(days, moments, st.integers(0, 400 * DAY))
def test_days_never_go_backwards(days: StudyDays, moment: int, later: int) -> None:
    assert days.of(moment + later) >= days.of(moment)
    assert days.between(moment + later, moment) == 0
    assert abs(days.between(moment, moment + later) - later / DAY) < 2.1


@pytest.mark.parametrize(
    ("zone", "hour", "moment", "day"),
    [
        ("UTC", 4, "2026-11-25T03:59:59+00:00", "2026-11-24"),
        ("UTC", 4, "2026-11-25T04:00:00+00:00", "2026-11-25"),
        ("Europe/Berlin", 4, "2026-11-25T02:59:59+00:00", "2026-11-24"),
        ("Europe/Berlin", 4, "2026-11-25T03:00:00+00:00", "2026-11-25"),
        # Clocks go from 2 to 3 on 29 March: four o'clock comes an hour sooner.
        ("Europe/Berlin", 4, "2026-03-29T01:59:59+00:00", "2026-03-28"),
        ("Europe/Berlin", 4, "2026-03-29T02:00:00+00:00", "2026-03-29"),
        # Half past two does not exist that night; the day begins when the clock says three.
        ("Europe/Berlin", 2, "2026-03-29T00:59:59+00:00", "2026-03-28"),
        ("Europe/Berlin", 2, "2026-03-29T01:00:00+00:00", "2026-03-29"),
        # On 25 October two o'clock comes twice; the first one counts.
        ("Europe/Berlin", 2, "2026-10-24T23:59:59+00:00", "2026-10-24"),
        ("Europe/Berlin", 2, "2026-10-25T00:00:00+00:00", "2026-10-25"),
        ("Europe/Berlin", 2, "2026-10-25T01:00:00+00:00", "2026-10-25"),
    ],
)
def test_turning_over(zone: str, hour: int, moment: str, day: str) -> None:
    assert StudyDays(zone, hour).of(instant(moment)) == date.fromisoformat(day)


def test_days_are_as_long_as_the_clock_makes_them() -> None:
    berlin = StudyDays("Europe/Berlin", 4)
    hours = {
        day: (berlin.end(day) - berlin.start(day)) / DAY * 24
        for day in (date(2026, 3, 28), date(2026, 10, 24), date(2026, 7, 1))
    }
    assert hours == {date(2026, 3, 28): 23, date(2026, 10, 24): 25, date(2026, 7, 1): 24}


def test_an_evening_and_the_next_morning_are_a_day_apart() -> None:
    berlin = StudyDays("Europe/Berlin", 4)
    evening, night = instant("2026-11-24T22:00:00+01:00"), instant("2026-11-25T01:00:00+01:00")
    morning = instant("2026-11-25T08:00:00+01:00")
    assert berlin.between(evening, night) == 0
    assert berlin.between(evening, morning) == berlin.between(night, morning) == 1


def test_a_day_that_a_zone_left_out_is_passed_over() -> None:
    samoa = StudyDays("Pacific/Apia", 0)  # 30 December 2011 did not happen there
    last = samoa.start(date(2011, 12, 29))
    assert samoa.of(last + DAY + 1) == date(2011, 12, 31)
    assert samoa.end(date(2011, 12, 29)) - last == timedelta(days=1) // timedelta(microseconds=1)
