"""What cards are made from: the chunks and pages of a document, read at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.library.models import Chunk, Document, Page
from studyq.search.models import ChunkVector
from studyq.search.vectors import Vector


@dataclass(frozen=True)
class SourceChunk:
    """A passage. `start` and `end` are offsets in the document's text."""

    id: int
    ordinal: int
    section: str
    page_from: int
    page_to: int
    start: int
    end: int
    text: str
    tokens: int


@dataclass(frozen=True)
class SourcePage:
    """A page: its number from 1, the label printed on it, its text and packed lines.

    `offset` is where its text begins in the document's text.
    """

    index: int
    label: str | None
    offset: int
    text: str
    lines: bytes


@dataclass(frozen=True)
class Source:
    """A document as it stood when it was read; safe to share between threads."""

    document_id: str
    title: str
    chunks: tuple[SourceChunk, ...]
    pages: Mapping[int, SourcePage]

    def chunk(self, chunk_id: int | None) -> SourceChunk | None:
        """The chunk with an id, if it is the document's."""
        return next((chunk for chunk in self.chunks if chunk.id == chunk_id), None)


def read_source(session: Session, document: Document) -> Source:
    """Read the chunks and pages that a document shows."""
    shown = {"document_id": document.id, "generation": document.generation}
    chunks = sa.select(
        Chunk.id,
        Chunk.ordinal,
        Chunk.section,
        Chunk.page_from,
        Chunk.page_to,
        Chunk.start,
        Chunk.end,
        Chunk.text,
        Chunk.token_count,
    ).filter_by(**shown)
    pages = sa.select(Page.index, Page.label, Page.offset, Page.text, Page.lines)
    return Source(
        document_id=document.id,
        title=document.title,
        chunks=tuple(SourceChunk(*row) for row in session.execute(chunks.order_by(Chunk.ordinal))),
        pages={
            page.index: page
            for page in (SourcePage(*row) for row in session.execute(pages.filter_by(**shown)))
        },
    )


def read_vectors(session: Session, document: Document, model: int | None) -> dict[int, Vector]:
    """The stored embeddings of the chunks that a document shows, by chunk.

    Args:
        model: The key of an embedding model (`search.vectors.find_model`); without one, nothing.
    """
    if model is None:
        return {}
    query = sa.select(ChunkVector.chunk_id, ChunkVector.vector).where(
        ChunkVector.model_id == model,
        ChunkVector.document_id == document.id,
        ChunkVector.generation == document.generation,
    )
    return {
        chunk_id: np.frombuffer(vector, dtype=np.float32)
        for chunk_id, vector in session.execute(query)
    }
