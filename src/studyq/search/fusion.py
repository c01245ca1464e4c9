"""Fusing what words and meaning propose into one ranking (pure).

Shares and bonus were measured on SQuAD and XQuAD questions over 1,000-character chunks, and on
phrases that stand once in a document.
"""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Collection, Mapping
from dataclasses import dataclass

MEANING_SHARE = 0.40  #: of the score; words have the rest
NEAREST = 100  #: chunks that meaning proposes
FOREIGN_SHARE = 0.3  #: of that share, for an English model and a query in another script
PHRASE_BONUS = 1.0  #: for the whole query, word for word; more than all else together
PHRASE_WORDS = 3  #: words a query must have for that; fewer are common phrases


@dataclass(frozen=True)
class Ranked:
    """A chunk and the parts of its score.

    Attributes:
        chunk_id: The chunk.
        score: What it is ranked by, from 0 to 2.
        words: Its BM25 score as a share of the best one's; None if no word index proposed it.
        meaning: Its similarity as a share of the best one's; None if it has no vector.
        phrase: Whether it holds the query word for word.
    """

    chunk_id: int
    score: float
    words: float | None
    meaning: float | None
    phrase: bool


def meaning_share(*, latin: bool, english_only: bool) -> float:
    """Say how much of the score meaning decides.

    Args:
        latin: Whether the query is written in Latin letters.
        english_only: Whether the embedding model was trained on English; such a model still helps
            with languages close to it and hardly with other scripts.
    """
    return MEANING_SHARE * (FOREIGN_SHARE if english_only and not latin else 1.0)


def fuse(
    words: Mapping[int, float],
    meaning: Mapping[int, float],
    phrase: Collection[int] = (),
    *,
    share: float = MEANING_SHARE,
) -> list[Ranked]:
    """Rank the chunks that either index proposed, best first; equal ones by their ids.

    Args:
        words: BM25 scores of the chunks proposed by words, greater being better.
        meaning: Cosine similarities: of all chunks, or at least of the nearest and of those that
            words proposed.
        phrase: Chunks that hold the whole query word for word.
        share: The share of meaning in the score, from 0 to 1. Where only one index proposed
            anything, it has the whole score.
    """
    word_parts = _shares(words)
    meaning_parts = _shares(_considered(meaning, {*words, *phrase}))
    if not meaning_parts:
        share = 0.0
    elif not word_parts:
        share = 1.0
    # A document not embedded yet is neither helped nor hidden.
    embedded = [part for key, part in meaning_parts.items() if key in word_parts]
    middle = statistics.median(embedded) if embedded else 0.0
    phrase = frozenset(phrase)
    ranked = [
        Ranked(
            chunk_id=key,
            score=share * meaning_parts.get(key, middle)
            + (1 - share) * word_parts.get(key, 0.0)
            + (PHRASE_BONUS if key in phrase else 0.0),
            words=word_parts.get(key),
            meaning=meaning_parts.get(key),
            phrase=key in phrase,
        )
        for key in {*word_parts, *meaning_parts, *phrase}
    ]
    return sorted(ranked, key=lambda item: (-item.score, item.chunk_id))


def _considered(meaning: Mapping[int, float], proposed: Collection[int]) -> dict[int, float]:
    """Keep the nearest by meaning and those that words proposed."""
    nearest = heapq.nlargest(NEAREST, meaning, key=meaning.__getitem__)
    return {key: meaning[key] for key in {*nearest, *(meaning.keys() & proposed)}}


def _shares(scores: Mapping[int, float]) -> dict[int, float]:
    """Divide by the best; what is below zero counts as nothing."""
    best = max(scores.values(), default=0.0)
    if best <= 0:
        return dict.fromkeys(scores, 0.0)
    return {key: max(0.0, score) / best for key, score in scores.items()}
