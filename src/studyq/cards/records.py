"""A card as it leaves the library and comes into one: what every format of files carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import Flashcard
from studyq.library.models import Document, Pdf


@dataclass(frozen=True)
class CardRecord:
    """A card in a file.

    Attributes:
        guid: Tells the same card again; empty in a file that somebody else wrote.
        state: A value of `models.CardState`, or empty where the file says nothing of it.
        modified: Seconds since 1970 of the last edit.
        sha256: Of the document's original, by which another library knows it.
        link: Address of the page in the library that wrote the file.
    """

    kind: str
    front: str
    back: str
    options: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    guid: str = ""
    state: str = ""
    reject_reason: str = ""
    modified: int = 0
    document_id: str = ""
    title: str = ""
    sha256: str = ""
    page: int | None = None
    page_label: str = ""
    section: str = ""
    quote: str = ""
    link: str = ""
    rectangles: list[dict[str, float]] = field(default_factory=list)

    @property
    def source_line(self) -> str:
        """Where it comes from: `Cell biology, page xii, Membranes`."""
        page = f"page {self.page_label}" if self.page_label else ""
        return ", ".join(part for part in (self.title, page, self.section) if part)


def records_of(session: Session, cards: Sequence[Flashcard], address: str) -> list[CardRecord]:
    """Cards as records.

    Args:
        address: where the library is reached, for links to pages.
    """
    ids = {card.document_id for card in cards if card.document_id}
    query = sa.select(Document.id, Document.title, Pdf.sha256).outerjoin(
        Pdf, Pdf.document_id == Document.id
    )
    documents = {row.id: row for row in session.execute(query.where(Document.id.in_(ids)))}
    return [_record(card, documents.get(card.document_id or ""), address) for card in cards]


def _record(card: Flashcard, document: sa.Row[str, str, str] | None, address: str) -> CardRecord:
    return CardRecord(
        kind=card.kind,
        front=card.front,
        back=card.back,
        options=tuple(card.options),
        tags=tuple(card.tags),
        guid=card.guid,
        state=card.state,
        reject_reason=card.reject_reason or "",
        modified=card.updated_at // 1_000_000,
        document_id=card.document_id or "",
        title=document.title if document else card.source_title,
        sha256=(document.sha256 if document else None) or "",
        page=card.page,
        page_label=card.page_label or (str(card.page) if card.page else ""),
        section=card.section,
        quote=card.quote,
        link=page_link(address, card),
        rectangles=card.rectangles,
    )


def page_link(address: str, card: Flashcard) -> str:
    """The address of the page that a card comes from, with its quote lit up."""
    if card.document_id is None:
        return ""
    query = urlencode({"page": card.page or 1, "card": card.id})
    return f"{address.rstrip('/')}/app/documents/{card.document_id}?{query}"
