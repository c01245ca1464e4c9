"""Documents, the PDFs that they come from, their pages and chunks."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant, RowId


class Status(StrEnum):
    """What has become of a document."""

    PENDING = "PENDING"  #: its job waits
    PROCESSING = "PROCESSING"  #: its job runs
    COMPLETED = "COMPLETED"  #: searchable
    FAILED = "FAILED"  #: not readable; error_code and error_message say why


class Document(Base):
    """Something to learn from."""

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_user_id_id", "user_id", "id"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    filename: Mapped[str]
    source: Mapped[str] = mapped_column(String(8))
    #: Where an import comes from.
    source_uri: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(16))
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    #: Pages and chunks of this generation are shown; a reprocessing job builds the next one.
    generation: Mapped[int]
    page_count: Mapped[int | None]
    chunk_count: Mapped[int]
    outline: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: The job that last worked on it; it may have been pruned since.
    job_id: Mapped[str | None]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class Pdf(Base):
    """An original: a file kept by its content's hash."""

    __tablename__ = "pdfs"
    __table_args__ = (
        UniqueConstraint("user_id", "sha256"),
        Index("ix_pdfs_document_id", "document_id"),
        Index("ix_pdfs_sha256", "sha256"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    filename: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    #: Where the bytes are: a key of the storage.
    storage_key: Mapped[str]
    page_count: Mapped[int | None]
    encrypted: Mapped[bool]
    #: The password that opens it, sealed with the instance's key.
    sealed_password: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Instant]


class Page(Base):
    """One page of a document."""

    __tablename__ = "pages"

    document_id: Mapped[Id] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    generation: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None]
    #: Where the page's text starts in the document's text.
    offset: Mapped[int]
    width: Mapped[float]
    height: Mapped[float]
    kind: Mapped[str] = mapped_column(String(16))
    #: Rectangles of its lines, packed (library/lines.py).
    lines: Mapped[bytes] = mapped_column(LargeBinary)
    headings: Mapped[list[Any]] = mapped_column(JSON)
    #: Last, because a long text lies apart and SQLite would read past it to what follows.
    text: Mapped[str]


class Chunk(Base):
    """A passage that search returns."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("document_id", "generation", "ordinal"),
        Index("ix_chunks_user_id", "user_id"),
        # All that tells whether a chunk may be found, without reading its text.
        Index("ix_chunks_found", "id", "user_id", "document_id", "generation"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id"))
    document_id: Mapped[Id] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    generation: Mapped[int]
    ordinal: Mapped[int]
    page_from: Mapped[int]
    page_to: Mapped[int]
    #: Offsets in the document's text: its pages' texts joined by one line end.
    start: Mapped[int]
    end: Mapped[int]
    section: Mapped[str]
    text: Mapped[str]
    token_count: Mapped[int]
