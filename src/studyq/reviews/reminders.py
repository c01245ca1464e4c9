"""Who wants to be reminded of cards due today, and has not been yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import Instant
from studyq.reviews.calendar import due_words
from studyq.reviews.models import ReviewSettings
from studyq.reviews.preferences import Preferences, save_preferences
from studyq.reviews.queue import pace, review_queue
from studyq.reviews.study_days import SECOND


@dataclass(frozen=True)
class Reminder:
    """That somebody has cards to review on a day."""

    user_id: str
    day: str
    due: int
    message: str


def take_reminders(session: Session, at: Instant) -> Iterator[Reminder]:
    """Reminders whose hour has come; each is given once a day, and marked as given.

    Who has nothing due is not reminded.
    """
    for row in session.scalars(sa.select(ReviewSettings)).all():
        wishes = msgspec.convert(row.body, Preferences)
        today = wishes.days.of(at)
        if wishes.reminder_hour is None or wishes.reminded_on == today.isoformat():
            continue
        if at < _moment(wishes, at):
            continue
        marked = msgspec.structs.replace(wishes, reminded_on=today.isoformat())
        save_preferences(session, row.user_id, marked)
        counts = review_queue(session, row.user_id, at).counts
        due = counts.learning + counts.review
        if due:
            words = due_words(due, pace(session, row.user_id))
            yield Reminder(row.user_id, today.isoformat(), due, f"{words}.")


def _moment(wishes: Preferences, at: Instant) -> Instant:
    """When the reader of these wishes is to be reminded today."""
    hours = ((wishes.reminder_hour or 0) - wishes.turn_hour) % 24
    start = wishes.days.start(wishes.days.of(at))
    return start + timedelta(hours=hours) // timedelta(microseconds=1) // SECOND * SECOND
