"""Cloze deletions: which words of a sentence to hide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from studyq.cards.builtin.language import Language
from studyq.cards.builtin.terms import LONGEST, Term
from studyq.cards.builtin.tokens import Word, runs, words

_YEAR = re.compile(r"\b(?:1[0-9]\d\d|20\d\d)\b")
_STEM_LETTERS = 5
_PAIRING = frozenset({"and", "or", "nor", "und", "oder", "et", "ou", "y", "o"})
_TIED = re.compile(r"[^\s(\u201c\"\u2018]$")
_BOUND = re.compile(r"['\u2019\u2013/(-]|[.:]\w")
_INITIAL = re.compile(r"\b[A-Z]\.[ -]?$")
_BEFORE_VERBS_LIST = """
to can could will would may might must should not
"""
_BEFORE_VERBS = frozenset(_BEFORE_VERBS_LIST.split())
_TELLING = re.compile(
    r"\b(?:is an?|are the|is the|consists? of|contains?|causes?|produces?|controls?|regulates?|"
    r"converts?|secretes?|carr(?:y|ies)|founded|invented|discovered|introduced|established|proposed|coined|"
    r"developed|divided into|composed of|made (?:up )?of|responsible for|located|known as|called|"
    r"defined as|refers? to|means|named|used (?:to|for)|based on|caused by|results? in|leads? to|"
    r"ist ein\w*|sind|besteht aus|hei\u00dft|est une?|sont|es una?|son|consiste)\b"
)
_VAGUE = re.compile(
    r"\b(?:many|some|very|often|lots?|like|few|several|things?|various|perhaps|maybe|may|might|could|"
    r"probably|seems?|quite|rather|somewhat|etc|good|bad|nice|important|interesting|even|just|"
    r"actually|really|simply|certain|would|should|always|never|almost|usually|sometimes|viele|einige|"
    r"manche|oft|sehr|souvent|tr\u00e8s|plusieurs|quelques|muchos|algunos|muy|varios)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Gap:
    """Words to hide.

    Attributes:
        start: Offset in the sentence.
        end: Offset after.
        term: The key term hidden; None for a year.
        before: The function word before it, lower case; empty where there is none.
        score: How good a question it makes; comparable within a document.
    """

    start: int
    end: int
    term: Term | None
    before: str
    score: float


def gaps(text: str, terms: Mapping[str, Term], language: Language) -> list[Gap]:
    """Where a sentence may be asked about, the best first."""
    found = words(text)
    candidates = [*_term_gaps(text, found, terms, language), *_year_gaps(text)]
    clue = 0.6 + 0.2 * min(3, len(candidates) - 1) + 0.3 * (_TELLING.search(text) is not None)
    clue *= _fitness(text, len(found))
    return sorted(
        (replace(gap, score=gap.score * clue) for gap in candidates),
        key=lambda gap: gap.score,
        reverse=True,
    )


def _fitness(text: str, length: int) -> float:
    """Short and definite sentences make better questions than long or vague ones."""
    clauses = max(0, length - 18) / 18 + 0.3 * max(0, text.count(",") - 1)
    return float(0.88 ** len(_VAGUE.findall(text)) / (1.0 + clauses))


def _term_gaps(
    text: str, found: list[Word], terms: Mapping[str, Term], language: Language
) -> Iterator[Gap]:
    for start, end in runs(found, language.function_words):
        term = _term_at(found, start, end, terms, language)
        if term is None:
            continue
        first, last, meant = term
        begin, stop = found[first].start, found[last - 1].end
        if _is_torn(text[:begin]) or _peeps_out(found, first, last) or _BOUND.match(text, stop):
            continue
        if meant.name and last < len(found) and _goes_on(found[last]):
            continue
        previous = found[first - 1].lower if first and not found[first].apart else ""
        before = previous if previous in language.function_words else ""
        if before in _BEFORE_VERBS:
            continue
        score = meant.weight * (0.8 if first == 0 else 1.0)
        score *= 0.6 if before in _PAIRING else 1.0  # "rows and …" is guessed
        yield Gap(begin, stop, meant, before, score)


def _term_at(
    found: list[Word], start: int, end: int, terms: Mapping[str, Term], language: Language
) -> tuple[int, int, Term] | None:
    """The longest key term that ends where a run ends, and is not torn out of a longer one."""
    for first in range(max(start, end - LONGEST), end):
        term = terms.get(" ".join(word.lower for word in found[first:end]))
        if term is None:
            continue
        before = found[first - 1].lower if first > start else ""
        if first > start and not _may_stand_before(before, language):
            return None
        return first, end, term
    return None


def _may_stand_before(lower: str, language: Language) -> bool:
    """Whether a word before a term may stay: one that does not make a longer term with it."""
    return lower in language.weak or lower in language.bland


def _goes_on(following: Word) -> bool:
    """Whether a name goes on: "Michigan" is not all of "Michigan State University"."""
    return not following.apart and (following.text[0].isupper() or following.lower == "of")


def _is_torn(before: str) -> bool:
    """Whether a gap would stand in brackets, in quotes, or within a name with initials."""
    return (
        _TIED.search(before) is not None
        or before.count("(") > before.count(")")
        or before.count("\u201c") > before.count("\u201d")
        or before.count('"') % 2 == 1
        or _INITIAL.search(before) is not None
    )


def _peeps_out(found: list[Word], first: int, last: int) -> bool:
    """Whether a word to be hidden, or a form of it, stands elsewhere in the sentence too."""
    hidden = {word.lower[:_STEM_LETTERS] for word in found[first:last]}
    return any(
        word.lower[:_STEM_LETTERS] in hidden
        for place, word in enumerate(found)
        if not first <= place < last and len(word.lower) >= 4
    )


def _year_gaps(text: str) -> Iterator[Gap]:
    years = list(_YEAR.finditer(text))
    if len(years) != 1:
        return
    (year,) = years
    before = text[: year.start()].rsplit(None, 1)
    if year.start() and before and before[-1].lower() in ("in", "since", "until", "by", "en", "im"):
        yield Gap(year.start(), year.end(), None, before[-1].lower(), 3.0)
