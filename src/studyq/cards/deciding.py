"""What becomes of cards: approved, rejected, suspended, put back among the drafts, deleted.

One card, many by their ids, or all of a filter: the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.editing import clean_text
from studyq.cards.listing import CardFilter, conditions
from studyq.cards.models import CardState, Flashcard
from studyq.library.errors import NotFoundError, RefusedError

LONGEST_REASON = 500
BATCH = 500  #: ids in a statement

Item = TypeVar("Item")

#: From which states a card gets into another one.
_FROM = {
    CardState.APPROVED: (CardState.DRAFT, CardState.SUSPENDED, CardState.REJECTED),
    CardState.REJECTED: (CardState.DRAFT, CardState.APPROVED, CardState.SUSPENDED),
    CardState.SUSPENDED: (CardState.APPROVED, CardState.REJECTED),
    CardState.DRAFT: (CardState.APPROVED, CardState.SUSPENDED, CardState.REJECTED),
}

#: Which of the cards that fit a filter are meant when it names no state: "approve all" is not to
#: take back what was rejected.
_MEANT = {
    CardState.APPROVED: (CardState.DRAFT,),
    CardState.REJECTED: (CardState.DRAFT,),
    CardState.SUSPENDED: (CardState.APPROVED,),
    CardState.DRAFT: (CardState.REJECTED,),
}


@dataclass(frozen=True)
class Selection:
    """Which cards are meant: those of the ids or, without any, those that fit the filter."""

    ids: tuple[str, ...] = ()
    filter: CardFilter | None = None


@dataclass(frozen=True)
class Change:
    """A card that is in another state now, and the one that it was in."""

    id: str
    before: str


@dataclass(frozen=True)
class Decided:
    """What a decision did; cards that were there already count as neither."""

    changed: list[Change] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def decide(
    session: Session, user_id: str, selection: Selection, state: CardState, *, reason: str = ""
) -> Decided:
    """Bring cards into a state.

    Args:
        reason: why they are rejected.

    Raises:
        NotFoundError: when ids are given and none of them is a card of the user's.
        RefusedError: when the selection is empty or the reason too long.
    """
    reason = " ".join(clean_text(reason).split())
    if len(reason) > LONGEST_REASON:
        raise RefusedError("reason_too_long", f"A reason has at most {LONGEST_REASON} characters.")
    found, missing = _select(session, user_id, selection)
    is_open = selection.filter is not None and not selection.filter.states
    meant = _MEANT[state] if is_open else _FROM[state]
    changed = [change for change in found if change.before in meant]
    values = {
        "state": state,
        "reject_reason": (reason or None) if state == CardState.REJECTED else None,
    }
    for batch in _batches(changed):
        session.execute(
            sa.update(Flashcard)
            .where(Flashcard.id.in_([change.id for change in batch]))
            .values(values)
            .execution_options(synchronize_session="fetch")
        )
    return Decided(changed, missing)


def delete_cards(session: Session, user_id: str, selection: Selection) -> Decided:
    """Delete cards with their history.

    Raises:
        NotFoundError: when ids are given and none of them is a card of the user's.
        RefusedError: when the selection is empty.
    """
    found, missing = _select(session, user_id, selection)
    for batch in _batches(found):
        ids = [change.id for change in batch]
        # Nobody points at a card that is gone.
        session.execute(
            sa.update(Flashcard).where(Flashcard.duplicate_of.in_(ids)).values(duplicate_of=None)
        )
        session.execute(sa.delete(Flashcard).where(Flashcard.id.in_(ids)))
    return Decided(found, missing)


def selected_cards(session: Session, user_id: str, selection: Selection) -> list[Flashcard]:
    """The cards that are meant, oldest first.

    Raises:
        NotFoundError: when ids are given and none of them is a card of the user's.
        RefusedError: when the selection is empty.
    """
    found, _ = _select(session, user_id, selection)
    cards: list[Flashcard] = []
    for batch in _batches(found):
        ids = [change.id for change in batch]
        cards += session.scalars(sa.select(Flashcard).where(Flashcard.id.in_(ids)))
    return sorted(cards, key=lambda card: card.id)


def _select(session: Session, user_id: str, selection: Selection) -> tuple[list[Change], list[str]]:
    query = sa.select(Flashcard.id, Flashcard.state).order_by(Flashcard.id)
    if selection.ids:
        found: dict[str, str] = {}
        for batch in _batches(selection.ids):
            mine = query.where(Flashcard.user_id == user_id, Flashcard.id.in_(batch))
            found.update(session.execute(mine).all())
        if not found:
            raise NotFoundError("card_not_found", f"There is no card {selection.ids[0]}.")
        missing = [card_id for card_id in dict.fromkeys(selection.ids) if card_id not in found]
        return _changes(found.items()), missing
    if selection.filter is None:
        raise RefusedError("nothing_selected", "Say which cards are meant, by `ids` or `filter`.")
    chosen = session.execute(query.where(*conditions(user_id, selection.filter)))
    return _changes(chosen.all()), []


def _changes(rows: Iterable[tuple[str, str]]) -> list[Change]:
    return [Change(card_id, state) for card_id, state in rows]


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
