"""Wrong options that could be right: terms of the same document and the same sort."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from studyq.cards.builtin.terms import Term

WANTED = 3
_SUFFIX = 4  # letters by which the endings of two terms are compared
_VOWEL = re.compile("[aeiou]", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:1[0-9]\d\d|20\d\d)\b")


def distractors(
    answer: Term,
    sentence: str,
    terms: Mapping[str, Term],
    order: Mapping[int, int],
    *,
    before: str = "",
    definitions: frozenset[str] = frozenset(),
) -> list[str]:
    """The best wrong options for a term, or fewer than `WANTED` where the document has none.

    Args:
        answer: The right option.
        sentence: What it stands in; no distractor may be in it.
        terms: Key terms of the document.
        order: Place of each chunk, to prefer terms from near by.
        before: The function word before the gap; options must have been seen after it too.
        definitions: Lower-case terms that are defined; they are better known as terms.
    """
    lower = sentence.lower()
    middle = _middle(answer, order)
    ranked = []
    for other in terms.values():
        if not _same_sort(answer, other) or _overlap(answer.key, other.key) or other.key in lower:
            continue
        if before and before not in other.after:
            continue
        if before in ("a", "an") and _starts_with_vowel(other.text) != (before == "an"):
            continue
        if answer.chunks & other.chunks and answer.size == 1 and other.size == 1:
            nearness = 0.6
        else:
            distance = abs(_middle(other, order) - middle) / max(1, len(order))
            nearness = 1.0 - distance
        score = (
            1.5 * (_head(answer.key) == _head(other.key) and answer.size > 1)
            + 1.0 * (answer.key[-_SUFFIX:] == other.key[-_SUFFIX:])
            + 0.8 * (answer.size == other.size)
            + 0.8 * (other.key in definitions)
            + 0.8 * nearness
            + 0.4 * min(1.0, other.weight / max(answer.weight, 0.1))
            - 0.4 * abs(len(answer.key) - len(other.key)) / 10
        )
        ranked.append((score, other.text))
    ranked.sort(key=lambda found: (-found[0], found[1]))
    chosen: list[str] = []
    for _, text in ranked:
        if not any(_overlap(text.lower(), taken.lower()) for taken in chosen):
            chosen.append(text)
        if len(chosen) == WANTED:
            break
    return chosen


def year_distractors(year: str, texts: Iterable[str], sentence: str) -> list[str]:
    """Other years of the document, the nearest first."""
    found = {match[0] for text in texts for match in _YEAR.finditer(text)}
    others = found - {match[0] for match in _YEAR.finditer(sentence)}
    return sorted(others, key=lambda other: (abs(int(other) - int(year)), other))[:WANTED]


def _same_sort(one: Term, other: Term) -> bool:
    """Whether two terms may stand in the same place: number, name, length."""
    if one.key == other.key or one.plural != other.plural or one.name != other.name:
        return False
    if one.text.isupper() != other.text.isupper():
        return False
    if one.name and (one.placed >= 0.4) != (other.placed >= 0.4):
        return False
    if one.key.endswith("ing") != other.key.endswith("ing"):
        return False
    return abs(one.size - other.size) <= 1


def _overlap(one: str, other: str) -> bool:
    """Whether a term holds the other, or is a form of it."""
    if one in other or other in one:
        return True
    mine, theirs = one.split(), other.split()
    return len(mine) == len(theirs) and all(
        a[:5] == b[:5] for a, b in zip(mine, theirs, strict=True)
    )


def _head(key: str) -> str:
    return key.split()[-1]


def _middle(term: Term, order: Mapping[int, int]) -> float:
    places = [order.get(chunk, 0) for chunk in term.chunks]
    return sum(places) / len(places) if places else 0.0


def _starts_with_vowel(text: str) -> bool:
    return _VOWEL.match(text) is not None
