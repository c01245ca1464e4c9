"""Searching the library: by words, by meaning, or both fused."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from sqlalchemy.orm import Session

from studyq.providers.embedding import Embedder, Unavailable
from studyq.providers.errors import ProviderError
from studyq.providers.minilm_files import MODEL_ID
from studyq.search.fusion import NEAREST, PHRASE_WORDS, fuse, meaning_share
from studyq.search.passages import describe
from studyq.search.vectors import (
    Vector,
    count_passages_without_vector,
    find_model,
    nearest,
    similarities,
)
from studyq.search.words import find_words, match_any, match_phrase
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
        notice: why it is not the mode that was wanted, or which passages meaning cannot find.
        more: whether further results follow.
    """

    results: list[dict[str, Any]]
    mode: Mode
    notice: str | None
    more: bool


def search(session: Session, embedder: Embedder | Unavailable, question: Question) -> Answer:
    """Find the passages that answer a question best."""
    terms = query_terms(question.text[:LONGEST_QUERY])
    mode, notice, sought = question.mode, None, None
    if mode != "words":
        sought, notice = _prepare(session, embedder, question)
        if sought is None:
            mode = "words"
    words: dict[int, float] = {}
    phrase: dict[int, float] = {}
    if mode != "meaning" and terms.words:
        words, phrase = _by_words(session, question, terms)
    meaning = _by_meaning(session, question, sought, {*words, *phrase}) if sought else {}
    share = meaning_share(latin=terms.latin, english_only=_english_only(embedder))
    ranked = fuse(words, meaning, phrase, share=share)
    page = ranked[question.offset : question.offset + question.limit]
    return Answer(
        results=describe(session, page, terms.content),
        mode=mode,
        notice=notice,
        more=len(ranked) > question.offset + question.limit,
    )


@dataclass(frozen=True)
class _Sought:
    """What meaning looks for: a vector, among those of its model."""

    model: int
    vector: Vector


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


def _prepare(
    session: Session, embedder: Embedder | Unavailable, question: Question
) -> tuple[_Sought | None, str | None]:
    """Embed the question; with what is to be said about it."""
    if isinstance(embedder, Unavailable):
        return None, f"{embedder.reason} {embedder.next_step}".strip()
    try:
        vector = embedder.embed([question.text[:LONGEST_QUERY]], kind="query")[0]
    except ProviderError as error:
        log.warning("query not embedded", error=str(error))
        return None, f"{error} These results are by words alone."
    model = find_model(session, embedder.model_id, vector.size)
    left = count_passages_without_vector(
        session, question.user_id, model, document_id=question.document_id
    )
    if model is not None:
        return _Sought(model, vector), _found_by_words_alone(left, embedder.model_id)
    return None, (
        _found_by_words_alone(left, embedder.model_id)
        or "Nothing has been embedded yet; these results are by words alone."
    )


def _found_by_words_alone(passages: int, model: str) -> str | None:
    """Say that meaning cannot find everything, and what changes that."""
    if passages <= 0:
        return None
    have, they = ("passage has", "it is") if passages == 1 else ("passages have", "they are")
    return (
        f"{passages:,} {have} no vector of the embedding model {model}; until then {they} found by "
        "words alone. Make the vectors with `studyq reprocess --all --embeddings`, or "
        'POST {"what": "embeddings"} to /documents/reprocess.'
    )


def _by_meaning(
    session: Session, question: Question, sought: _Sought, proposed: Set[int]
) -> dict[int, float]:
    """Similarities of the nearest chunks and of those that words propose."""
    key = session, question.user_id, sought.model, sought.vector
    found = nearest(*key, limit=NEAREST, document_id=question.document_id)
    return found | similarities(*key, proposed - found.keys())
