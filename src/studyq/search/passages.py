"""What is told of the passages found: their document, page, snippet, and place on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.library.lines import Rectangle, passage_rectangles
from studyq.library.models import Chunk, Document, Page
from studyq.search.fusion import Ranked
from studyq.text.quotes import snippet

# Rows of columns: mapped objects would cost as much again as the search itself.
_CHUNKS = sa.select(
    Chunk.id,
    Chunk.document_id,
    Chunk.generation,
    Chunk.page_from,
    Chunk.page_to,
    Chunk.start,
    Chunk.end,
    Chunk.section,
    Chunk.text,
    Document.title,
    Document.filename,
).join(Document, Document.id == Chunk.document_id)
_PAGES = sa.select(Page.document_id, Page.index, Page.label, Page.offset, Page.lines)

Row = sa.Row[*tuple[Any, ...]]
Pages = Mapping[tuple[str, int], Row]


def describe(
    session: Session, ranked: Sequence[Ranked], terms: Iterable[str]
) -> list[dict[str, Any]]:
    """The passages in the order given, as the API tells them.

    Args:
        terms: Words to mark in the snippets.
    """
    terms = tuple(terms)
    query = _CHUNKS.where(Chunk.id.in_([item.chunk_id for item in ranked]))
    chunks = {chunk.id: chunk for chunk in session.execute(query)}
    pages = _pages(session, chunks.values())
    return [_describe(item, chunks[item.chunk_id], pages, terms) for item in ranked]


def _describe(item: Ranked, chunk: Row, pages: Pages, terms: Sequence[str]) -> dict[str, Any]:
    piece = snippet(chunk.text, terms)
    first = pages.get((chunk.document_id, chunk.page_from))
    return {
        "document_id": chunk.document_id,
        "filename": chunk.filename,
        "title": chunk.title,
        "chunk_id": chunk.id,
        "page_from": chunk.page_from,
        "page_to": chunk.page_to,
        "page_label": (first.label if first is not None else None) or str(chunk.page_from),
        "section": chunk.section,
        "text": chunk.text,
        "snippet": piece.text,
        "marks": piece.marks,
        "score": round(item.score, 6),
        "scores": {"words": item.words, "meaning": item.meaning, "phrase": item.phrase},
        "rectangles": [vars(box) for box in _rectangles(chunk, pages)],
    }


def chunk_rectangles(
    session: Session, user_id: str, chunk_id: int, *, document_id: str | None = None
) -> list[Rectangle]:
    """Where a chunk of the user's stands; nowhere when there is no such chunk (any more)."""
    query = _CHUNKS.where(Chunk.id == chunk_id, Chunk.user_id == user_id)
    chunk = session.execute(query).one_or_none()
    if chunk is None or document_id not in (None, chunk.document_id):
        return []
    return _rectangles(chunk, _pages(session, [chunk]))


def _rectangles(chunk: Row, pages: Pages) -> list[Rectangle]:
    """Where a chunk stands on its pages."""
    found: list[Rectangle] = []
    for index in range(chunk.page_from, chunk.page_to + 1):
        page = pages.get((chunk.document_id, index))
        if page is not None:
            start, end = max(0, chunk.start - page.offset), chunk.end - page.offset
            found.extend(passage_rectangles(index, page.lines, start, end))
    return found


def _pages(session: Session, chunks: Iterable[Row]) -> Pages:
    wanted = {
        (chunk.document_id, chunk.generation, index)
        for chunk in chunks
        for index in range(chunk.page_from, chunk.page_to + 1)
    }
    key = sa.tuple_(Page.document_id, Page.generation, Page.index)
    rows = session.execute(_PAGES.where(key.in_(wanted)))
    return {(page.document_id, page[1]): page for page in rows}
