"""Fusing what words and meaning propose into one ranking (pure)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

MEANING_SHARE = 0.35
PHRASE_BONUS = 0.5


def fuse(
    words: Mapping[int, float],
    phrase: Mapping[int, float],
    meaning: Mapping[int, float],
    *,
    spaceless: bool,
    language: str | None,
) -> list[tuple[int, float]]:
    """Rank chunks by their normalised scores."""
    best = max(words.values(), default=0.0) or 1.0
    scores = {key: (1 - MEANING_SHARE) * score / best for key, score in words.items()}
    if len(meaning) > 1:
        mean = statistics.fmean(meaning.values())
        spread = statistics.pstdev(meaning.values()) or 1.0
        nearest = sorted(meaning, key=lambda key: -meaning[key])[:200]
        for key in {*nearest, *scores} & set(meaning):
            part = MEANING_SHARE * (meaning[key] - mean) / (6 * spread)
            scores[key] = scores.get(key, 0.0) + part
    else:
        for key, similarity in meaning.items():
            scores[key] = scores.get(key, 0.0) + MEANING_SHARE * similarity
    for key in phrase:
        scores[key] = scores.get(key, 0.0) + PHRASE_BONUS
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
