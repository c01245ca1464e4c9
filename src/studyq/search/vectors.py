"""The vector index: which chunks have no vector yet, and which are nearest to a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.library.models import Chunk, Document
from studyq.search.models import ChunkVector, EmbeddingModel
from studyq.search.words import visible

Vector = NDArray[np.float32]


def model_key(session: Session, name: str, dimensions: int) -> int:
    """The key of an embedding model's vectors, made when it is new."""
    query = sa.select(EmbeddingModel.id).where(
        EmbeddingModel.name == name, EmbeddingModel.dimensions == dimensions
    )
    key = session.scalar(query)
    if key is None:
        model = EmbeddingModel(name=name, dimensions=dimensions, created_at=now())
        session.add(model)
        session.flush()
        key = model.id
    return key


def find_model(session: Session, name: str) -> int | None:
    """The key of a model that has vectors stored."""
    query = sa.select(EmbeddingModel.id).where(EmbeddingModel.name == name)
    return session.scalar(query.order_by(EmbeddingModel.id.desc()).limit(1))


def without_vector(
    session: Session, document_id: str, generation: int, model: int, limit: int
) -> list[Any]:
    """Chunks of a document that still have to be embedded: its work list."""
    query = (
        sa.select(Chunk.id, Chunk.section, Chunk.text)
        .outerjoin(
            ChunkVector, sa.and_(ChunkVector.chunk_id == Chunk.id, ChunkVector.model_id == model)
        )
        .where(
            Chunk.document_id == document_id,
            Chunk.generation == generation,
            ChunkVector.chunk_id.is_(None),
        )
        .order_by(Chunk.ordinal)
        .limit(limit)
    )
    return list(session.execute(query))


def count_without_vector(
    session: Session, document_id: str, generation: int, model: int | None
) -> int:
    """How many chunks of a document have no vector of a model; of any, where it is None."""
    matches = ChunkVector.chunk_id == Chunk.id
    if model is not None:
        matches = sa.and_(matches, ChunkVector.model_id == model)
    query = (
        sa.select(sa.func.count())
        .select_from(Chunk)
        .where(
            Chunk.document_id == document_id,
            Chunk.generation == generation,
            ~sa.exists().where(matches),
        )
    )
    return session.scalar(query) or 0


def store_vectors(
    session: Session,
    *,
    model: int,
    user_id: str,
    document_id: str,
    chunk_ids: Sequence[int],
    vectors: Vector,
) -> None:
    """Write vectors, within the running transaction."""
    session.execute(
        sa.insert(ChunkVector),
        [
            {
                "chunk_id": chunk_id,
                "model_id": model,
                "user_id": user_id,
                "document_id": document_id,
                "vector": vector.tobytes(),
            }
            for chunk_id, vector in zip(chunk_ids, vectors, strict=True)
        ],
    )


def similarities(
    session: Session, user_id: str, model: int, query: Vector, *, document_id: str | None = None
) -> dict[int, float]:
    """The cosine similarity of every findable chunk to a question."""
    distance = sa.func.vec_distance_cosine(ChunkVector.vector, query.tobytes())
    statement = (
        sa.select(ChunkVector.chunk_id, distance.label("distance"))
        .join(Chunk, Chunk.id == ChunkVector.chunk_id)
        .join(Document, Document.id == Chunk.document_id)
        .where(ChunkVector.model_id == model, ChunkVector.user_id == user_id, *visible())
    )
    if document_id is not None:
        statement = statement.where(ChunkVector.document_id == document_id)
    return {row.chunk_id: 1.0 - row.distance for row in session.execute(statement)}
