"""Cards written by people: made, edited with their history kept, tagged, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.duplicates import fingerprint
from studyq.cards.gate import REASONS, faults
from studyq.cards.models import CardEdit, CardState, Flashcard, Kind, Origin
from studyq.cards.quoting import find_on_page
from studyq.database.base import new_id, now
from studyq.library.errors import ChangedError, RefusedError
from studyq.library.service import find_document, find_page
from studyq.text.cloze import hidden_text
from studyq.text.markup import visible

LONGEST_SIDE = 10_000  #: characters of a question, an answer or an option
LONGEST_QUOTE = 10_000
LONGEST_TAG = 100
MOST_TAGS = 50
SECOND = 1_000_000  #: of an Instant
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class CardText:
    """What a card says. `back` of a cloze is taken from its front; of a choice it is an option."""

    kind: str
    front: str
    back: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a card comes from: a page of a document, and words on it if there are any."""

    document_id: str
    page: int | None = None
    quote: str = ""


def checked(text: CardText) -> CardText:
    """A text as it is stored.

    Raises:
        RefusedError: when nobody could learn from it; the sentence says why.
    """
    front, back = clean_text(text.front), clean_text(text.back)
    options = tuple(" ".join(clean_text(option).split()) for option in text.options)
    if text.kind == Kind.CLOZE:
        back, options = hidden_text(front), ()
    elif text.kind == Kind.CHOICE:
        back = " ".join(back.split())
    elif options:
        raise RefusedError("options_unwanted", "Only a card of the kind choice has options.")
    if max(map(len, (front, back, *options))) > LONGEST_SIDE:
        raise RefusedError(
            "card_too_long", f"A side of a card has at most {LONGEST_SIDE:,} characters."
        )
    found = faults(text.kind, front, back, options, formal_only=True)
    if not found and not (visible(front) and visible(back)):
        found = ["empty"]
    if found:
        raise RefusedError(f"card_{found[0]}", REASONS[found[0]])
    return CardText(text.kind, front, back, options)


def create_card(
    session: Session,
    user_id: str,
    text: CardText,
    *,
    place: Place | None = None,
    tags: Iterable[str] = (),
    state: str = CardState.APPROVED,
) -> Flashcard:
    """Make a card by hand.

    Args:
        place: where it comes from; its quote must stand on its page.

    Raises:
        RefusedError: when the text is no card, or the quote is not on the page.
        NotFoundError: when there is no such document or page.
    """
    card = new_card(user_id, checked(text), tags=tags, state=state)
    if place is not None:
        put_at(session, card, place)
    card.duplicate_of = same_card(session, user_id, card.fingerprint)
    session.add(card)
    session.flush()
    return card


def new_card(user_id: str, text: CardText, *, tags: Iterable[str], state: str) -> Flashcard:
    """A row for a card by hand, in no session yet; the text has been `checked`."""
    moment, card_id = now(), new_id()
    return Flashcard(
        id=card_id,
        user_id=user_id,
        guid=card_id,
        kind=text.kind,
        front=text.front,
        back=text.back,
        options=list(text.options),
        state=state,
        tags=clean_tags(tags),
        origin=Origin.MANUAL,
        source_title="",
        section="",
        quote="",
        rectangles=[],
        fingerprint=fingerprint(text.kind, text.front, text.back),
        version=1,
        created_at=moment,
        updated_at=moment,
    )


def put_at(session: Session, card: Flashcard, place: Place) -> None:
    """Say where a card comes from, and find its quote there.

    Raises:
        RefusedError: when the quote is not on the page.
        NotFoundError: when there is no such document or page of the card's user.
    """
    document = find_document(session, card.user_id, place.document_id)
    card.document_id, card.source_title = document.id, document.title
    quote = clean_text(place.quote)
    if place.page is None:
        if quote:
            raise RefusedError("page_missing", "Say on which page the quote stands.")
        return
    page = find_page(session, card.user_id, document.id, place.page)
    card.page, card.page_label = page.index, page.label
    if not quote:
        return
    found = find_on_page(session, page, quote[:LONGEST_QUOTE])
    if found is None:
        raise RefusedError(
            "quote_not_found",
            f"These words are not on page {page.label or page.index} of {document.title}. Copy "
            "them from the page's text, or leave the quote out.",
        )
    card.quote, card.rectangles = found.words, list(found.rectangles)
    card.section, card.chunk_id = found.section, found.chunk_id


