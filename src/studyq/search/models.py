"""The vector index. The word index is an FTS5 table, which search/words.py writes and asks."""

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
    """The embedding of a chunk."""

    __tablename__ = "chunk_vectors"
    __table_args__ = (
        # All that the first look at a library needs: 200 bytes a chunk instead of 1,800.
        Index("ix_chunk_vectors_bits", "model_id", "document_id", "generation", "bits"),
        {"sqlite_with_rowid": True},
    )

    chunk_id: Mapped[RowId] = mapped_column(
        ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True
    )
    model_id: Mapped[RowId] = mapped_column(ForeignKey("embedding_models.id"), primary_key=True)
    user_id: Mapped[Id]
    document_id: Mapped[Id]
    #: The chunk's; a vector is found while its document shows this generation.
    generation: Mapped[int]
    #: The vector, coarsely: three bits a number (vectors.coarse_bits).
    bits: Mapped[bytes] = mapped_column(LargeBinary)
    #: float32, unit length.
    vector: Mapped[bytes] = mapped_column(LargeBinary)
