"""Requests for cards, the windows that each is worked off in, and the cards themselves."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant


class SessionStatus(StrEnum):
    """What has become of a request for cards."""

    PENDING = "PENDING"  #: its job waits, for its turn or for the document
    PROCESSING = "PROCESSING"  #: its job runs
    COMPLETED = "COMPLETED"  #: at least one card was kept
    FAILED = "FAILED"  #: no card was kept; error_code and error_message say why
    CANCELLED = "CANCELLED"  #: somebody said so; what was committed before is kept


class WindowStatus(StrEnum):
    """What has become of one run of chunks."""

    WAITING = "waiting"  #: still to be asked
    DONE = "done"  #: its cards, if any passed, are committed
    FAILED = "failed"  #: it can be tried again alone; error_code and error_message say why


class Kind(StrEnum):
    """The form of a card."""

    BASIC = "basic"  #: a question and its answer
    CLOZE = "cloze"  #: `front` has `{{c1::…}}`; `back` is what is hidden
    CHOICE = "choice"  #: `back` is one of `options`


class CardState(StrEnum):
    """Where a card is between being made and being learnt."""

    DRAFT = "draft"  #: nobody has approved it yet
    APPROVED = "approved"  #: it is reviewed
    SUSPENDED = "suspended"  #: approved, and not reviewed until somebody says so
    REJECTED = "rejected"  #: not wanted; `reject_reason` says why


class Origin(StrEnum):
    """Who made a card."""

    BUILTIN = "builtin"  #: taken from the text by the built-in generator
    MODEL = "model"  #: written by a language model
    MANUAL = "manual"  #: written by the reader
    IMPORTED = "imported"  #: from a file


class CardSession(Base):
    """One request for cards from one document."""

    __tablename__ = "card_sessions"
    __table_args__ = (
        Index("ix_card_sessions_user_id_id", "user_id", "id"),
        Index("ix_card_sessions_document_id", "document_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    #: What the reader asked for in words; empty for no wish.
    prompt: Mapped[str]
    #: How many cards, of which kinds, and from where: {"sections": […]} or {"pages": [from, to]}.
    wanted: Mapped[int]
    kinds: Mapped[list[str]] = mapped_column(JSON)
    scope: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: `builtin`, or a model that `llm` knows.
    model: Mapped[str]
    status: Mapped[str] = mapped_column(String(16))
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    #: Tokens and, where prices are known, cost, as foreseen before the start.
    estimate: Mapped[dict[str, Any]] = mapped_column(JSON)
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: The job that last worked on it; it may have been pruned since.
    job_id: Mapped[str | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class CardWindow(Base):
    """One run of chunks, asked about in one call and committed on its own."""

    __tablename__ = "card_windows"

    session_id: Mapped[Id] = mapped_column(
        ForeignKey("card_sessions.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    chunk_ids: Mapped[list[int]] = mapped_column(JSON)
    #: How many cards it is to give.
    quota: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    kept: Mapped[int]
    #: How many cards were rejected, by reason.
    rejected: Mapped[dict[str, int]] = mapped_column(JSON)
    calls: Mapped[int]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    finished_at: Mapped[Instant | None]


class Flashcard(Base):
    """Something to be remembered, and the words of the page that it comes from."""

    __tablename__ = "flashcards"
    __table_args__ = (
        UniqueConstraint("user_id", "guid"),
        Index("ix_flashcards_user_id_state_id", "user_id", "state", "id"),
        Index("ix_flashcards_document_id_page", "document_id", "page"),
        Index("ix_flashcards_session_id", "session_id"),
        # For exact duplicates: same question and answer in normal form.
        Index("ix_flashcards_user_id_fingerprint", "user_id", "fingerprint"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    #: Nothing when it was imported, or when its document has been deleted.
    document_id: Mapped[Id | None] = mapped_column(ForeignKey("documents.id", ondelete="SET NULL"))
    session_id: Mapped[Id | None] = mapped_column(
        ForeignKey("card_sessions.id", ondelete="SET NULL")
    )
    #: Anki's id of the note: the same in each export, so that an import updates it.
    guid: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    #: Markdown with maths between `\(` and `\)` or `\[` and `\]`.
    front: Mapped[str]
    back: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    reject_reason: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(JSON)
    origin: Mapped[str] = mapped_column(String(8))
    model: Mapped[str | None]
    #: The document's title when the card was made; it outlives the document.
    source_title: Mapped[str]
    #: The page's index, from 1, and the label printed on it.
    page: Mapped[int | None]
    page_label: Mapped[str | None]
    section: Mapped[str]
    quote: Mapped[str]
    #: Where the quote stands: [{page, x0, y0, x1, y1}], PDF points from the page's top left.
    rectangles: Mapped[list[dict[str, float]]] = mapped_column(JSON)
    #: The chunk it was made from; a reprocessed document has others.
    chunk_id: Mapped[int | None]
    fingerprint: Mapped[str] = mapped_column(String(64))
    #: An older card that says the same, exactly or nearly; shown, never dropped in silence.
    duplicate_of: Mapped[Id | None]
    #: The question's embedding, and the model that made it.
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    vector_model: Mapped[str | None]
    #: Grows with each edit; an edit that names an older one is told (409).
    version: Mapped[int]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class CardEdit(Base):
    """What a card said before an edit."""

    __tablename__ = "card_edits"

    card_id: Mapped[Id] = mapped_column(
        ForeignKey("flashcards.id", ondelete="CASCADE"), primary_key=True
    )
    #: The version that was replaced.
    version: Mapped[int] = mapped_column(primary_key=True)
    front: Mapped[str]
    back: Mapped[str]
    options: Mapped[list[str]] = mapped_column(JSON)
    tags: Mapped[list[str]] = mapped_column(JSON)
    at: Mapped[Instant]
