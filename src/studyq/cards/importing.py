"""Cards from files into the library: all of a file or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.card_files import ReadCard, read_file
from studyq.cards.editing import clean_tags, clean_text, edit_card, new_card
from studyq.cards.models import CardState, Flashcard, Origin
from studyq.cards.quoting import Quoted, find_on_page
from studyq.database.engine import Database
from studyq.library.errors import NotFoundError
from studyq.library.models import Document, Pdf
from studyq.library.service import find_document, find_page

BATCH = 500  #: keys in a statement


@dataclass(frozen=True)
class Placed:
    """A card of a file with the document of this library that it comes from."""

    card: ReadCard
    document_id: str | None = None
    title: str = ""
    page_label: str | None = None
    quoted: Quoted | None = None


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        added: new cards.
        updated: cards of the same GUID that say something else now.
        unchanged: cards of the same GUID that say the same.
        already_there: cards that ask and answer what another one does; left out.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    already_there: int = 0


def import_cards(
    database: Database,
    user_id: str,
    content: bytes,
    *,
    state: str = CardState.DRAFT,
    document_id: str | None = None,
    tags: Iterable[str] = (),
    dry_run: bool = False,
) -> Imported:
    """Import a file, in one transaction.

    Args:
        content: the file's bytes.
        state: of cards of which the file does not say it.
        document_id: what cards belong to that name no document of this library.
        tags: given to every new card.
        dry_run: only say what it would do.

    Raises:
        RefusedError: when the file or a card in it cannot be imported; nothing was.
        NotFoundError: when there is no such document.
    """
    cards = read_file(content)
    with database.read() as session:
        placed = place_cards(session, user_id, cards, document_id=document_id)
    with database.write() as session:
        trial = session.begin_nested() if dry_run else None
        done = add_cards(session, user_id, placed, state=state, tags=tags)
        if trial is not None:
            trial.rollback()
    return done


def place_cards(
    session: Session, user_id: str, cards: Sequence[ReadCard], *, document_id: str | None = None
) -> list[Placed]:
    """Find for each card its document, by the hash of the original, and its quote on the page.

    It reads and computes only; a card whose document, page or quote is not here keeps its words.

    Args:
        document_id: what cards belong to that name no document of this library.

    Raises:
        NotFoundError: when there is no such document.
    """
    if document_id is not None:
        find_document(session, user_id, document_id)
    digests = {card.record.sha256 for card in cards} - {""}
    mine = sa.select(Pdf.sha256, Pdf.document_id).where(Pdf.user_id == user_id)
    documents = {
        digest: found
        for batch in _batches(digests)
        for digest, found in session.execute(mine.where(Pdf.sha256.in_(batch)))
    }
    return [
        _place(session, user_id, card, documents.get(card.record.sha256) or document_id)
        for card in cards
    ]


def add_cards(
    session: Session,
    user_id: str,
    placed: Sequence[Placed],
    *,
    state: str = CardState.DRAFT,
    tags: Iterable[str] = (),
) -> Imported:
    """Add the cards of a file, and bring those that are here already up to date.

    A card that is here (by its GUID) takes over text and tags, the earlier ones go into its
    history; its state and its source stay.

    Args:
        state: of cards of which the file does not say it.
        tags: given to every new card.
    """
    known = {
        card.guid: card
        for card in _cards_with(session, user_id, "guid", [p.card.record.guid for p in placed])
    }
    marks = {
        card.fingerprint
        for card in _cards_with(session, user_id, "fingerprint", [p.card.mark for p in placed])
    }
    alive = set(session.scalars(sa.select(Document.id).where(Document.user_id == user_id)))
    counted = dict.fromkeys(Imported.__dataclass_fields__, 0)
    more = clean_tags(tags)
    for place in placed:
        card = place.card
        here = known.get(card.record.guid)
        if here is not None:
            changed = edit_card(session, here, text=card.text, tags=card.tags)
            counted["updated" if changed else "unchanged"] += 1
        elif card.mark in marks:
            counted["already_there"] += 1
        else:
            marks.add(card.mark)
            session.add(_row(user_id, place, alive, state, more))
            counted["added"] += 1
    session.flush()
    return Imported(**counted)


def _place(session: Session, user_id: str, card: ReadCard, document_id: str | None) -> Placed:
    if document_id is None:
        return Placed(card)
    document = find_document(session, user_id, document_id)
    placed = Placed(card, document.id, document.title)
    if card.record.page is None:
        return placed
    try:
        page = find_page(session, user_id, document.id, card.record.page)
    except NotFoundError:
        return placed
    quote = clean_text(card.record.quote)
    quoted = find_on_page(session, page, quote) if quote else None
    return replace(placed, page_label=page.label, quoted=quoted)


def _row(
    user_id: str, place: Placed, alive: Collection[str], state: str, tags: Iterable[str]
) -> Flashcard:
    record, quoted = place.card.record, place.quoted
    row = new_card(
        user_id, place.card.text, tags=[*place.card.tags, *tags], state=record.state or state
    )
    row.origin = Origin.IMPORTED
    row.guid = record.guid or row.id
    row.reject_reason = clean_text(record.reject_reason) or None
    row.source_title = place.title or clean_text(record.title)
    row.page = record.page
    row.page_label = place.page_label or clean_text(record.page_label) or None
    row.section, row.quote = clean_text(record.section), clean_text(record.quote)
    if place.document_id in alive:  # not deleted since it was looked for
        row.document_id = place.document_id
        if quoted is not None:
            row.rectangles, row.chunk_id = list(quoted.rectangles), quoted.chunk_id
    return row


def _cards_with(
    session: Session, user_id: str, name: str, values: Sequence[str]
) -> Iterator[Flashcard]:
    column = getattr(Flashcard, name)
    for batch in _batches(filter(None, values)):
        yield from session.scalars(
            sa.select(Flashcard).where(Flashcard.user_id == user_id, column.in_(batch))
        )


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    listed = list(dict.fromkeys(values))
    return (listed[start : start + BATCH] for start in range(0, len(listed), BATCH))
