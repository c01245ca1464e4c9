"""The calendar of reviews: one all-day event for each day on which cards fall due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event
from sqlalchemy.orm import Session

from studyq.database.base import Instant
from studyq.reviews.preferences import preferences
from studyq.reviews.queue import pace
from studyq.reviews.statistics import forecast
from studyq.reviews.study_days import SECOND

AHEAD = 30  #: days
REFRESH = timedelta(hours=6)  #: how often calendars are asked to look


def review_calendar(session: Session, user_id: str, at: Instant, url: str) -> bytes:
    """A reader's calendar as iCalendar (RFC 5545, RFC 7986).

    Args:
        url: where reviews are done.
    """
    wishes = preferences(session, user_id)
    seconds = pace(session, user_id)
    calendar = Calendar.new(
        name="Reviews",
        description="Cards that fall due, by day. New cards are not among them.",
        prodid="-//studyq//reviews//EN",
        refresh_interval=REFRESH,
        url=url,
    )
    for day in forecast(session, user_id, wishes.days, wishes.days.of(at), AHEAD):
        if not day.due:
            continue
        event = Event.new(
            uid=f"reviews-{day.day.isoformat()}-{user_id}@studyq",
            stamp=datetime.fromtimestamp(at // SECOND, UTC),
            start=day.day,
            end=day.day + timedelta(days=1),
            summary=due_words(day.due, seconds),
            url=url,
        )
        event.add("transp", "TRANSPARENT")
        if wishes.reminder_hour is not None:
            event.add_component(_reminder(wishes.reminder_hour))
        calendar.add_component(event)
    ical: bytes = calendar.to_ical()
    return ical


def due_words(due: int, seconds_each: float) -> str:
    """How much is due, in words: `23 cards to review, about 4 min`."""
    minutes = max(1, round(due * seconds_each / 60))
    return f"{due:,} {'card' if due == 1 else 'cards'} to review, about {minutes:,} min"


def _reminder(hour: int) -> Alarm:
    alarm = Alarm.new(description="Cards are due")
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(hours=hour))
    return alarm
