"""Libraries of passages with given texts and vectors, stored without reading any PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import new_id, now
from studyq.library.models import Chunk, Document, Status
from studyq.search.vectors import Vector, model_key, store_vectors
from studyq.search.words import WordRow, index_words

OWNER = "00000000-0000-7000-8000-000000000001"
OTHER = "00000000-0000-7000-8000-000000000002"
MODEL = "test-model"


class FixedEmbedder:
    """Answers every question with one vector."""

    def __init__(self, vector: Vector, model_id: str = MODEL) -> None:
        self.vector, self.model_id, self.dimensions = vector, model_id, vector.size

    def embed(self, texts: Sequence[str], **_: object) -> Vector:
        """The vector, for each text."""
        return np.stack([self.vector] * len(texts))

    def close(self) -> None:
        """Nothing runs."""


def random_units(seed: int, count: int, dimensions: int) -> Vector:
    """Unit vectors in all directions."""
    rows = np.random.default_rng(seed).standard_normal((count, dimensions), dtype=np.float32)
    units: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units


def add_user(session: Session, user_id: str) -> None:
    """Add a user beside the one that every library has."""
    values = {"id": user_id, "name": user_id, "at": now()}
    session.execute(sa.text("INSERT INTO users VALUES (:id, :name, :at)"), values)


def add_document(
    session: Session,
    texts: Sequence[str],
    *,
    user_id: str = OWNER,
    status: Status = Status.COMPLETED,
    generation: int = 1,
) -> str:
    """Add a document without passages, which shows a generation; returns its id."""
    document_id, moment = new_id(), now()
    values: dict[str, Any] = {
        "id": document_id,
        "user_id": user_id,
        "title": "Notes",
        "filename": "notes.pdf",
        "source": "pdf",
        "status": status.value,
        "generation": generation,
        "chunk_count": len(texts),
        "outline": [],
        "created_at": moment,
        "updated_at": moment,
    }
    session.execute(sa.insert(Document).values(values))
    return document_id


def add_chunks(
    session: Session,
    document_id: str,
    texts: Sequence[str],
    *,
    user_id: str = OWNER,
    generation: int = 1,
) -> list[int]:
    """Add passages to a document, found by words; returns their ids."""
    rows = [
        {
            "user_id": user_id,
            "document_id": document_id,
            "generation": generation,
            "ordinal": ordinal,
            "page_from": 1,
            "page_to": 1,
            "start": 0,
            "end": len(text),
            "section": "",
            "text": text,
            "token_count": 1,
        }
        for ordinal, text in enumerate(texts)
    ]
    statement = sa.insert(Chunk).returning(Chunk.id, sort_by_parameter_order=True)
    ids = list(session.scalars(statement, rows))
    words = [WordRow(i, "Notes", "", text) for i, text in zip(ids, texts, strict=True)]
    index_words(session.connection(), words)
    return ids


def add_vectors(
    session: Session,
    document_id: str,
    ids: Sequence[int],
    vectors: Vector,
    *,
    user_id: str = OWNER,
    generation: int = 1,
    name: str = MODEL,
) -> int:
    """Add the passages' vectors; returns their model's key."""
    model = model_key(session, name, vectors.shape[1])
    store_vectors(
        session,
        model=model,
        user_id=user_id,
        document_id=document_id,
        generation=generation,
        chunk_ids=ids,
        vectors=vectors,
    )
    return model


def add_all(
    session: Session,
    vectors: Vector,
    *,
    text: str = "passage",
    user_id: str = OWNER,
    status: Status = Status.COMPLETED,
    shown: int = 1,
    generation: int = 1,
) -> tuple[str, list[int], int]:
    """Add a document with a passage a vector; returns its id, its passages' and the model's."""
    texts = [f"{text} number {number}" for number in range(len(vectors))]
    document_id = add_document(session, texts, user_id=user_id, status=status, generation=shown)
    of: dict[str, Any] = {"user_id": user_id, "generation": generation}
    ids = add_chunks(session, document_id, texts, **of)
    return document_id, ids, add_vectors(session, document_id, ids, vectors, **of)
