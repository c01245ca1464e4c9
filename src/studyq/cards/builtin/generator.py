"""The drafts of a window: the best question of each sentence, passages and kinds taking turns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from studyq.cards.builtin.distractors import WANTED, distractors, year_distractors
from studyq.cards.builtin.fact import Fact
from studyq.cards.builtin.gaps import Gap
from studyq.cards.builtin.sentences import Sentence
from studyq.cards.builtin.survey import Survey
from studyq.cards.drafts import Draft
from studyq.cards.models import Kind

FACT_WORTH = 20.0  #: of a fact told for certain; the best gaps are worth some 10
_GAP = "_____"


@dataclass(frozen=True)
class _Idea:
    """What may be asked about a sentence."""

    sentence: Sentence
    fact: Fact | None
    gap: Gap | None
    worth: float


def generate(
    survey: Survey, chunk_ids: Collection[int], kinds: Collection[str] = tuple(Kind)
) -> Iterator[Draft]:
    """Drafts from the chunks of a window, the best first, one a sentence at most.

    A second card of a passage comes only after the first of every other one. They are made as
    they are asked for.

    Args:
        survey: Of the document.
        chunk_ids: The window's chunks.
        kinds: Values of `models.Kind` that are wanted.
    """
    ideas = {chunk: _ideas(survey, chunk) for chunk in chunk_ids}
    made: dict[str, int] = dict.fromkeys(sorted(kinds), 0)
    asked: set[str] = set()
    for idea in _in_turns(ideas):
        for kind in sorted(made, key=lambda kind: (made[kind], kind)):
            draft = _draft(survey, idea, kind, asked)
            if draft is not None:
                made[kind] += 1
                yield draft
                break


def _ideas(survey: Survey, chunk_id: int) -> list[_Idea]:
    found = []
    for sentence in survey.sentences.get(chunk_id, ()):
        fact = survey.facts.get(sentence.start)
        best = survey.gaps.get(sentence.start)
        if fact is not None or best is not None:
            worth = best.score if best else 0.0
            found.append(
                _Idea(sentence, fact, best, worth + (FACT_WORTH * fact.score if fact else 0.0))
            )
    return sorted(found, key=lambda idea: idea.worth, reverse=True)


def _in_turns(ideas: dict[int, list[_Idea]]) -> Iterator[_Idea]:
    """The best idea of each passage, the best passage first; then the second best of each."""
    for round_ in range(max(map(len, ideas.values()), default=0)):
        turn = [several[round_] for several in ideas.values() if round_ < len(several)]
        yield from sorted(turn, key=lambda idea: idea.worth, reverse=True)


def _draft(survey: Survey, idea: _Idea, kind: str, asked: set[str]) -> Draft | None:
    """A card of a kind, if the idea gives one; no term is asked for twice in a window."""
    about = idea.fact.term if idea.fact and kind != Kind.CLOZE else ""
    if not about and idea.gap is not None:
        about = idea.gap.term.key if idea.gap.term else idea.sentence.text
    if not about or about.lower() in asked:
        return None
    sides = _SIDES[kind](survey, idea)
    if sides is None:
        return None
    asked.add(about.lower())
    front, back, options = sides
    return Draft(
        kind=kind,
        front=front,
        back=back,
        quote=idea.sentence.quote,
        page=idea.sentence.page,
        options=options,
        chunk_id=idea.sentence.chunk_id,
    )


Sides = tuple[str, str, tuple[str, ...]]  # front, back, options


def _basic(survey: Survey, idea: _Idea) -> Sides | None:
    if idea.fact is None:
        return None
    return idea.fact.question, idea.fact.answer, ()


def _cloze(survey: Survey, idea: _Idea) -> Sides | None:
    if idea.gap is None:
        return None
    text, start, end = idea.sentence.text, idea.gap.start, idea.gap.end
    return f"{text[:start]}{{{{c1::{text[start:end]}}}}}{text[end:]}", text[start:end], ()


def _choice(survey: Survey, idea: _Idea) -> Sides | None:
    if idea.fact is not None and idea.fact.reverse:
        term = survey.terms.get(idea.fact.term.lower())
        if term is not None:
            wrong = distractors(
                term,
                idea.sentence.text,
                survey.terms,
                survey.order,
                definitions=_defined(survey),
            )
            if len(wrong) == WANTED:
                return idea.fact.reverse, term.text, shuffled(idea.fact.reverse, term.text, wrong)
    if idea.gap is None:
        return None
    text, start, end = idea.sentence.text, idea.gap.start, idea.gap.end
    key = text[start:end]
    front = f"{text[:start]}{_GAP}{text[end:]}"
    if idea.gap.term is None:
        texts = (each.text for several in survey.sentences.values() for each in several)
        wrong = year_distractors(key, texts, text)
    else:
        wrong = distractors(
            idea.gap.term,
            text,
            survey.terms,
            survey.order,
            before=idea.gap.before,
            definitions=_defined(survey),
        )
    if len(wrong) < WANTED:
        return None
    if start == 0:
        wrong = [other[0].upper() + other[1:] for other in wrong]
    return front, key, shuffled(front, key, wrong)


_SIDES: dict[str, Callable[[Survey, _Idea], Sides | None]] = {
    Kind.BASIC: _basic,
    Kind.CLOZE: _cloze,
    Kind.CHOICE: _choice,
}


def _defined(survey: Survey) -> frozenset[str]:
    return frozenset(fact.term.lower() for fact in survey.facts.values() if fact.defines)


def shuffled(front: str, key: str, wrong: Sequence[str]) -> tuple[str, ...]:
    """The options in an order that depends on the card alone, each place as likely for the key."""

    def rank(option: str) -> bytes:
        return hashlib.sha256(f"{front}\x1f{option}".encode()).digest()

    return tuple(sorted((key, *wrong), key=rank))
