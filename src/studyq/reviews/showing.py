"""Cards as they are shown for review: both sides, where they come from, and what each rating does.

The intervals are worked out by the same function that rates, so that they are what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import Flashcard
from studyq.database.base import Instant
from studyq.reviews.log import memory_of
from studyq.reviews.models import Schedule
from studyq.reviews.preferences import preferences
from studyq.reviews.scheduling import Rating, interval_words, rate, retrievability
from studyq.reviews.study_days import SECOND


@dataclass(frozen=True)
class Interval:
    """What pressing a button leads to."""

    rating: int
    name: str
    seconds: int
    words: str


@dataclass(frozen=True)
class ShownCard:
    """A card with its schedule and the intervals on its buttons.

    Args:
        retrievability: how probably it is remembered now; None for a card without a history.
    """

    card: Flashcard
    schedule: Schedule
    intervals: tuple[Interval, ...]
    retrievability: float | None


def shown_cards(
    session: Session, user_id: str, card_ids: Sequence[str], at: Instant
) -> list[ShownCard]:
    """Cards as they are shown at a moment, in the order of their ids given."""
    rows = session.execute(
        sa.select(Flashcard, Schedule)
        .join(Schedule, Schedule.card_id == Flashcard.id)
        .where(Flashcard.user_id == user_id, Flashcard.id.in_(card_ids))
    )
    found = {card.id: (card, schedule) for card, schedule in rows}
    wishes = preferences(session, user_id)
    scheduling = wishes.scheduling
    shown = []
    for card, schedule in (found[card_id] for card_id in card_ids if card_id in found):
        memory = memory_of(schedule)
        elapsed = wishes.days.between(memory.last_review_at or at, at)
        due = {
            rating: rate(scheduling, card.id, memory, rating, at, elapsed).due_at
            for rating in Rating
        }
        shown.append(
            ShownCard(
                card=card,
                schedule=schedule,
                intervals=tuple(_interval(rating, due[rating] - at) for rating in Rating),
                retrievability=None
                if memory.stability is None
                else retrievability(scheduling, memory.stability, elapsed),
            )
        )
    return shown


def _interval(rating: Rating, microseconds: int) -> Interval:
    return Interval(
        int(rating), rating.name.lower(), microseconds // SECOND, interval_words(microseconds)
    )
