"""What a reader's log says: reviews a day, retention, time spent, and what falls due."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import Flashcard
from studyq.database.base import Instant
from studyq.reviews.models import COUNTS_SQL, Phase, Review, Schedule
from studyq.reviews.preferences import preferences
from studyq.reviews.scheduling import Rating
from studyq.reviews.study_days import StudyDays

MATURE = 21  #: days of an interval from which on a card counts as mature, as in Anki
LEAST_RATINGS = 5  #: of a section, before anything is said about it
RECENT_DAYS = 90  #: that a section is judged by
LONGEST_COUNTED = 60_000  #: milliseconds of a rating that count as time spent


@dataclass(frozen=True)
class DayOfReviews:
    """One day: ratings by what the card was, and milliseconds spent."""

    day: date
    ratings: int = 0
    again: int = 0
    new: int = 0
    milliseconds: int = 0


@dataclass(frozen=True)
class Retention:
    """Reviews of cards past their first steps, and how many were remembered."""

    reviews: int
    remembered: int

    @property
    def rate(self) -> float | None:
        """Share that was remembered; None when there were no reviews."""
        return self.remembered / self.reviews if self.reviews else None


@dataclass(frozen=True)
class DueDay:
    """How many cards fall due on a day."""

    day: date
    due: int


@dataclass(frozen=True)
class Statistics:
    """All of it, oldest day first.

    Args:
        young: of cards with intervals of less than `MATURE` days.
        phases: cards by phase, of those that are learnt.
        forecast: from today on; what is overdue falls on today.
        active_days: days of `days` with a rating.
    """

    days: tuple[DayOfReviews, ...]
    retention: Retention
    young: Retention
    mature: Retention
    desired_retention: float
    forecast: tuple[DueDay, ...]
    phases: dict[str, int]
    active_days: int
    milliseconds: int


@dataclass(frozen=True)
class WeakSection:
    """A section whose cards were remembered least."""

    document_id: str
    title: str
    section: str
    page: int | None
    reviews: int
    remembered: int


def review_statistics(
    session: Session, user_id: str, at: Instant, *, past: int = 30, ahead: int = 30
) -> Statistics:
    """A reader's statistics.

    Args:
        past: days that are looked back on, today among them.
        ahead: days that are looked forward to, today among them.
    """
    wishes = preferences(session, user_id)
    today = wishes.days.of(at)
    days = [today - timedelta(days=past - 1 - n) for n in range(past)]
    rows = session.execute(
        sa.select(
            Review.at,
            Review.rating,
            Review.phase_before,
            Review.scheduled_days,
            sa.func.min(sa.func.coalesce(Review.duration_ms, 0), LONGEST_COUNTED).label("spent"),
        ).where(
            Review.user_id == user_id,
            Review.at >= wishes.days.start(days[0]),
            Review.at < wishes.days.end(today),
            COUNTS_SQL,
        )
    ).all()
    per_day = _per_day(rows, days, wishes.days)
    reviewed = [row for row in rows if row.phase_before == Phase.REVIEW]
    mature = [row for row in reviewed if (row.scheduled_days or 0) >= MATURE]
    whole, old = _retention(reviewed), _retention(mature)
    return Statistics(
        days=per_day,
        retention=whole,
        young=Retention(whole.reviews - old.reviews, whole.remembered - old.remembered),
        mature=old,
        desired_retention=wishes.desired_retention,
        forecast=forecast(session, user_id, wishes.days, today, ahead),
        phases=_phases(session, user_id),
        active_days=sum(day.ratings > 0 for day in per_day),
        milliseconds=sum(day.milliseconds for day in per_day),
    )


def forecast(
    session: Session, user_id: str, days: StudyDays, today: date, ahead: int
) -> tuple[DueDay, ...]:
    """How many cards fall due on each of the next days; new ones aside."""
    dates = [today + timedelta(days=n) for n in range(ahead)]
    due = session.scalars(
        sa.select(Schedule.due_at).where(
            Schedule.user_id == user_id,
            Schedule.active,
            Schedule.phase.in_((Phase.LEARNING, Phase.REVIEW, Phase.RELEARNING)),
            Schedule.due_at < days.end(dates[-1]),
        )
    )
    starts = [days.start(day) for day in dates]
    counts = Counter(max(0, bisect_right(starts, moment) - 1) for moment in due)
    return tuple(DueDay(day, counts[index]) for index, day in enumerate(dates))


def weakest_section(session: Session, user_id: str, at: Instant) -> WeakSection | None:
    """The section of a document that was remembered least of late; None without enough reviews.

    Compared by the mean of the posterior that one review of each kind begins (Beta(1, 1)), so that
    few reviews do not weigh as much as many.
    """
    wishes = preferences(session, user_id)
    since = wishes.days.start(wishes.days.of(at) - timedelta(days=RECENT_DAYS))
    remembered = sa.func.sum(sa.case((Review.rating > Rating.Again, 1), else_=0))
    rows = session.execute(
        sa.select(
            Flashcard.document_id,
            sa.func.max(Flashcard.source_title).label("title"),
            Flashcard.section,
            sa.func.min(Flashcard.page).label("page"),
            sa.func.count().label("reviews"),
            remembered.label("remembered"),
        )
        .join(Flashcard, Flashcard.id == Review.card_id)
        .where(
            Review.user_id == user_id,
            Review.at >= since,
            Review.phase_before == Phase.REVIEW,
            Flashcard.document_id.is_not(None),
            COUNTS_SQL,
        )
        .group_by(Flashcard.document_id, Flashcard.section)
        .having(sa.func.count() >= LEAST_RATINGS, remembered < sa.func.count())
    ).all()
    if not rows:
        return None
    weakest = min(rows, key=lambda row: (row.remembered + 1) / (row.reviews + 2))
    return WeakSection(**weakest._mapping)


def _per_day(
    rows: Sequence[sa.Row[int, int | None, str, int | None, int]],
    days: Sequence[date],
    study_days: StudyDays,
) -> tuple[DayOfReviews, ...]:
    starts = [study_days.start(day) for day in days]
    ratings, again, new, spent = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for row in rows:
        index = bisect_right(starts, row.at) - 1
        ratings[index] += 1
        again[index] += row.rating == Rating.Again
        new[index] += row.phase_before == Phase.NEW
        spent[index] += row.spent
    return tuple(
        DayOfReviews(day, ratings[index], again[index], new[index], spent[index])
        for index, day in enumerate(days)
    )


def _retention(
    rows: Sequence[sa.Row[int, int | None, str, int | None, int]],
) -> Retention:
    return Retention(len(rows), sum((row.rating or 0) > Rating.Again for row in rows))


def _phases(session: Session, user_id: str) -> dict[str, int]:
    query = (
        sa.select(Schedule.phase, sa.func.count())
        .where(Schedule.user_id == user_id, Schedule.active)
        .group_by(Schedule.phase)
    )
    found = dict(session.execute(query).all())
    return {phase.value: found.get(phase, 0) for phase in Phase}
