"""What is to be reviewed now: which card next, how many are left, and how long they will take.

Learning steps come first, as their minutes pass; then reviews, longest due first; then new cards,
oldest first. Reviews are due for the whole of the day on which they fall. When nothing is left but
steps of the next few minutes, those are shown before their time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import Instant
from studyq.reviews.models import COUNTS_SQL, Phase, Review, ReviewLimit, Schedule
from studyq.reviews.preferences import Preferences, preferences
from studyq.reviews.service import LEARN_AHEAD

LEARNING = (Phase.LEARNING, Phase.RELEARNING)
TYPICAL_SECONDS = 8.0  #: for a rating, until somebody has given some
SAMPLE = 200  #: ratings whose durations are looked at


@dataclass(frozen=True)
class Counts:
    """Cards left today, within the limits of the day."""

    learning: int
    review: int
    new: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.learning + self.review + self.new


@dataclass(frozen=True)
class Queue:
    """What is to be reviewed now.

    Args:
        cards: ids of the next cards, the first one first.
        done: ratings of today that count.
        seconds: how long the cards left will take, by the reader's own pace.
        next_due: when the next card is due, if none is now; None when none is planned.
    """

    cards: tuple[str, ...]
    counts: Counts
    done: int
    seconds: float
    next_due: Instant | None


@dataclass(frozen=True)
class _Left:
    """What the limits leave of one phase today."""

    phase: Phase
    overall: int
    #: For documents with a limit of their own.
    of_document: dict[str, int]

    @property
    def exhausted(self) -> list[str]:
        return [key for key, left in self.of_document.items() if left <= 0]


@dataclass(frozen=True)
class _Asked:
    """Whose cards, of which document, at what moment."""

    user_id: str
    document_id: str | None
    at: Instant
    day_start: Instant
    day_end: Instant


def review_queue(
    session: Session,
    user_id: str,
    at: Instant,
    *,
    limit: int = 1,
    document_id: str | None = None,
    skip: Sequence[str] = (),
) -> Queue:
    """The next cards, and what is left of the day.

    Args:
        limit: how many cards are named.
        document_id: only cards of this document.
        skip: cards that are not named, because their ratings are still under way.
    """
    wishes = preferences(session, user_id)
    day = wishes.days.of(at)
    asked = _Asked(user_id, document_id, at, wishes.days.start(day), wishes.days.end(day))
    done = _done_today(session, asked)
    reviews, new = _limits(session, wishes, asked, done)
    counts = Counts(
        learning=_count(session, _learning(asked, at)),
        review=_count_within(session, asked, reviews, asked.day_end),
        new=_count_within(session, asked, new, None),
    )
    cards = _next(session, asked, (reviews, new), limit + len(skip))
    shown = tuple(card_id for card_id in cards if card_id not in set(skip))[:limit]
    return Queue(
        cards=shown,
        counts=counts,
        done=done.total(),
        seconds=counts.total * pace(session, user_id),
        next_due=None if shown else _next_due(session, asked),
    )


def pace(session: Session, user_id: str) -> float:
    """Seconds that a rating takes the reader, by the last ones."""
    recent = (
        sa.select(Review.duration_ms)
        .where(Review.user_id == user_id)
        .order_by(Review.id.desc())
        .limit(SAMPLE)
        .subquery()
    )
    mean = session.scalar(sa.select(sa.func.avg(sa.func.min(recent.c.duration_ms, 60_000))))
    return TYPICAL_SECONDS if mean is None else max(1.0, float(mean) / 1000)


def due_between(session: Session, user_id: str, start: Instant, end: Instant) -> int:
    """Cards whose review falls between two moments; learning steps and new cards aside."""
    query = sa.select(sa.func.count()).where(
        Schedule.user_id == user_id,
        Schedule.active,
        Schedule.phase == Phase.REVIEW,
        Schedule.due_at >= start,
        Schedule.due_at < end,
    )
    return session.scalar(query) or 0


def _done_today(session: Session, asked: _Asked) -> Counter[tuple[str, str | None]]:
    """Ratings of today by phase before and document."""
    rows = session.execute(
        sa.select(Review.phase_before, Review.document_id, sa.func.count())
        .where(
            Review.user_id == asked.user_id,
            Review.at >= asked.day_start,
            Review.at < asked.day_end,
            COUNTS_SQL,
        )
        .group_by(Review.phase_before, Review.document_id)
    )
    return Counter({(phase, document_id): count for phase, document_id, count in rows})


def _limits(
    session: Session,
    wishes: Preferences,
    asked: _Asked,
    done: Counter[tuple[str, str | None]],
) -> tuple[_Left, _Left]:
    rows = session.scalars(sa.select(ReviewLimit).where(ReviewLimit.user_id == asked.user_id)).all()

    def left(phase: Phase, overall: int, column: str) -> _Left:
        used = sum(count for (before, _), count in done.items() if before == phase)
        of_document = {
            row.document_id: getattr(row, column) - done[phase, row.document_id]
            for row in rows
            if getattr(row, column) is not None
        }
        return _Left(phase, max(0, overall - used), of_document)

    return (
        left(Phase.REVIEW, wishes.reviews_per_day, "reviews_per_day"),
        left(Phase.NEW, wishes.new_per_day, "new_per_day"),
    )


def _shown(asked: _Asked) -> list[Any]:
    """Conditions of any card that may be shown."""
    conditions = [
        Schedule.user_id == asked.user_id,
        Schedule.active,
        sa.or_(Schedule.buried_until.is_(None), Schedule.buried_until <= asked.at),
    ]
    if asked.document_id is not None:
        conditions.append(Schedule.document_id == asked.document_id)
    return conditions


def _learning(asked: _Asked, until: Instant) -> sa.Select[str]:
    return sa.select(Schedule.card_id).where(
        *_shown(asked), Schedule.phase.in_(LEARNING), Schedule.due_at <= until
    )


def _of_phase(asked: _Asked, phase: Phase, before: Instant | None, *more: Any) -> sa.Select[str]:
    query = sa.select(Schedule.card_id).where(*_shown(asked), Schedule.phase == phase, *more)
    return query if before is None else query.where(Schedule.due_at < before)


def _count(session: Session, query: sa.Select[str]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def _count_within(session: Session, asked: _Asked, left: _Left, before: Instant | None) -> int:
    """Cards of a phase that the limits let through; counting ends at what the day has left."""
    if left.overall == 0:
        return 0
    limited = {
        key: most for key, most in left.of_document.items() if asked.document_id in (None, key)
    }
    others = sa.or_(Schedule.document_id.is_(None), Schedule.document_id.not_in(limited))
    query = _of_phase(asked, left.phase, before, *([others] if limited else []))
    total = _count(session, query.limit(left.overall))
    for document_id, most in limited.items():
        if most > 0 and total < left.overall:
            of_it = _of_phase(asked, left.phase, before, Schedule.document_id == document_id)
            total += _count(session, of_it.limit(most))
    return min(total, left.overall)


def _next(session: Session, asked: _Asked, limits: tuple[_Left, _Left], wanted: int) -> list[str]:
    order = (Schedule.due_at, Schedule.card_id)
    found = list(session.scalars(_learning(asked, asked.at).order_by(*order).limit(wanted)))
    for left in limits:
        before = asked.day_end if left.phase == Phase.REVIEW else None
        open_ones = sa.or_(
            Schedule.document_id.is_(None), Schedule.document_id.not_in(left.exhausted)
        )
        query = _of_phase(asked, left.phase, before, *([open_ones] if left.exhausted else []))
        room = min(left.overall, wanted - len(found))
        if room > 0:
            found += session.scalars(query.order_by(*order).limit(room))
    if not found:
        ahead = _learning(asked, asked.at + LEARN_AHEAD).order_by(*order)
        found = list(session.scalars(ahead.limit(wanted)))
    return found


def _next_due(session: Session, asked: _Asked) -> Instant | None:
    """When the next review or step falls due, later than now."""
    return session.scalar(
        sa.select(sa.func.min(Schedule.due_at)).where(
            *_shown(asked), Schedule.phase.in_((*LEARNING, Phase.REVIEW)),
            Schedule.due_at > asked.at,
        )
    )  # fmt: skip
