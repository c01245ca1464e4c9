"""Sentences that define a term or tell a plain fact, in any language known."""

from __future__ import annotations

from collections.abc import Iterator

from studyq.cards.builtin.appositions import appositions
from studyq.cards.builtin.english_definitions import definitions
from studyq.cards.builtin.english_facts import plain_facts
from studyq.cards.builtin.fact import Fact, UsualCase
from studyq.cards.builtin.foreign_facts import foreign_definition
from studyq.cards.builtin.language import Language
from studyq.cards.builtin.sentences import leans


def find_facts(text: str, usual_case: UsualCase, language: Language) -> Iterator[Fact]:
    """The facts that a whole sentence tells, the surest first."""
    if language.code == "en":
        yield from definitions(text, usual_case)
        if not leans(text):
            yield from plain_facts(text, usual_case)
        yield from appositions(text, language)
        return
    fact = foreign_definition(text, language)
    if fact is not None and not leans(text):
        yield fact
