"""Cloze deletions, in Anki's notation: `The {{c1::cell::its hint}} lives` hides a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENING = re.compile(r"\{\{c([1-9]\d{0,2})::")
#: A formula, whose braces do not end a deletion, or the end.
_STEP = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]|(\}\})", re.DOTALL)


@dataclass(frozen=True)
class Cloze:
    """One deletion.

    Attributes:
        start: offset of its first brace.
        end: offset after its last brace.
        number: those with the same number are hidden together.
        answer: what is hidden, in Markdown.
        hint: what is shown instead; empty for none.
    """

    start: int
    end: int
    number: int
    answer: str
    hint: str


def cloze_at(text: str, start: int) -> Cloze | None:
    """The deletion that begins at an offset, if a whole one does."""
    opening = _OPENING.match(text, start)
    if opening is None:
        return None
    for step in _STEP.finditer(text, opening.end()):
        if step[1]:
            answer, _, hint = text[opening.end() : step.start()].partition("::")
            return Cloze(start, step.end(), int(opening[1]), answer, hint)
    return None


def clozes(text: str) -> Iterator[Cloze]:
    """All deletions of a text, in order."""
    place = text.find("{{c")
    while place >= 0:
        found = cloze_at(text, place)
        if found is not None:
            yield found
        place = text.find("{{c", found.end if found else place + 3)


def hidden_text(text: str) -> str:
    """What the deletions of a text hide, for the answer's side; each text once."""
    answers = (found.answer.strip() for found in clozes(text))
    return " · ".join(dict.fromkeys(filter(None, answers)))


def uncovered(text: str) -> str:
    """The text with every deletion replaced by what it hides."""
    parts, place = [], 0
    for found in clozes(text):
        parts += [text[place : found.start], found.answer]
        place = found.end
    return "".join([*parts, text[place:]])


def covered(text: str) -> str:
    """The text with every deletion replaced by its hint or an ellipsis in brackets."""
    parts, place = [], 0
    for found in clozes(text):
        parts += [text[place : found.start], f"[{found.hint or '…'}]"]
        place = found.end
    return "".join([*parts, text[place:]])
