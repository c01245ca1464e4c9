"""What is known of each card's memory, the log of all ratings, and each reader's settings.

The log is only ever appended to: undoing a rating is a row of its own. Each row names the scheduler
that was in force and the days that had passed, so that a card's state follows from its log alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant, RowId


class Phase(StrEnum):
    """Where a card is on its way into memory."""

    NEW = "new"  #: never rated
    LEARNING = "learning"  #: on its first steps, minutes apart
    REVIEW = "review"  #: days apart
    RELEARNING = "relearning"  #: forgotten, on the steps back


class Entry(StrEnum):
    """What a row of the log tells."""

    RATING = "rating"  #: a card was rated
    UNDO = "undo"  #: the rating `undoes` does not count
    IMPORT = "import"  #: the card came with a history from elsewhere: `after` is a fact
    REFIT = "refit"  #: stability and difficulty worked out again with other parameters
    DUE = "due"  #: something else, a test say, made the card due


class Schedule(Base):
    """When a card is due, and what FSRS knows of it; one for each card ever approved.

    Triggers of the database keep `active` and `document_id` in step with the card
    (docs/decisions/0010-schedules-beside-cards.md).
    """

    __tablename__ = "schedules"
    __table_args__ = (
        # All that the queue asks, so that counting reads no row.
        Index(
            "ix_schedules_queue",
            "user_id", "active", "phase", "due_at", "card_id", "document_id", "buried_until",
        ),
        Index(
            "ix_schedules_document",
            "user_id", "document_id", "active", "phase", "due_at", "card_id", "buried_until",
        ),
    )  # fmt: skip

    card_id: Mapped[Id] = mapped_column(
        ForeignKey("flashcards.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    document_id: Mapped[Id | None]
    #: Whether the card is approved.
    active: Mapped[bool]
    phase: Mapped[str] = mapped_column(String(12))
    #: Which of the (re)learning steps comes next, from 0.
    step: Mapped[int | None]
    #: Days until retrievability falls to 0.9.
    stability: Mapped[float | None] = mapped_column(Float)
    #: From 1, easy, to 10.
    difficulty: Mapped[float | None] = mapped_column(Float)
    #: Of a new card, the time it was made: its place among the new ones.
    due_at: Mapped[Instant]
    last_review_at: Mapped[Instant | None]
    reps: Mapped[int]
    lapses: Mapped[int]
    buried_until: Mapped[Instant | None]
    leech: Mapped[bool]
    #: Grows with each change; a rating that names an older one is told (409).
    version: Mapped[int]


class Scheduler(Base):
    """Parameters of FSRS that were in force for somebody at some time; never changed."""

    __tablename__ = "schedulers"
    __table_args__ = (
        Index("ix_schedulers_user_id", "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    #: As `scheduling.Scheduling` has them.
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[Instant]


class Review(Base):
    """One row of the log. A card's rows outlive it: they are its reader's statistics."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        UniqueConstraint("undoes"),
        Index("ix_reviews_user_id_at", "user_id", "at"),
        Index("ix_reviews_user_id_id", "user_id", "id"),
        Index("ix_reviews_card_id_id", "card_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    card_id: Mapped[Id]
    document_id: Mapped[Id | None]
    entry: Mapped[str] = mapped_column(String(8))
    #: 1 again, 2 hard, 3 good, 4 easy.
    rating: Mapped[int | None]
    #: When it was; by the wall clock, so it may go back when somebody sets that back.
    at: Mapped[Instant]
    #: Study days since the review before, as they were counted then.
    elapsed_days: Mapped[int | None]
    #: Days that had been planned between the two; nothing for learning steps.
    scheduled_days: Mapped[int | None]
    #: The card was not due yet.
    early: Mapped[bool]
    duration_ms: Mapped[int | None]
    #: This rating made the card a leech, and suspended it.
    suspended: Mapped[bool]
    #: Who rated: review, test, import.
    source: Mapped[str] = mapped_column(String(8))
    scheduler_id: Mapped[int] = mapped_column(ForeignKey("schedulers.id"))
    #: The client's: an answer that is sent twice counts once.
    key: Mapped[str | None] = mapped_column(String(255))
    undoes: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"))
    phase_before: Mapped[str] = mapped_column(String(12))
    #: As `scheduling.Memory` has them.
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)


class ReviewSettings(Base):
    """How somebody wants to review; without a row, the defaults hold."""

    __tablename__ = "review_settings"
    __table_args__ = (UniqueConstraint("calendar_secret"),)

    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"), primary_key=True)
    #: As `preferences.Preferences` has them.
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The scheduler that follows from them.
    scheduler_id: Mapped[int] = mapped_column(ForeignKey("schedulers.id"))
    #: Names the calendar: whoever knows it reads the numbers of cards due.
    calendar_secret: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[Instant]


class ReviewLimit(Base):
    """How much of one document comes on a day, at the most."""

    __tablename__ = "review_limits"

    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"), primary_key=True)
    document_id: Mapped[Id] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    new_per_day: Mapped[int | None]
    reviews_per_day: Mapped[int | None]


#: Rows of the log that count: ratings that nothing undoes.
COUNTS_SQL = text(
    "reviews.entry = 'rating' AND NOT EXISTS "
    "(SELECT 1 FROM reviews AS undoing WHERE undoing.undoes = reviews.id)"
)
