"""Searching the library: by words, by meaning, or both fused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from studyq.library.lines import Rectangle, passage_rectangles
from studyq.library.models import Chunk, Document, Page
from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.errors import ProviderError
from studyq.providers.minilm_files import MODEL_ID
from studyq.search.fusion import PHRASE_WORDS, Ranked, fuse, meaning_share
from studyq.search.vectors import find_model, similarities
from studyq.search.words import find_words, match_any, match_phrase
from studyq.text.quotes import snippet
from studyq.text.terms import QueryTerms, query_terms

log = structlog.get_logger("studyq.search")

Mode = Literal["hybrid", "words", "meaning"]

CANDIDATES = 100  #: chunks that the words propose
PHRASES = 10  #: chunks that hold the query word for word
LONGEST_QUERY = 2000  #: characters of a query that are read
MOST_RESULTS = 1000


@dataclass(frozen=True)
class Question:
    """What is searched for, by whom, and where."""

    user_id: str
    text: str
    mode: Mode = "hybrid"
    document_id: str | None = None
    limit: int = 10
    offset: int = 0


@dataclass(frozen=True)
class Answer:
    """Results, best first.

    Args:
        mode: what was asked in truth: words, when there are no vectors or no model.
        notice: why it is not the mode that was wanted.
        more: whether further results follow.
    """

    results: list[dict[str, Any]]
    mode: Mode
    notice: str | None
    more: bool


def search(session: Session, embedder: Embedder | Unavailable, question: Question) -> Answer:
    """Find the passages that answer a question best."""
    terms = query_terms(question.text[:LONGEST_QUERY])
    mode, notice = question.mode, None
    meaning: dict[int, float] = {}
    if mode != "words":
        meaning, notice = _by_meaning(session, embedder, question)
        if notice is not None:
            mode = "words"
    words: dict[int, float] = {}
    phrase: dict[int, float] = {}
    if mode != "meaning" and terms.words:
        words, phrase = _by_words(session, question, terms)
    share = meaning_share(latin=terms.latin, english_only=_english_only(embedder))
    ranked = fuse(words, meaning, phrase, share=share)
    page = ranked[question.offset : question.offset + question.limit]
    return Answer(
        results=_describe(session, page, terms),
        mode=mode,
        notice=notice,
        more=len(ranked) > question.offset + question.limit,
    )


def _english_only(embedder: Embedder | Unavailable) -> bool:
    """Say whether the model knows English alone: the built-in one does."""
    return getattr(embedder, "model_id", None) == MODEL_ID


def _by_words(
    session: Session, question: Question, terms: QueryTerms
) -> tuple[dict[int, float], dict[int, float]]:
    where: dict[str, Any] = {"document_id": question.document_id}
    words = find_words(session, question.user_id, match_any(terms), limit=CANDIDATES, **where)
    phrase: dict[int, float] = {}
    if len(terms.words) >= PHRASE_WORDS:
        phrase = find_words(
            session, question.user_id, match_phrase(terms.words), limit=PHRASES, **where
        )
    return words, phrase


def _by_meaning(
    session: Session, embedder: Embedder | Unavailable, question: Question
) -> tuple[dict[int, float], str | None]:
    """Similarities, or why there are none."""
    if isinstance(embedder, Unavailable):
        return {}, f"{embedder.reason} {embedder.next_step}".strip()
    model = find_model(session, embedder.model_id)
    if model is None:
        return {}, "Nothing has been embedded yet; these results are by words alone."
    try:
        vector = embedder.embed([question.text[:LONGEST_QUERY]], kind="query")[0]
    except ProviderError as error:
        log.warning("query not embedded", error=str(error))
        return {}, f"{error} These results are by words alone."
    found = similarities(
        session, question.user_id, model, np.asarray(vector), document_id=question.document_id
    )
    return found, None


def _describe(
    session: Session,
    ranked: list[Ranked],
    terms: QueryTerms,
) -> list[dict[str, Any]]:
    ids = [item.chunk_id for item in ranked]
    query = sa.select(Chunk, Document).join(Document, Document.id == Chunk.document_id)
    found = {
        chunk.id: (chunk, document)
        for chunk, document in session.execute(query.where(Chunk.id.in_(ids))).tuples()
    }
    pages = _pages(session, [chunk for chunk, _ in found.values()])
    results = []
    for item in ranked:
        chunk, document = found[item.chunk_id]
        piece = snippet(chunk.text, terms.content)
        first = pages[chunk.document_id, chunk.page_from]
        results.append(
            {
                "document_id": document.id,
                "filename": document.filename,
                "title": document.title,
                "chunk_id": chunk.id,
                "page_from": chunk.page_from,
                "page_to": chunk.page_to,
                "page_label": first.label or str(chunk.page_from),
                "section": chunk.section,
                "text": chunk.text,
                "snippet": piece.text,
                "marks": piece.marks,
                "score": round(item.score, 6),
                "scores": {"words": item.words, "meaning": item.meaning, "phrase": item.phrase},
                "rectangles": [vars(box) for box in rectangles_of(chunk, pages)],
            }
        )
    return results


def rectangles_of(chunk: Chunk, pages: dict[tuple[str, int], Page]) -> list[Rectangle]:
    """Where a chunk stands on its pages."""
    found: list[Rectangle] = []
    for index in range(chunk.page_from, chunk.page_to + 1):
        page = pages.get((chunk.document_id, index))
        if page is not None:
            start, end = max(0, chunk.start - page.offset), chunk.end - page.offset
            found.extend(passage_rectangles(index, page.lines, start, end))
    return found


def chunk_rectangles(
    session: Session, user_id: str, chunk_id: int, *, document_id: str | None = None
) -> list[Rectangle]:
    """Where a chunk of the user's stands; nowhere when there is no such chunk (any more)."""
    chunk = session.get(Chunk, chunk_id)
    if chunk is None or chunk.user_id != user_id:
        return []
    if document_id not in (None, chunk.document_id):
        return []
    return rectangles_of(chunk, _pages(session, [chunk]))


def _pages(session: Session, chunks: list[Chunk]) -> dict[tuple[str, int], Page]:
    wanted = {
        (chunk.document_id, chunk.generation, index)
        for chunk in chunks
        for index in range(chunk.page_from, chunk.page_to + 1)
    }
    key = sa.tuple_(Page.document_id, Page.generation, Page.index)
    rows = session.scalars(sa.select(Page).where(key.in_(wanted)))
    return {(page.document_id, page.index): page for page in rows}
