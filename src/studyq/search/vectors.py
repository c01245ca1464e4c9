"""The vector index: which chunks have no vector yet, and which are nearest to a question.

Three bits of each number propose candidates, the vectors themselves rank them; why, and with which
figures: docs/decisions/0006-exact-vectors-then-bits.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.library.models import Chunk, Status
from studyq.search.models import ChunkVector, EmbeddingModel

PROPOSED = 800  #: chunks that the bits propose: a library of no more is ranked exactly
LEAST_DIMENSIONS = 256  #: below, there are too few bits to go by; all vectors are compared
EVERY = -1  #: SQLite's LIMIT for no limit

#: Quartiles of a normal distribution with the mean square of a unit vector's numbers, in units of
#: its root: each quarter of the numbers gets a code of its own.
QUARTILES = np.array([-0.6745, 0.0, 0.6745], dtype=np.float32)

Vector = NDArray[np.float32]

# CROSS JOIN is SQLite's way to say which table comes first. Both tables are read from their
# indexes; vectors are touched only for what was proposed.
_NEAREST = sa.text(
    """
    WITH proposed AS MATERIALIZED (
        SELECT chunk_vectors.rowid AS place
        FROM documents CROSS JOIN chunk_vectors
            ON chunk_vectors.model_id = :model
            AND chunk_vectors.document_id = documents.id
            AND chunk_vectors.generation = documents.generation
        WHERE documents.user_id = :user AND documents.status <> :failed
            AND documents.id = coalesce(:document, documents.id)
        ORDER BY vec_distance_hamming(vec_bit(chunk_vectors.bits), vec_bit(:bits))
        LIMIT :proposed
    )
    SELECT chunk_vectors.chunk_id, vec_distance_cosine(chunk_vectors.vector, :query) AS distance
    FROM proposed CROSS JOIN chunk_vectors ON chunk_vectors.rowid = proposed.place
    ORDER BY distance LIMIT :nearest
    """
)
_THESE = sa.text(
    """
    SELECT chunk_id, vec_distance_cosine(vector, :query) AS distance
    FROM chunk_vectors
    WHERE model_id = :model AND user_id = :user
        AND chunk_id IN (SELECT value FROM json_each(:chunks))
    """
)
_WITHOUT = sa.text(
    """
    SELECT coalesce(sum(documents.chunk_count - (
        SELECT count(*) FROM chunk_vectors
        WHERE chunk_vectors.model_id = :model
            AND chunk_vectors.document_id = documents.id
            AND chunk_vectors.generation = documents.generation
    )), 0)
    FROM documents
    WHERE documents.user_id = :user AND documents.status = :completed
        AND documents.id = coalesce(:document, documents.id)
    """
)


def model_key(session: Session, name: str, dimensions: int) -> int:
    """The key of an embedding model's vectors, made when it is new."""
    key = find_model(session, name, dimensions)
    if key is None:
        model = EmbeddingModel(name=name, dimensions=dimensions, created_at=now())
        session.add(model)
        session.flush()
        key = model.id
    return key


def find_model(session: Session, name: str, dimensions: int) -> int | None:
    """The key of an embedding model's vectors; None when it never made any."""
    query = sa.select(EmbeddingModel.id).where(
        EmbeddingModel.name == name, EmbeddingModel.dimensions == dimensions
    )
    return session.scalar(query)


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


def count_passages_without_vector(
    session: Session, user_id: str, model: int | None, *, document_id: str | None = None
) -> int:
    """How many passages no job is about to embed: those of completed documents.

    Args:
        model: the key of the model; None counts all passages.
    """
    values = {
        "user": user_id,
        "model": model,
        "document": document_id,
        "completed": Status.COMPLETED.value,
    }
    return session.scalar(_WITHOUT, values) or 0


def store_vectors(
    session: Session,
    *,
    model: int,
    user_id: str,
    document_id: str,
    generation: int,
    chunk_ids: Sequence[int],
    vectors: Vector,
) -> None:
    """Write vectors, within the running transaction.

    Raises:
        ValueError: when one is not finite or is zero; nothing is near such a vector.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    for chunk_id, length in zip(chunk_ids, lengths, strict=True):
        if not np.isfinite(length) or length == 0:
            raise ValueError(f"the vector of chunk {chunk_id} has the length {length}")
    session.execute(
        sa.insert(ChunkVector),
        [
            {
                "chunk_id": chunk_id,
                "model_id": model,
                "user_id": user_id,
                "document_id": document_id,
                "generation": generation,
                "bits": coarse_bits(vector),
                "vector": vector.tobytes(),
            }
            for chunk_id, vector in zip(chunk_ids, vectors, strict=True)
        ],
    )


def delete_other_models(session: Session, document_id: str, generation: int, model: int) -> None:
    """Delete a document's vectors of former models, once it is whole with this one."""
    if count_without_vector(session, document_id, generation, model):
        return
    others = sa.select(EmbeddingModel.id).where(EmbeddingModel.id != model)
    session.execute(
        sa.delete(ChunkVector).where(
            ChunkVector.model_id.in_(others), ChunkVector.document_id == document_id
        )
    )


def coarse_bits(vector: Vector) -> bytes:
    """A unit vector in three bits a number; the nearer two vectors are, the fewer bits differ.

    A bit tells whether the number lies above a quartile, so that codes differ by as many bits as
    there are quartiles between the numbers. Filled up with zeros to whole bytes.
    """
    above = vector[:, None] > QUARTILES / np.float32(np.sqrt(vector.size))
    return np.packbits(above).tobytes()


def nearest(
    session: Session,
    user_id: str,
    model: int,
    query: Vector,
    *,
    limit: int,
    document_id: str | None = None,
    proposed: int = PROPOSED,
) -> dict[int, float]:
    """The findable chunks nearest to a question, with their cosine similarities.

    Findable means: of the generation that its document shows, and of a document that has not
    failed. The chunks that count are ranked exactly; which ones do is exact for libraries of up
    to `proposed` chunks, and for models of few dimensions.

    Args:
        proposed: how many chunks the bits propose, or `EVERY`.
    """
    values = {
        "user": user_id,
        "model": model,
        "document": document_id,
        "failed": Status.FAILED.value,
        "bits": coarse_bits(query),
        "query": query.tobytes(),
        "proposed": proposed if query.size >= LEAST_DIMENSIONS else EVERY,
        "nearest": limit,
    }
    return _similarities(session.execute(_NEAREST, values))


def similarities(
    session: Session, user_id: str, model: int, query: Vector, chunk_ids: Collection[int]
) -> dict[int, float]:
    """The cosine similarities of certain chunks to a question; of those that have a vector."""
    values = {
        "user": user_id,
        "model": model,
        "query": query.tobytes(),
        "chunks": json.dumps([*chunk_ids]),
    }
    return _similarities(session.execute(_THESE, values))


def _similarities(rows: Iterable[Any]) -> dict[int, float]:
    return {chunk_id: 1.0 - distance for chunk_id, distance in rows}
