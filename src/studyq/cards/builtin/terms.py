"""Key terms of a document: words that recur, stand as nouns, and are not everybody's words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from studyq.cards.builtin.language import Language
from studyq.cards.builtin.tokens import Word, is_plural, runs, words

LONGEST = 3  #: words of a term


@dataclass(frozen=True)
class Term:
    """A term of the document.

    Attributes:
        key: Lower case.
        text: As usually written within a sentence.
        count: How often it occurs.
        chunks: The chunks in which it does.
        weight: How much it belongs to this document; higher is more.
        plural: Whether it looks like a plural.
        name: Whether it is a proper name.
        placed: The share of occurrences after a preposition of place.
    """

    key: str
    text: str
    count: int
    chunks: frozenset[int]
    weight: float
    plural: bool
    name: bool
    placed: float

    @property
    def size(self) -> int:
        """Number of words."""
        return len(self.key.split())


class TermCounter:
    """Counts what may be a term, sentence by sentence."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._count: Counter[str] = Counter()
        self._bounded: Counter[str] = Counter()
        self._determined: Counter[str] = Counter()
        self._placed: Counter[str] = Counter()
        self._chunks: defaultdict[str, set[int]] = defaultdict(set)
        self._forms: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def count(self, text: str, chunk_id: int) -> None:
        """Take in a sentence."""
        found = words(text)
        for start, end in runs(found, self._language.function_words):
            before = found[start - 1].lower if start and not found[start].apart else ""
            for first in range(start, end):
                for last in range(first + 1, min(end, first + LONGEST) + 1):
                    self._add(found, first, last, chunk_id)
                    if first == start and last == end:
                        self._bounded[_key(found, first, last)] += 1
                        self._determined[_key(found, first, last)] += before in _BEFORE_NOUNS
                    if first == start:
                        self._placed[_key(found, first, last)] += before in _BEFORE_PLACES

    def _add(self, found: list[Word], first: int, last: int, chunk_id: int) -> None:
        key = _key(found, first, last)
        self._count[key] += 1
        self._chunks[key].add(chunk_id)
        if first > 0:  # the capital of a first word says nothing
            self._forms[key][" ".join(word.text for word in found[first:last])] += 1

    def usual_case(self, text: str) -> str:
        """A phrase from the beginning of a sentence, as it would be written within one."""
        first, _, rest = text.partition(" ")
        if (
            not first[:1].isupper()
            or first[1:] != first[1:].lower()
            or self._language.nouns_capital
        ):
            return text
        forms = self._forms.get(first.lower())
        if forms:
            usual = max(forms, key=forms.__getitem__)
            return f"{usual} {rest}" if rest else usual
        if first.lower() in self._language.function_words or first.lower() in self._language.weak:
            return f"{first.lower()} {rest}" if rest else first.lower()
        if rest[:1].isupper():
            return text
        return f"{first.lower()} {rest}" if rest else first.lower()

    def terms(
        self, chunk_count: int, defined: Collection[str], headings: Collection[str]
    ) -> dict[str, Term]:
        """The key terms.

        Args:
            chunk_count: Chunks of the document.
            defined: Lower-case terms that the document defines; they need not recur.
            headings: Lower-case words of its headings.
        """
        found = {}
        for key, count in self._count.items():
            if key not in defined and not self._is_term(key, count):
                continue
            forms = self._forms.get(key) or Counter({key: 1})
            text = max(forms, key=lambda form: (forms[form], form))
            spread = math.log((1 + chunk_count) / (1 + len(self._chunks[key])))
            weight = math.log(1 + count) * max(0.2, spread) * (1.0 + 0.3 * key.count(" "))
            weight *= 1.5 if key in defined else 1.0
            weight *= 1.2 if any(word in headings for word in key.split()) else 1.0
            found[key] = Term(
                key=key,
                text=text,
                count=count,
                chunks=frozenset(self._chunks[key]),
                weight=weight,
                plural=is_plural(key),
                name=self._is_name(text),
                placed=self._placed[key] / count,
            )
        return found

    def _is_name(self, text: str) -> bool:
        return not self._language.nouns_capital and all(part[0].isupper() for part in text.split())

    def _is_term(self, key: str, count: int) -> bool:
        """Whether something counted is a term: a noun, or nouns, of its own."""
        parts = key.split()
        language = self._language
        bounded = self._bounded[key]
        if parts[0] in language.weak or parts[-1] in language.weak:
            return False
        if all(part in language.bland for part in parts):
            return False
        if len(parts) > 1:
            return bounded >= 2 and self._determined[key] >= 1 and not parts[-1].endswith("ed")
        return (
            count >= 3
            and bounded >= 2
            and len(key) >= 4
            and key not in language.bland
            and self._is_noun(key, count)
        )

    def _is_noun(self, key: str, count: int) -> bool:
        """Whether a word stands as a noun often enough: alone, after an article or preposition."""
        forms = self._forms.get(key)
        if not forms:
            return False
        capital = sum(times for form, times in forms.items() if form[0].isupper())
        if self._language.nouns_capital:
            return capital >= 0.9 * forms.total()
        if capital >= 0.9 * forms.total() and capital >= 2:
            return True
        if key.endswith(("ed", "ing")):
            return False
        return self._determined[key] >= max(1, 0.15 * count) and self._bounded[key] >= 0.3 * count


def _key(found: list[Word], first: int, last: int) -> str:
    return " ".join(word.lower for word in found[first:last])


_BEFORE_NOUNS_LIST = """
a an the its their his her each every some any no of in on at by for with from to into through
under over as and or der die das den dem des ein eine einen einem einer eines von vom zur zum im
in mit f\u00fcr durch le la les un une du des au aux l d de en par pour avec sur dans el los las
una unos unas del al por con para sobre il lo gli i uno della dello dei delle nel nella o os as um
uma do da dos das het een van op
"""
_BEFORE_NOUNS = frozenset(_BEFORE_NOUNS_LIST.split())
_BEFORE_PLACES_LIST = """
in at near to from into toward towards across en \u00e0 nach aus
"""
_BEFORE_PLACES = frozenset(_BEFORE_PLACES_LIST.split())
