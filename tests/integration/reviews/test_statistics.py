"""Statistics, the forecast, the weakest section and the calendar, from a log that is known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from icalendar import Calendar

from job_layer import USER
from review_desk import DAY, HOUR, MINUTE, Desk
from studyq.reviews.calendar import review_calendar
from studyq.reviews.statistics import Statistics, WeakSection, review_statistics, weakest_section


def statistics(desk: Desk, **more: int) -> Statistics:
    with desk.database.read() as session:
        return review_statistics(session, USER, desk.at, **more)


def weakest(desk: Desk) -> WeakSection | None:
    with desk.database.read() as session:
        return weakest_section(session, USER, desk.at)


def test_nothing_was_done_yet(desk: Desk) -> None:
    found = statistics(desk)
    assert len(found.days) == len(found.forecast) == 30
    assert found.days[-1].day == found.forecast[0].day == date(2026, 11, 25)
    assert (found.retention.rate, found.active_days, found.milliseconds) == (None, 0, 0)
    assert weakest(desk) is None


def test_days_are_counted_by_what_was_rated(desk: Desk) -> None:
    first, second = desk.add_cards(2)
    desk.rate(first, 4, duration_ms=5000)
    desk.at += 15 * HOUR  # three in the night: still the same day
    desk.rate(second, 1, duration_ms=600_000)
    desk.at += 2 * HOUR
    desk.rate(second, 3)
    desk.undo()
    found = statistics(desk, past=3)
    assert [(day.ratings, day.again, day.new) for day in found.days] == [
        (0, 0, 0), (2, 1, 2), (0, 0, 0),
    ]  # fmt: skip
    assert found.days[1].milliseconds == 65_000, "of ten minutes, one counts"
    assert found.active_days == 1
    assert found.phases == {"new": 0, "learning": 1, "review": 1, "relearning": 0}


def test_true_retention_is_that_of_reviews(desk: Desk) -> None:
    cards = desk.add_cards(4)
    for card in cards:
        desk.rate(card, 4)
    desk.at += 9 * DAY
    for card, rating in zip(cards, (1, 2, 3, 4), strict=True):
        desk.rate(card, rating)
    desk.rate(cards[0], 3)  # a step, not a review
    found = statistics(desk)
    assert (found.retention.reviews, found.retention.remembered) == (4, 3)
    assert found.retention.rate == 0.75
    assert (found.young.reviews, found.mature.reviews) == (4, 0)
    desk.at += 100 * DAY
    desk.rate(cards[3], 1)
    found = statistics(desk)
    assert (found.mature.reviews, found.mature.remembered) == (1, 0)


def test_the_forecast_adds_what_is_overdue_to_today(desk: Desk) -> None:
    desk.prefer(fuzz=False)
    first, second, third = desk.add_cards(3)
    desk.rate(first, 4)
    desk.rate(second, 4)
    desk.at += 7 * DAY
    desk.rate(third, 1)
    found = statistics(desk, ahead=3)
    assert [day.due for day in found.forecast] == [1, 2, 0]
    desk.at += 20 * DAY
    assert [day.due for day in statistics(desk, ahead=2).forecast] == [3, 0]
    desk.set_state(first, "suspended")
    assert [day.due for day in statistics(desk, ahead=2).forecast] == [2, 0]


def test_the_weakest_section_is_the_one_remembered_least(desk: Desk) -> None:
    document = desk.add_document(title="Cells")
    facts = {"document_id": document, "source_title": "Cells"}
    strong = desk.add_cards(5, section="Membranes", page=1, **facts)
    weak = desk.add_cards(5, section="Energy", page=2, **facts)
    few = desk.add_cards(1, section="Too few to tell", page=3, **facts)
    for card in (*strong, *weak, *few):
        desk.rate(card, 4)
    desk.at += 9 * DAY
    for card in strong:
        desk.rate(card, 3)
    assert weakest(desk) is None
    for number, card in enumerate(weak):
        desk.rate(card, 1 if number < 2 else 3)
    desk.rate(few[0], 1)
    found = weakest(desk)
    assert found == WeakSection(document, "Cells", "Energy", 2, 5, 3)


def test_the_calendar_is_one_that_calendars_read(desk: Desk) -> None:
    desk.prefer(fuzz=False, reminder_hour=18)
    for card in desk.add_cards(3):
        desk.rate(card, 4, duration_ms=20_000)
    with desk.database.read() as session:
        written = review_calendar(session, USER, desk.at + MINUTE, "http://127.0.0.1/app/review")
    [event] = Calendar.from_ical(written).walk("VEVENT")
    assert event.decoded("DTSTART") == date(2026, 12, 3)
    assert event["SUMMARY"] == "3 cards to review, about 1 min"
    [alarm] = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(hours=18)
    assert b"\r\n" in written
    assert max(map(len, written.split(b"\r\n"))) <= 75


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_calendar_has_the_readers_days(desk: Desk, zone: str) -> None:
    desk.prefer(fuzz=False, time_zone=zone)
    [card] = desk.add_cards()
    desk.rate(card, 4)
    with desk.database.read() as session:
        written = review_calendar(session, USER, desk.at, "http://127.0.0.1/")
    [event] = Calendar.from_ical(written).walk("VEVENT")
    assert event.decoded("DTSTART") == date(2026, 12, 3)
