"""Tests, their items, who took them, what was answered, and what came of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant


class TestStatus(StrEnum):
    """Where a test is between being made and being taken."""

    __test__ = False  # for pytest, which takes names that begin with Test for its own

    MAKING = "making"  #: its job generates items
    DRAFT = "draft"  #: its items may be edited
    READY = "ready"  #: it may be taken; its items stay as they are
    FAILED = "failed"  #: no item could be made; error_code and error_message say why


class TestOrigin(StrEnum):
    """Where a test comes from."""

    __test__ = False

    MADE = "made"  #: here, from documents
    IMPORTED = "imported"  #: held elsewhere; its responses were read from a file


class ItemKind(StrEnum):
    """The form of an item."""

    CHOICE = "choice"  #: `answer` is one of `options`
    TRUE_FALSE = "true_false"  #: `answer` is `true` or `false`
    SHORT = "short"  #: the answer is written
    CLOZE = "cloze"  #: `stem` has a gap (`_____`), and what fills it is written


class Bloom(StrEnum):
    """What an item asks for [Anderson & Krathwohl, A Taxonomy for Learning, 2001]; first three."""

    REMEMBER = "remember"
    UNDERSTAND = "understand"
    APPLY = "apply"


class SittingStatus(StrEnum):
    """Where a sitting is."""

    OPEN = "open"  #: responses are saved
    SUBMITTED = "submitted"  #: its job grades and analyses it
    GRADED = "graded"  #: every response that can be decided is
    FAILED = "failed"  #: its job failed; responses are kept, and it can be retried


class Grade(StrEnum):
    """What a response is worth."""

    RIGHT = "right"  #: 1
    PARTIAL = "partial"  #: a half
    WRONG = "wrong"  #: 0, as is an omitted one
    OPEN = "open"  #: the taker is to say: neither a match nor a model decided it


class GradedBy(StrEnum):
    """Who decided a grade."""

    KEY = "key"  #: compared with the key or the accepted variants
    MODEL = "model"  #: suggested by a language model, with its evidence
    TAKER = "taker"  #: by the one who wrote it, after seeing the answer


class Test(Base):
    """A set of items over documents, or a matrix of responses from elsewhere."""

    __test__ = False

    __tablename__ = "tests"
    __table_args__ = (Index("ix_tests_user_id_id", "user_id", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    origin: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(8))
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    #: What was asked for: documents and sections, items of each kind, Bloom levels.
    blueprint: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Seconds that a sitting may take.
    time_limit: Mapped[int | None]
    #: What making it did.
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: The job that last worked on it; it may have been pruned since.
    job_id: Mapped[str | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class Item(Base):
    """A question of a test, and the words of the page that it comes from."""

    __tablename__ = "items"
    __table_args__ = (Index("ix_items_test_id_ordinal", "test_id", "ordinal"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    test_id: Mapped[Id] = mapped_column(ForeignKey("tests.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    #: Which part of the test's blueprint it was made for, from 0.
    part: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    bloom: Mapped[str] = mapped_column(String(12))
    stem: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON)
    answer: Mapped[str]
    #: Other answers that are right as well.
    accepted: Mapped[list[str]] = mapped_column(JSON)
    #: Of a number: {"value", "tolerance" (absolute), "unit"}.
    numeric: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: The card that it was made of; that card's schedule learns from responses.
    card_id: Mapped[Id | None] = mapped_column(ForeignKey("flashcards.id", ondelete="SET NULL"))
    document_id: Mapped[Id | None] = mapped_column(ForeignKey("documents.id", ondelete="SET NULL"))
    source_title: Mapped[str]
    section: Mapped[str]
    page: Mapped[int | None]
    page_label: Mapped[str | None]
    quote: Mapped[str]
    rectangles: Mapped[list[dict[str, float]]] = mapped_column(JSON)
    #: Grows with each edit; an edit that names an older one is told (409).
    version: Mapped[int]


class Sitting(Base):
    """One taking of a test."""

    __tablename__ = "sittings"
    __table_args__ = (
        Index("ix_sittings_test_id_taker", "test_id", "taker"),
        Index("ix_sittings_user_id_id", "user_id", "id"),
        Index(
            "ix_sittings_deadline",
            "deadline",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    test_id: Mapped[Id] = mapped_column(ForeignKey("tests.id", ondelete="CASCADE"))
    #: Who takes it; of several people at one instance each has a name.
    taker: Mapped[str]
    #: This taker's first sitting of the test is 1; only those count in the test's analysis.
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(12))
    #: The items in the order shown, each with the order of its options: [[item id, [2, 0, 1]], …].
    order: Mapped[list[Any]] = mapped_column(JSON)
    started_at: Mapped[Instant]
    #: When responses are no longer taken.
    deadline: Mapped[Instant | None]
    submitted_at: Mapped[Instant | None]
    #: Points of the graded responses; an open one counts nothing yet.
    points: Mapped[float | None]
    error_message: Mapped[str | None]
    job_id: Mapped[str | None]


class Response(Base):
    """One answer in a sitting."""

    __tablename__ = "responses"

    sitting_id: Mapped[Id] = mapped_column(
        ForeignKey("sittings.id", ondelete="CASCADE"), primary_key=True
    )
    item_id: Mapped[Id] = mapped_column(
        ForeignKey("items.id", ondelete="CASCADE"), primary_key=True
    )
    #: As written, or the option chosen in its own words; empty: omitted.
    answer: Mapped[str]
    #: Marked by the taker to be looked at again.
    flagged: Mapped[bool]
    #: Milliseconds that the item was on the screen.
    milliseconds: Mapped[int]
    saved_at: Mapped[Instant]
    grade: Mapped[str | None] = mapped_column(String(8))
    graded_by: Mapped[str | None] = mapped_column(String(8))
    #: Why, in a sentence; of a model also the words of the answer that it rests on.
    reason: Mapped[str]
    evidence: Mapped[str]


class GradeChange(Base):
    """A grade that was overruled."""

    __tablename__ = "grade_changes"

    id: Mapped[Id] = mapped_column(primary_key=True)
    sitting_id: Mapped[Id] = mapped_column(ForeignKey("sittings.id", ondelete="CASCADE"))
    item_id: Mapped[Id]
    was: Mapped[str | None] = mapped_column(String(8))
    was_by: Mapped[str | None] = mapped_column(String(8))
    became: Mapped[str] = mapped_column(String(8))
    at: Mapped[Instant]


class Analysis(Base):
    """The results of one run of the analysis; earlier ones are kept."""

    __tablename__ = "analyses"
    __table_args__ = (
        Index("ix_analyses_test_id_version", "test_id", "version"),
        Index("ix_analyses_sitting_id_version", "sitting_id", "version"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    test_id: Mapped[Id] = mapped_column(ForeignKey("tests.id", ondelete="CASCADE"))
    #: Whose it is; nothing when it is the test's.
    sitting_id: Mapped[Id | None] = mapped_column(ForeignKey("sittings.id", ondelete="CASCADE"))
    version: Mapped[int]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[Instant]


class ImportedResponses(Base):
    """The files of a test that was held elsewhere."""

    __tablename__ = "imported_responses"

    test_id: Mapped[Id] = mapped_column(
        ForeignKey("tests.id", ondelete="CASCADE"), primary_key=True
    )
    responses: Mapped[bytes] = mapped_column(LargeBinary)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
