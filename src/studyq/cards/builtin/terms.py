"""Key terms of a document: words that recur, stand as nouns, and are not everybody's words."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from studyq.cards.builtin.language import Language
from studyq.cards.builtin.tokens import Word, is_plural, runs, words

_POSSESSIVE = re.compile("['\u2019]s?$")
LONGEST = 3  #: words of a term
_LEAST_LAST = 0.55  # share of its occurrences in which a noun is not followed by another


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
        after: The words that it was seen after, where those are function words: in languages with
            cases and genders they tell its form.
    """

    key: str
    text: str
    count: int
    chunks: frozenset[int]
    weight: float
    plural: bool
    name: bool
    placed: float
    after: frozenset[str]

    @property
    def size(self) -> int:
        """Number of words."""
        return len(self.key.split())


@dataclass(slots=True)
class _Seen:
    """How a word, or a few that follow one another, was seen in the document.

    Attributes:
        count: How often.
        whole: How often alone, function words or marks on either side.
        last: How often nothing followed that could belong to it, as nothing follows a noun.
        verbal: How often after "to" or a verb that asks for an infinitive.
        chunks: Where.
        forms: As written within sentences.
        first_form: As written where a sentence began with it.
        after: The function words before it.
    """

    count: int = 0
    whole: int = 0
    last: int = 0
    verbal: int = 0
    chunks: set[int] = field(default_factory=set)
    forms: Counter[str] = field(default_factory=Counter)
    first_form: str = ""
    after: Counter[str] = field(default_factory=Counter)

    @property
    def determined(self) -> int:
        """How often after an article or a preposition."""
        return sum(times for word, times in self.after.items() if word in _BEFORE_NOUNS)

    @property
    def capital(self) -> int:
        """How often written with a capital within a sentence."""
        return sum(times for form, times in self.forms.items() if form[0].isupper())


class TermCounter:
    """Counts what may be a term, sentence by sentence."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._seen: defaultdict[str, _Seen] = defaultdict(_Seen)

    def count(self, text: str, chunk_id: int) -> None:
        """Take in a sentence."""
        found = words(text)
        for start, end in runs(found, self._language.function_words):
            before = found[start - 1].lower if start and not found[start].apart else ""
            for first in range(start, end):
                for last in range(first + 1, min(end, first + LONGEST) + 1):
                    self._add(found[first:last], chunk_id, opens=first == 0)
                    seen = self._seen[_key(found[first:last])]
                    seen.whole += first == start and last == end
                    seen.last += last == end
                    if first == start:
                        seen.after[before] += 1
                        seen.verbal += before in _BEFORE_VERBS

    def _add(self, parts: list[Word], chunk_id: int, *, opens: bool) -> None:
        seen = self._seen[_key(parts)]
        seen.count += 1
        seen.chunks.add(chunk_id)
        form = " ".join(word.text for word in parts)
        if opens:  # the capital of a first word says nothing
            seen.first_form = seen.first_form or form
        else:
            seen.forms[form] += 1

    def usual_case(self, text: str) -> str:
        """A phrase from the beginning of a sentence, as it would be written within one."""
        first, _, rest = text.partition(" ")
        if not first[:1].isupper() or first[1:] != first[1:].lower():
            return text
        if self._language.nouns_capital:
            return text
        seen = self._seen.get(_POSSESSIVE.sub("", first.lower()))
        if seen is not None and seen.forms:
            usual = max(seen.forms, key=seen.forms.__getitem__)
            usual = first if usual[0].isupper() else first.lower()
        elif first.lower() not in (self._language.function_words | self._language.weak) and (
            not rest or any(part[0].isupper() for part in rest.split())
        ):
            usual = first  # a name, as far as one can see
        else:
            usual = first.lower()
        return f"{usual} {rest}".rstrip()

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
        for key, seen in self._seen.items():
            known = key in defined and key not in self._language.bland
            if not known and not self._is_term(key, seen):
                continue
            if seen.forms:
                text = max(seen.forms, key=lambda form: (seen.forms[form], form))
            else:
                text = self.usual_case(seen.first_form)
            spread = math.log((1 + chunk_count) / (1 + len(seen.chunks)))
            weight = math.log(1 + seen.count) * max(0.2, spread) * (1.0 + 0.3 * key.count(" "))
            weight *= 1.5 if key in defined else 1.0
            weight *= 1.2 if any(word in headings for word in key.split()) else 1.0
            placed = sum(times for word, times in seen.after.items() if word in _BEFORE_PLACES)
            found[key] = Term(
                key=key,
                text=text,
                count=seen.count,
                chunks=frozenset(seen.chunks),
                weight=weight,
                plural=is_plural(key),
                name=self._is_name(text),
                placed=placed / seen.count,
                after=frozenset(seen.after),
            )
        return found

    def _is_name(self, text: str) -> bool:
        return not self._language.nouns_capital and all(part[0].isupper() for part in text.split())

    def _is_term(self, key: str, seen: _Seen) -> bool:
        """Whether something counted is a term: a noun, or nouns, of its own."""
        parts = key.split()
        language = self._language
        if parts[0] in language.weak or parts[-1] in language.weak:
            return False
        if all(part in language.bland for part in parts):
            return False
        if seen.whole < 2 or seen.last < _LEAST_LAST * seen.count or not seen.determined:
            return False
        if len(parts) == 1:
            return (
                seen.count >= 3
                and len(key) >= 4
                and key not in language.bland
                and self._is_noun(key, seen)
            )
        last = self._seen[parts[-1]]
        if language.nouns_capital and last.capital < 0.9 * last.forms.total():
            return False
        return not parts[-1].endswith("ed") and last.last >= _LEAST_LAST * last.count

    def _is_noun(self, key: str, seen: _Seen) -> bool:
        """Whether a word stands as a noun often enough: alone, after an article or preposition."""
        within = seen.forms.total()
        if self._language.nouns_capital:
            return seen.capital >= 0.9 * within
        if seen.capital >= 0.9 * within and seen.capital >= 2:
            return True
        if self._language.infinitives and self._language.infinitives.match(key):
            return False
        if key.endswith(("ed", "ing", "est")) or seen.verbal > 0.15 * seen.count:
            return False
        least = 0.15 if is_plural(key) else 0.3
        return seen.determined >= max(1, least * seen.count) and seen.whole >= 0.3 * seen.count


def _key(parts: list[Word]) -> str:
    return " ".join(word.lower for word in parts)


_BEFORE_NOUNS_LIST = """
a an the its their his her each every some any no of in on at by for with from into through under
over der die das den dem des ein eine einen einem einer eines von vom zur zum im in mit f\u00fcr
durch le la les un une du des au aux l d de en par pour avec sur dans el los las una unos unas del
al por con para sobre il lo gli i uno della dello dei delle nel nella o os as um uma do da dos das
het een van op
"""
_BEFORE_NOUNS = frozenset(_BEFORE_NOUNS_LIST.split())
_BEFORE_PLACES_LIST = """
in at near to from into toward towards across en \u00e0 nach aus
"""
_BEFORE_PLACES = frozenset(_BEFORE_PLACES_LIST.split())
_BEFORE_VERBS_LIST = """
to can could will would may might must should not who
"""
_BEFORE_VERBS = frozenset(_BEFORE_VERBS_LIST.split())
