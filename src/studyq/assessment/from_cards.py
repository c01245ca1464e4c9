"""Items made of cards: a choice stays one, a cloze is filled in, a question is answered in writing.

A true/false statement is the sentence of a cloze, with the hidden words or with those of another
card in their place. Pure.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from studyq.assessment.grading import normal_form, read_number
from studyq.assessment.items import GAP, ItemBody, NumericKey
from studyq.assessment.models import Bloom, ItemKind
from studyq.cards.models import Flashcard, Kind
from studyq.text.cloze import clozes

LONGEST_WRITTEN = 8  #: words of an answer that one can be asked to write
#: Units that a number's answer has to be given with.
UNITS = frozenset(
    {"%", "°C", "°F", "K", "km", "m", "cm", "mm", "µm", "nm", "kg", "g", "mg", "t", "s", "ms", "µs",
     "min", "h", "Hz", "kHz", "MHz", "GHz", "V", "A", "W", "kW", "MW", "J", "kJ", "N", "Pa", "kPa",
     "mol", "L", "l", "ml", "mL", "eV", "m/s", "m/s²", "km/h"}
)  # fmt: skip
#: Of items, by the kinds of cards that they can be made of.
CARD_KINDS = {
    ItemKind.CHOICE: Kind.CHOICE,
    ItemKind.TRUE_FALSE: Kind.CLOZE,
    ItemKind.SHORT: Kind.BASIC,
    ItemKind.CLOZE: Kind.CLOZE,
}
_WHY = re.compile(r"^\W*(?:why|how|explain|warum|wieso|wie|pourquoi|comment|por qué|cómo)\b", re.I)


def item_of(
    card: Flashcard, kind: ItemKind, others: Sequence[Flashcard], shuffle: random.Random
) -> ItemBody | None:
    """Make an item of a card, or None where it cannot be one of this kind.

    Args:
        others: cards of the same document, whose answers serve as wrong ones.
        shuffle: decides which statements are false.
    """
    if card.kind != CARD_KINDS[kind]:
        return None
    if kind == ItemKind.CHOICE:
        return ItemBody(kind, card.front, card.back, list(card.options), bloom=bloom_of(card))
    if kind == ItemKind.SHORT:
        return _written(kind, card.front, card.back, bloom_of(card))
    sentence = _with_gap(card.front)
    if sentence is None:
        return None
    if kind == ItemKind.CLOZE:
        return _written(kind, *sentence, Bloom.REMEMBER)
    return _statement(card, *sentence, others, shuffle)


def bloom_of(card: Flashcard) -> Bloom:
    """The level that a card's question asks for, as far as its words tell."""
    return Bloom.UNDERSTAND if _WHY.match(card.front) else Bloom.REMEMBER


def source_of(card: Flashcard) -> dict[str, Any]:
    """Where a card's item comes from: columns of `Item`."""
    return {
        "document_id": card.document_id,
        "source_title": card.source_title,
        "section": card.section,
        "page": card.page,
        "page_label": card.page_label,
        "quote": card.quote,
        "rectangles": card.rectangles,
    }


def _written(kind: ItemKind, stem: str, answer: str, bloom: Bloom) -> ItemBody | None:
    if len(answer.split()) > LONGEST_WRITTEN:
        return None
    return ItemBody(kind, stem, answer, numeric=_numeric(answer), bloom=bloom)


def _numeric(answer: str) -> NumericKey | None:
    found = read_number(answer)
    if found is None or len(found[0]) != 1 or (found[1] and found[1] not in UNITS):
        return None
    return NumericKey(found[0][0], unit=found[1])


def _with_gap(front: str) -> tuple[str, str] | None:
    """A cloze's sentence with one gap, and what fills it; None when it hides several things."""
    found = list(clozes(front))
    answers = {normal_form(cloze.answer) for cloze in found}
    if len(answers) != 1:
        return None
    stem, place = "", 0
    for cloze in found:
        stem += front[place : cloze.start] + GAP
        place = cloze.end
    return stem + front[place:], found[0].answer


def _statement(
    card: Flashcard,
    stem: str,
    answer: str,
    others: Sequence[Flashcard],
    shuffle: random.Random,
) -> ItemBody | None:
    if shuffle.random() < 0.5:
        return ItemBody(ItemKind.TRUE_FALSE, stem.replace(GAP, answer), "true")
    wrong = _wrong_filling(card, stem, answer, others, shuffle)
    if wrong is None:
        return None
    return ItemBody(ItemKind.TRUE_FALSE, stem.replace(GAP, wrong), "false")


def _wrong_filling(
    card: Flashcard, stem: str, answer: str, others: Sequence[Flashcard], shuffle: random.Random
) -> str | None:
    """Another card's answer that looks like this one: as many words, a number for a number."""
    said = normal_form(stem)
    fitting = sorted(
        {
            other.back
            for other in others
            if other.kind in (Kind.CLOZE, Kind.CHOICE)
            and other.id != card.id
            and _alike(other.back, answer)
            and normal_form(other.back) not in said
        }
    )
    return shuffle.choice(fitting) if fitting else None


def _alike(one: str, other: str) -> bool:
    return (
        normal_form(one) != normal_form(other)
        and len(one.split()) == len(other.split())
        and (read_number(one) is None) == (read_number(other) is None)
        and one[:1].isupper() == other[:1].isupper()
        and one.endswith("s") == other.endswith("s")
    )
