"""Finding cards: by what a reader filters for, in pages, with counts by state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.faces import correct_index, face
from studyq.cards.models import CardState, Flashcard
from studyq.database.base import isoformat
from studyq.library.errors import NotFoundError

Order = Literal["newest", "oldest", "page"]


@dataclass(frozen=True)
class CardFilter:
    """Which cards are meant; what is None or empty leaves none out.

    Attributes:
        states: values of `models.CardState`.
        q: words that stand in the question, the answer or the quote, together.
        duplicates: only cards that say what an older one says, or only those that do not.
    """

    states: tuple[str, ...] = ()
    document_id: str | None = None
    session_id: str | None = None
    kind: str | None = None
    origin: str | None = None
    tag: str | None = None
    q: str | None = None
    page: int | None = None
    duplicates: bool | None = None


def find_card(session: Session, user_id: str, card_id: str) -> Flashcard:
    """A card of the user's.

    Raises:
        NotFoundError: when there is none.
    """
    card = session.get(Flashcard, card_id)
    if card is None or card.user_id != user_id:
        raise NotFoundError("card_not_found", f"There is no card {card_id}.")
    return card


def list_cards(
    session: Session,
    user_id: str,
    wanted: CardFilter,
    *,
    order: Order = "newest",
    after: str | None = None,
    limit: int | None = None,
) -> list[Flashcard]:
    """Cards that fit a filter.

    Args:
        order: `page` sorts by page within a document, then by age.
        after: a cursor (`cursor_of`) to go on behind; one that makes no sense starts anew.
        limit: the most to give.
    """
    query = sa.select(Flashcard).where(*conditions(user_id, wanted))
    place = sa.func.coalesce(Flashcard.page, 0)
    if order == "page":
        if after is not None:
            query = query.where(sa.tuple_(place, Flashcard.id) > sa.tuple_(*_place(after)))
        query = query.order_by(place, Flashcard.id)
    else:
        newest = order == "newest"
        if after is not None:
            query = query.where(Flashcard.id < after if newest else Flashcard.id > after)
        query = query.order_by(Flashcard.id.desc() if newest else Flashcard.id)
    return list(session.scalars(query.limit(limit)))


def cursor_of(card: Flashcard, order: Order) -> str:
    """What to go on behind, after this card."""
    return f"{card.page or 0}.{card.id}" if order == "page" else card.id


def count_cards(session: Session, user_id: str, wanted: CardFilter) -> dict[str, int]:
    """How many cards fit a filter, by state; its own states are not looked at."""
    query = (
        sa.select(Flashcard.state, sa.func.count())
        .where(*conditions(user_id, replace(wanted, states=())))
        .group_by(Flashcard.state)
    )
    found = dict(session.execute(query).all())
    return {state.value: found.get(state, 0) for state in CardState}


def list_tags(session: Session, user_id: str, wanted: CardFilter) -> list[str]:
    """The tags of the cards that fit a filter, sorted."""
    query = sa.select(Flashcard.tags).where(*conditions(user_id, wanted)).distinct()
    return sorted({tag for tags in session.scalars(query) for tag in tags})


def conditions(user_id: str, wanted: CardFilter) -> list[sa.ColumnElement[bool]]:
    """A filter as conditions of a query."""
    found: list[sa.ColumnElement[bool]] = [Flashcard.user_id == user_id]
    if wanted.states:
        found.append(Flashcard.state.in_(wanted.states))
    for name in ("document_id", "session_id", "kind", "origin", "page"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(getattr(Flashcard, name) == value)
    if wanted.tag:
        written = msgspec.json.encode(wanted.tag).decode()
        found.append(sa.cast(Flashcard.tags, sa.String).contains(written, autoescape=True))
    if wanted.duplicates is not None:
        marked = Flashcard.duplicate_of.is_not(None)
        found.append(marked if wanted.duplicates else ~marked)
    words = (wanted.q or "").strip()
    if words:
        found.append(_says(words))
    return found


def _says(words: str) -> sa.ColumnElement[bool]:
    """Words in any case; SQLite's own comparison knows the case of ASCII letters only."""
    written = dict.fromkeys((words, words.lower(), words.upper(), words.capitalize()))
    columns = (Flashcard.front, Flashcard.back, Flashcard.quote)
    return sa.or_(
        *(column.icontains(form, autoescape=True) for column in columns for form in written)
    )


def _place(cursor: str) -> tuple[int, str]:
    page, _, card_id = cursor.partition(".")
    sensible = page.isascii() and page.isdigit() and len(page) < 10
    return (int(page), card_id) if sensible else (-1, "")


def describe_cards(session: Session, cards: Sequence[Flashcard]) -> list[dict[str, Any]]:
    """Cards as the API tells them, each with the card that it repeats, if it does."""
    originals = _originals(session, cards)
    return [_describe(card, originals.get(card.duplicate_of or "")) for card in cards]


def describe_card(session: Session, card: Flashcard) -> dict[str, Any]:
    """One card as the API tells it."""
    return describe_cards(session, [card])[0]


def _originals(session: Session, cards: Iterable[Flashcard]) -> dict[str, Flashcard]:
    ids = [card.duplicate_of for card in cards if card.duplicate_of]
    if not ids:
        return {}
    return {
        card.id: card for card in session.scalars(sa.select(Flashcard).where(Flashcard.id.in_(ids)))
    }


def _describe(card: Flashcard, original: Flashcard | None) -> dict[str, Any]:
    shown = face(card)
    return {
        "id": card.id,
        "guid": card.guid,
        "kind": card.kind,
        "front": card.front,
        "back": card.back,
        "options": card.options,
        "correct_index": correct_index(card),
        "front_html": shown.front,
        "back_html": shown.back,
        "options_html": list(shown.options),
        "state": card.state,
        "reject_reason": card.reject_reason,
        "tags": card.tags,
        "origin": card.origin,
        "model": card.model,
        "session_id": card.session_id,
        "duplicate_of": _duplicate(original),
        "version": card.version,
        "source": describe_source(card),
        "created_at": isoformat(card.created_at),
        "updated_at": isoformat(card.updated_at),
    }


def describe_source(card: Flashcard) -> dict[str, Any]:
    """Where a card comes from, as the API tells it."""
    return {
        "document_id": card.document_id,
        "title": card.source_title,
        "page": card.page,
        "page_label": _label(card),
        "section": card.section,
        "quote": card.quote,
        "rectangles": card.rectangles,
    }


def _label(card: Flashcard) -> str | None:
    """What is printed on a card's page, or its number."""
    return card.page_label or (str(card.page) if card.page else None)


def _duplicate(original: Flashcard | None) -> dict[str, Any] | None:
    if original is None:
        return None
    shown = face(original)
    return {
        "id": original.id,
        "state": original.state,
        "front_html": shown.front,
        "back_html": shown.back,
        "page_label": _label(original),
        "title": original.source_title,
    }
