"""What a test is to hold, and what of that the approved cards already give."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import sqlalchemy as sa
from msgspec import Meta, Struct, field
from sqlalchemy.orm import Session

from studyq.assessment.from_cards import CARD_KINDS, item_of
from studyq.assessment.items import MOST_ITEMS, ItemBody
from studyq.assessment.models import Bloom, ItemKind
from studyq.cards.models import CardState, Flashcard
from studyq.library.errors import RefusedError
from studyq.library.service import find_document
from studyq.text.sections import lies_in

MOST_PARTS = 50

Number = Annotated[int, Meta(ge=0, le=MOST_ITEMS)]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """How many items of each kind are wanted from sections of a document; none named: all of it."""

    document_id: str
    sections: list[str] = []
    choice: Number = 0
    true_false: Number = 0
    short: Number = 0
    cloze: Number = 0
    #: Levels that items may have; none named: any.
    bloom: list[Bloom] = []

    @property
    def numbers(self) -> Counter[ItemKind]:
        """How many of each kind."""
        return Counter({kind: getattr(self, kind.value) for kind in ItemKind})

    def holds(self, section: str) -> bool:
        """Whether a section, or one that it lies in, is named."""
        return not self.sections or any(lies_in(section, named) for named in self.sections)


class Blueprint(Struct, frozen=True, forbid_unknown_fields=True):
    """What a test is to hold, part by part."""

    parts: Annotated[list[Part], Meta(max_length=MOST_PARTS)] = field(default_factory=list)
    #: Where items come from: approved cards, newly generated, or the first filled up by the second.
    source: Literal["cards", "generated", "both"] = "both"
    #: Who generates; empty: as the settings say.
    model: str = ""

    @property
    def wanted(self) -> int:
        """How many items in all."""
        return sum(part.numbers.total() for part in self.parts)


@dataclass(frozen=True)
class Picked:
    """An item made of a card."""

    body: ItemBody
    card: Flashcard


def check_blueprint(session: Session, user_id: str, blueprint: Blueprint) -> None:
    """Refuse what cannot be made.

    Raises:
        NotFoundError: when a document does not exist.
        RefusedError: when nothing, or too much, is wanted.
    """
    for part in blueprint.parts:
        find_document(session, user_id, part.document_id)
        if not part.numbers.total():
            raise RefusedError("nothing_wanted", "Say of each part how many items it shall give.")
    if blueprint.wanted > MOST_ITEMS:
        raise RefusedError("too_many", f"A test has at most {MOST_ITEMS} items.")


def approved_cards(session: Session, user_id: str, part: Part) -> list[Flashcard]:
    """The approved cards that a part may take."""
    query = sa.select(Flashcard).where(
        Flashcard.user_id == user_id,
        Flashcard.document_id == part.document_id,
        Flashcard.state == CardState.APPROVED,
    )
    return [
        card for card in session.scalars(query.order_by(Flashcard.id)) if part.holds(card.section)
    ]


def pick(
    cards: Sequence[Flashcard], part: Part, wanted: Counter[ItemKind], shuffle: random.Random
) -> list[Picked]:
    """Make items of cards, spread over their sections; each card gives one item at most.

    Args:
        wanted: how many of each kind; kinds that few cards can give come first.
    """
    left = Counter(wanted)
    free = _across_sections(cards, shuffle)
    found: list[Picked] = []
    by_scarcity = sorted(ItemKind, key=lambda kind: _fitting(cards, kind))
    for kind in by_scarcity:
        for card in list(free):
            if not left[kind]:
                break
            body = item_of(card, kind, cards, shuffle)
            if body is not None and (not part.bloom or body.bloom in part.bloom):
                found.append(Picked(body, card))
                free.remove(card)
                left[kind] -= 1
    return found


def missing(wanted: Counter[ItemKind], found: Iterable[ItemBody]) -> Counter[ItemKind]:
    """How many of each kind are still wanted."""
    return wanted - Counter(body.kind for body in found)


def _fitting(cards: Sequence[Flashcard], kind: ItemKind) -> int:
    return sum(card.kind == CARD_KINDS[kind] for card in cards)


def _across_sections(cards: Sequence[Flashcard], shuffle: random.Random) -> list[Flashcard]:
    """The cards in an order that takes one of each section in turn."""
    by_section: defaultdict[str, list[Flashcard]] = defaultdict(list)
    for card in cards:
        by_section[card.section].append(card)
    for group in by_section.values():
        shuffle.shuffle(group)
    rounds = max(map(len, by_section.values()), default=0)
    return [
        group[turn] for turn in range(rounds) for group in by_section.values() if turn < len(group)
    ]
