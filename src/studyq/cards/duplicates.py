"""Telling cards that say the same, exactly or nearly.

Likeness of the questions alone confuses "increases" with "decreases"; so a near duplicate must be
alike in meaning *and* rest on the same words of the document or have the same answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from studyq.cards.gate import content_words, normal_form
from studyq.cards.models import Kind
from studyq.search.vectors import Vector
from studyq.text.cloze import covered

ALIKE_BY_VECTORS = 0.90  #: least cosine similarity of question and answer together
ALIKE_BY_WORDS = 0.70  #: least share of content words that two cards have in common
ALIKE_BY_LETTERS = 90.0  #: least likeness of two questions letter by letter, in per cent
SAME_SPAN = 0.5  #: of the shorter quote that both must share


@dataclass(frozen=True)
class Told:
    """What is compared of a card.

    Attributes:
        id: The card's.
        question: As seen: a cloze with its blank.
        answer: Its answer.
        document_id: Where its quote stands; None when it has no document.
        span: Offsets of the quote in the document's text, where known.
        page: The page of the quote.
        quote: The page's words.
        vector: Embedding of question and answer; comparable with others of the same model.
        vector_model: That model.
    """

    id: str
    question: str
    answer: str
    document_id: str | None = None
    span: tuple[int, int] | None = None
    page: int | None = None
    quote: str = ""
    vector: Vector | None = None
    vector_model: str | None = None


def question_of(kind: str, front: str) -> str:
    """What is asked, without the answer."""
    return covered(front) if kind == Kind.CLOZE else front


def fingerprint(kind: str, front: str, back: str) -> str:
    """The same for cards whose question and answer are the same in normal form; 64 hex digits."""
    told = f"{normal_form(question_of(kind, front))}\x1f{normal_form(back)}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def are_near(one: Told, other: Told) -> bool:
    """Whether two cards say nearly the same."""
    if not (_same_words(one, other) or normal_form(one.answer) == normal_form(other.answer)):
        return False
    return _alike(one, other)


def _same_words(one: Told, other: Told) -> bool:
    """Whether two cards rest on the same words of the document."""
    if one.document_id is None or one.document_id != other.document_id:
        return False
    if one.span and other.span:
        shared = min(one.span[1], other.span[1]) - max(one.span[0], other.span[0])
        shorter = min(one.span[1] - one.span[0], other.span[1] - other.span[0])
        return shared >= SAME_SPAN * max(1, shorter)
    return (
        one.page is not None
        and one.page == other.page
        and fuzz.partial_ratio(normal_form(one.quote), normal_form(other.quote)) >= ALIKE_BY_LETTERS
    )


def _alike(one: Told, other: Told) -> bool:
    """Whether two cards are alike in meaning: by their embeddings, or by their words."""
    mine = content_words(one.question) | content_words(one.answer)
    theirs = content_words(other.question) | content_words(other.answer)
    if mine and len(mine & theirs) >= ALIKE_BY_WORDS * len(mine | theirs):
        return True
    if fuzz.ratio(normal_form(one.question), normal_form(other.question)) >= ALIKE_BY_LETTERS:
        return True
    if one.vector is None or other.vector is None or one.vector_model != other.vector_model:
        return False
    return one.vector.size == other.vector.size and bool(
        np.dot(one.vector, other.vector) >= ALIKE_BY_VECTORS
    )
