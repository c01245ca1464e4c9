"""The sides of a card as people see them: sanitised HTML."""

from __future__ import annotations

from dataclasses import dataclass

from studyq.cards.models import Flashcard, Kind
from studyq.text.markup import render


@dataclass(frozen=True)
class Face:
    """A card as sanitised HTML.

    Attributes:
        front: the question; of a cloze the sentence with gaps.
        back: the answer; of a cloze the whole sentence.
        options: of a choice, in their order.
    """

    front: str
    back: str
    options: tuple[str, ...] = ()


def face(card: Flashcard) -> Face:
    """Both sides of a card, for a page."""
    if card.kind == Kind.CLOZE:
        return Face(render(card.front, clozes="covered"), render(card.front, clozes="uncovered"))
    return Face(
        render(card.front), render(card.back), tuple(render(option) for option in card.options)
    )


def correct_index(card: Flashcard) -> int | None:
    """Which option of a choice is right, counted from 0."""
    is_listed = card.kind == Kind.CHOICE and card.back in card.options
    return card.options.index(card.back) if is_listed else None
