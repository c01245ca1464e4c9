"""Looking through a whole document once: its language, sentences, terms and definitions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from studyq.cards.builtin.english import has_verb
from studyq.cards.builtin.fact import Fact
from studyq.cards.builtin.facts import find_facts
from studyq.cards.builtin.gaps import Gap, gaps
from studyq.cards.builtin.language import Language, language_of
from studyq.cards.builtin.sentences import Sentence, is_english, sentences
from studyq.cards.builtin.terms import Term, TermCounter
from studyq.cards.source import Source

MOST_OF_A_TERM = 2  #: times that a term is hidden in one document


@dataclass(frozen=True)
class Survey:
    """What is known of a document before cards are made; safe to share between threads.

    Attributes:
        language: What most of it is written in; None when it is none of those known.
        sentences: Those with something to ask about, by chunk.
        terms: Key terms by their lower-case form.
        facts: The best fact of each sentence that tells one, by the sentence's offset.
        gaps: What to hide in a sentence, by its offset.
        order: Place of each chunk in the document, for distances.
    """

    language: Language | None
    sentences: Mapping[int, Sequence[Sentence]]
    terms: Mapping[str, Term]
    facts: Mapping[int, Fact]
    gaps: Mapping[int, Gap]
    order: Mapping[int, int]

    @property
    def worth(self) -> dict[int, float]:
        """How much there is to ask about each chunk, from 0 to 1, for `plan_windows`."""
        worth = {}
        for chunk_id, found in self.sentences.items():
            told = sum(each.start in self.facts for each in found)
            worth[chunk_id] = 1.0 - math.exp(-(0.1 * len(found) + 0.8 * told))
        return worth


def survey(source: Source) -> Survey:
    """Look through a document. Costs some seconds for a book of a thousand pages."""
    found = sentences(source)
    language = language_of(each.text for each in found)
    order = {chunk.id: place for place, chunk in enumerate(source.chunks)}
    if language is None:
        return Survey(None, {}, {}, {}, {}, order)
    if language.code == "en":
        found = [replace(each, clear=each.clear and has_verb(each.text)) for each in found]
    else:
        found = [each for each in found if not is_english(each.text)]
    counter = TermCounter(language)
    for each in found:
        counter.count(each.text, each.chunk_id)
    facts = _best_facts((each for each in found if each.whole), counter, language)
    terms = counter.terms(
        len(source.chunks),
        {fact.term.lower() for fact in facts.values() if fact.defines},
        {part.lower() for chunk in source.chunks for part in chunk.section.split()},
    )
    hidden = _best_gaps((each for each in found if each.clear), terms, language)
    by_chunk: dict[int, list[Sentence]] = defaultdict(list)
    for each in found:
        if each.start in facts or each.start in hidden:
            by_chunk[each.chunk_id].append(each)
    return Survey(language, dict(by_chunk), terms, facts, hidden, order)


def _best_gaps(
    found: Iterable[Sentence], terms: Mapping[str, Term], language: Language
) -> dict[int, Gap]:
    """A gap a sentence; no term is hidden more than `MOST_OF_A_TERM` times in the document."""
    candidates = [
        (gap, sentence.start) for sentence in found for gap in gaps(sentence.text, terms, language)
    ]
    chosen: dict[int, Gap] = {}
    times: Counter[str] = Counter()
    for gap, start in sorted(candidates, key=lambda pair: pair[0].score, reverse=True):
        key = gap.term.key if gap.term else f"at {start}"
        if start not in chosen and times[key] < MOST_OF_A_TERM:
            chosen[start] = gap
            times[key] += 1
    return chosen


def _best_facts(
    found: Iterable[Sentence], counter: TermCounter, language: Language
) -> dict[int, Fact]:
    """A fact a sentence, and one definition a term: the one with the highest score."""
    best: dict[tuple[str, str], tuple[Fact, int]] = {}
    for sentence in found:
        for fact in find_facts(sentence.text, counter.usual_case, language):
            key = (fact.term.lower(), fact.pattern if not fact.defines else "definition")
            if key not in best or fact.score > best[key][0].score:
                best[key] = (fact, sentence.start)
            break
    chosen: dict[int, Fact] = {}
    for fact, start in best.values():
        if start not in chosen or fact.score > chosen[start].score:
            chosen[start] = fact
    return chosen
