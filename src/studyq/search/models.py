"""The vector index. The word indexes are FTS5 tables, which search/words.py writes and asks."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant, RowId


class EmbeddingModel(Base):
    """A model whose vectors are stored; vectors of different models are never compared."""

    __tablename__ = "embedding_models"
    __table_args__ = (UniqueConstraint("name", "dimensions"),)

    id: Mapped[RowId] = mapped_column(primary_key=True)
    name: Mapped[str]
    dimensions: Mapped[int]
    created_at: Mapped[Instant]


class ChunkVector(Base):
    """The embedding of a chunk: float32, unit length."""

    __tablename__ = "chunk_vectors"
    __table_args__ = (
        Index("ix_chunk_vectors_model_id_user_id", "model_id", "user_id", "document_id"),
        {"sqlite_with_rowid": True},
    )

    chunk_id: Mapped[RowId] = mapped_column(
        ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True
    )
    model_id: Mapped[RowId] = mapped_column(ForeignKey("embedding_models.id"), primary_key=True)
    user_id: Mapped[Id]
    document_id: Mapped[Id]
    vector: Mapped[bytes] = mapped_column(LargeBinary)
