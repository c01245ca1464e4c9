"""Fills the pages of reviews."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardState, Flashcard
from studyq.database.base import now
from studyq.library.errors import ConflictError, NotFoundError
from studyq.library.service import find_document
from studyq.reviews.preferences import Preferences, calendar_path, preferences
from studyq.reviews.queue import review_queue
from studyq.reviews.statistics import WeakSection, review_statistics, weakest_section
from studyq.reviews.study_days import DAY, SECOND
from studyq.web.api.reviews import next_review
from studyq.web.pages.review_charts import forecast_chart, ratings_chart, time_chart
from studyq.web.pages.review_views import (
    DayRow,
    RetentionRow,
    ReviewView,
    StatisticsView,
    TodayView,
    WeakSectionView,
)
from studyq.web.services import Services

FORTNIGHT = 14
PHASES = {
    "new": "never seen",
    "learning": "on their first steps",
    "review": "learnt",
    "relearning": "being learnt again",
}
AHEAD = 20  #: cards that a page knows beforehand, to go on with while the server is away


@dataclass(frozen=True)
class ReviewPages:
    """`ReviewData` over the services; one reader's."""

    services: Services

    def review(self, document_id: str | None, card_id: str | None) -> ReviewView | None:
        """What is to be reviewed, or None."""
        user_id = self.services.user_id
        with self.services.database.read() as session:
            try:
                document = document_id and find_document(session, user_id, document_id)
                following = next_review(
                    session, user_id, document_id=document_id, card_id=card_id, ahead=AHEAD
                )
            except (NotFoundError, ConflictError):
                return None
            return ReviewView(
                next=following,
                document_id=document_id,
                title=document.title if document else None,
                learnt=_count(session, user_id, CardState.APPROVED, document_id),
                drafts=_count(session, user_id, CardState.DRAFT, document_id),
                ask_zone=not preferences(session, user_id).time_zone,
            )

    def today(self) -> TodayView | None:
        """What there is to do today, or None."""
        user_id, at = self.services.user_id, now()
        with self.services.database.read() as session:
            if not _count(session, user_id, CardState.APPROVED, None):
                return None
            queue = review_queue(session, user_id, at)
            found = review_statistics(session, user_id, at, ahead=1)
            weakest = weakest_section(session, user_id, at)
            drafts = _count(session, user_id, CardState.DRAFT, None)
            days = preferences(session, user_id).days
        fortnight = found.days[-FORTNIGHT:]
        counts = queue.counts
        return TodayView(
            day=days.of(at),
            due=counts.total,
            reviews=counts.learning + counts.review,
            new=counts.new,
            minutes=max(1, round(queue.seconds / 60)),
            done=queue.done,
            next_due=None if queue.next_due is None else due_in(queue.next_due - at),
            drafts=drafts,
            weakest=None if weakest is None else _weakest(weakest),
            week=ratings_chart(fortnight),
            active_days=sum(day.ratings > 0 for day in fortnight),
            retention=None if found.retention.rate is None else round(100 * found.retention.rate),
            desired=round(100 * found.desired_retention),
        )

    def settings(self) -> tuple[Preferences, str | None]:
        """How the reader reviews, and their calendar."""
        user_id = self.services.user_id
        with self.services.database.read() as session:
            return preferences(session, user_id), calendar_path(session, user_id)

    def statistics(self) -> StatisticsView:
        """What the log of reviews says."""
        with self.services.database.read() as session:
            found = review_statistics(session, self.services.user_id, now())
        return StatisticsView(
            ratings=ratings_chart(found.days),
            time=time_chart(found.days),
            forecast=forecast_chart(found.forecast),
            past=tuple(
                DayRow(day.day, day.ratings, day.again, day.new, day.milliseconds / 60_000)
                for day in found.days
                if day.ratings
            ),
            ahead=tuple(DayRow(day.day, due=day.due) for day in found.forecast if day.due),
            retention=tuple(
                RetentionRow(name, one.reviews, one.remembered, one.rate and 100 * one.rate)
                for name, one in (
                    ("All reviews", found.retention),
                    ("Intervals below 21 days", found.young),
                    ("Intervals of 21 days and more", found.mature),
                )
            ),
            desired=100 * found.desired_retention,
            phases=tuple((PHASES[name], count) for name, count in found.phases.items()),
            total=sum(day.ratings for day in found.days),
            hours=found.milliseconds / 3_600_000,
            active_days=found.active_days,
            due_tomorrow=found.forecast[1].due,
        )


def due_in(microseconds: int) -> str:
    """A time to come in words: `in 12 minutes`, `in 3 hours`, `in 2 days`."""
    for length, one in ((DAY, "day"), (60 * 60 * SECOND, "hour"), (60 * SECOND, "minute")):
        if microseconds >= length:
            number = round(microseconds / length)
            return f"in {number} {one}{'' if number == 1 else 's'}"
    return "in a minute"


def _weakest(found: WeakSection) -> WeakSectionView:
    percent = round(100 * found.remembered / found.reviews)
    return WeakSectionView(
        found.document_id, found.title, found.section, found.page, found.reviews, percent
    )


def _count(session: Session, user_id: str, state: CardState, document_id: str | None) -> int:
    query = sa.select(sa.func.count()).where(Flashcard.user_id == user_id, Flashcard.state == state)
    if document_id is not None:
        query = query.where(Flashcard.document_id == document_id)
    return session.scalar(query) or 0
