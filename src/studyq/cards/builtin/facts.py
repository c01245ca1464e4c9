"""Sentences that define a term or tell a plain fact, in any language known."""

from __future__ import annotations

from collections.abc import Iterator

from studyq.cards.builtin.english_facts import english_facts
from studyq.cards.builtin.fact import Fact, UsualCase
from studyq.cards.builtin.foreign_facts import foreign_definition
from studyq.cards.builtin.language import Language


def find_facts(text: str, usual_case: UsualCase, language: Language) -> Iterator[Fact]:
    """The facts that a clear sentence tells, the surest first."""
    if language.code == "en":
        yield from english_facts(text, usual_case)
        return
    fact = foreign_definition(text, language)
    if fact is not None:
        yield fact