def edit_card(
    session: Session,
    card: Flashcard,
    *,
    text: CardText | None = None,
    tags: Iterable[str] | None = None,
    version: int | None = None,
) -> bool:
    """Change what a card says or its tags; what it said before goes into its history.

    Args:
        version: the one that the editor saw.

    Returns:
        Whether anything was different.

    Raises:
        ChangedError: when somebody else edited it meanwhile.
        RefusedError: when the text is no card; nothing is changed.
    """
    if version is not None and version != card.version:
        raise ChangedError(
            "card_changed",
            f"This card was edited meanwhile (it is at version {card.version}, the edit was made "
            f"of version {version}). Load it again and repeat the edit; nothing was changed.",
        )
    before = CardText(card.kind, card.front, card.back, tuple(card.options))
    after = checked(text) if text is not None else before
    tagged = clean_tags(tags) if tags is not None else card.tags
    if after == before and tagged == card.tags:
        return False
    session.add(
        CardEdit(
            card_id=card.id,
            version=card.version,
            front=card.front,
            back=card.back,
            options=card.options,
            tags=card.tags,
            at=now(),
        )
    )
    card.kind, card.front, card.back = after.kind, after.front, after.back
    card.options, card.tags = list(after.options), tagged
    card.version += 1
    # Whole seconds tell Anki which side of an import is newer.
    card.updated_at = max(now(), card.updated_at + SECOND)
    if after != before:
        card.fingerprint = fingerprint(after.kind, after.front, after.back)
        card.vector = card.vector_model = None
        card.duplicate_of = same_card(session, card.user_id, card.fingerprint, other_than=card.id)
    session.flush()
    return True


def advice(card: Flashcard) -> list[str]:
    """What might be better about a card, in sentences; its author decides."""
    return [REASONS[fault] for fault in faults(card.kind, card.front, card.back, card.options)]


def tag_cards(
    session: Session, cards: Sequence[Flashcard], *, add: Iterable[str], remove: Iterable[str]
) -> int:
    """Add tags to cards and take others off; returns how many cards changed."""
    added, removed = clean_tags(add), set(clean_tags(remove))
    changed = 0
    for card in cards:
        kept = [tag for tag in card.tags if tag not in removed]
        changed += edit_card(session, card, tags=[*kept, *added])
    return changed


def history(session: Session, card: Flashcard) -> list[CardEdit]:
    """What a card said before, the latest first."""
    query = sa.select(CardEdit).where(CardEdit.card_id == card.id)
    return list(session.scalars(query.order_by(CardEdit.version.desc())))


def same_card(
    session: Session, user_id: str, mark: str, *, other_than: str | None = None
) -> str | None:
    """The oldest card that asks and answers the same, if there is one."""
    query = sa.select(Flashcard.id).where(
        Flashcard.user_id == user_id, Flashcard.fingerprint == mark
    )
    if other_than is not None:
        query = query.where(Flashcard.id < other_than)
    return session.scalar(query.order_by(Flashcard.id).limit(1))


def clean_text(text: str) -> str:
    """A text without characters that cannot be stored or seen, its line ends all alike."""
    return _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags as Anki has them: without spaces, each once, in the order given.

    Raises:
        RefusedError: when one is too long, or there are too many.
    """
    plain = ("_".join(clean_text(tag).split()) for tag in tags)
    kept = [tag for tag in dict.fromkeys(plain) if tag]
    if len(kept) > MOST_TAGS:
        raise RefusedError("too_many_tags", f"A card has at most {MOST_TAGS} tags.")
    if any(len(tag) > LONGEST_TAG for tag in kept):
        raise RefusedError("tag_too_long", f"A tag has at most {LONGEST_TAG} characters.")
    return kept
