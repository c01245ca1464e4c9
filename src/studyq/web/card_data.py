"""Fills the view models of cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.admission import REJECTIONS
from studyq.cards.listing import (
    CardFilter,
    count_cards,
    describe_cards,
    find_card,
    list_cards,
    list_tags,
)
from studyq.cards.models import CardSession, CardState, Flashcard, SessionStatus
from studyq.cards.session_listing import describe_sessions
from studyq.library.errors import NotFoundError
from studyq.library.models import Chunk, Document, Page, Pdf
from studyq.web.pages.card_views import (
    CardsView,
    CardsWanted,
    CardView,
    DocumentCards,
    DocumentChoice,
    RunningSession,
    SessionView,
)
from studyq.web.services import Services

CARDS = 20  #: on one page of drafts
OF_DOCUMENT = 200  #: in the tab of a document
SESSIONS = 10  #: that are shown at once
LIVE = (SessionStatus.PENDING, SessionStatus.PROCESSING)


@dataclass(frozen=True)
class CardPages:
    """`CardData` over the services; one reader's."""

    services: Services

    def cards(self, wanted: CardsWanted, cursor: str | None) -> CardsView:
        """Cards of a state, oldest first."""
        user_id = self.services.user_id
        kept = CardFilter(
            states=(wanted.state,),
            document_id=wanted.document_id,
            session_id=wanted.session_id,
            tag=wanted.tag,
            q=wanted.q,
            duplicates=True if wanted.duplicates else None,
        )
        with self.services.database.read() as session:
            found = list_cards(
                session, user_id, kept, order="oldest", after=cursor, limit=CARDS + 1
            )
            return CardsView(
                wanted=wanted,
                cards=_views(session, found[:CARDS]),
                counts=count_cards(session, user_id, kept),
                total=sum(count_cards(session, user_id, CardFilter()).values()),
                documents=_documents(session, user_id, wanted.state),
                tags=tuple(list_tags(session, user_id, CardFilter(states=(wanted.state,)))),
                running=_running(session, user_id),
                next=found[CARDS - 1].id if len(found) > CARDS else None,
            )

    def of_document(self, document_id: str) -> DocumentCards:
        """All there is to see of a document's cards."""
        user_id = self.services.user_id
        kept = CardFilter(document_id=document_id)
        with self.services.database.read() as session:
            cards = list_cards(session, user_id, kept, order="page", limit=OF_DOCUMENT)
            counts = count_cards(session, user_id, kept)
            return DocumentCards(
                cards=_views(session, cards),
                counts=counts,
                more=sum(counts.values()) - len(cards),
                sections=_sections(session, user_id, document_id),
                running=_running(session, user_id, document_id),
                sessions=_ended(session, user_id, document_id),
            )

    def place(self, card_id: str) -> CardView | None:
        """A card whose place is to be lit up, or None."""
        with self.services.database.read() as session:
            try:
                found = find_card(session, self.services.user_id, card_id)
            except NotFoundError:
                return None
            return _views(session, [found])[0]


def _views(session: Session, cards: Sequence[Flashcard]) -> tuple[CardView, ...]:
    sizes = _page_sizes(session, cards)
    described = describe_cards(session, cards)
    for body in described:
        source = body["source"]
        width, height = sizes.get((source["document_id"], source["page"]), (0.0, 0.0))
        source.update(width=width, height=height)
    return tuple(msgspec.convert(described, list[CardView]))


def _page_sizes(
    session: Session, cards: Iterable[Flashcard]
) -> dict[tuple[str, int], tuple[float, float]]:
    """Width and height of the pages that cards come from, where there is a picture of them."""
    places = {(card.document_id, card.page) for card in cards if card.document_id and card.page}
    query = (
        sa.select(Page.document_id, Page.index.label("number"), Page.width, Page.height)
        .join(
            Document,
            sa.and_(Document.id == Page.document_id, Document.generation == Page.generation),
        )
        .join(Pdf, Pdf.document_id == Document.id)
        .where(sa.tuple_(Page.document_id, Page.index).in_(places))
    )
    return {
        (row.document_id, row.number): (row.width, row.height) for row in session.execute(query)
    }


def _documents(session: Session, user_id: str, state: str) -> tuple[DocumentChoice, ...]:
    query = (
        sa.select(Document.id, Document.title, sa.func.count())
        .join(Flashcard, Flashcard.document_id == Document.id)
        .where(Flashcard.user_id == user_id, Flashcard.state == state)
        .group_by(Document.id, Document.title)
        .order_by(Document.title)
    )
    return tuple(DocumentChoice(*row) for row in session.execute(query))


def _sections(session: Session, user_id: str, document_id: str) -> tuple[str, ...]:
    """The sections of a document as its passages name them, in their order."""
    query = (
        sa.select(Chunk.section)
        .join(
            Document,
            sa.and_(Document.id == Chunk.document_id, Document.generation == Chunk.generation),
        )
        .where(Document.id == document_id, Document.user_id == user_id, Chunk.section != "")
        .group_by(Chunk.section)
        .order_by(sa.func.min(Chunk.ordinal))
    )
    return tuple(session.scalars(query))


def _sessions(
    session: Session, user_id: str, document_id: str | None = None, *, live: bool
) -> list[dict[str, Any]]:
    """Sessions that are at work, or the last ones that have ended, as the API tells them."""
    at_work = CardSession.status.in_(LIVE)
    query = sa.select(CardSession).where(
        CardSession.user_id == user_id, at_work if live else ~at_work
    )
    if document_id is not None:
        query = query.where(CardSession.document_id == document_id)
    found = session.scalars(query.order_by(CardSession.id.desc()).limit(SESSIONS)).all()
    return describe_sessions(session, found)


def _running(
    session: Session, user_id: str, document_id: str | None = None
) -> tuple[RunningSession, ...]:
    return tuple(
        msgspec.convert({**body, "kept": sum(body["cards"].values())}, RunningSession)
        for body in _sessions(session, user_id, document_id, live=True)
    )


def _ended(session: Session, user_id: str, document_id: str) -> tuple[SessionView, ...]:
    return tuple(
        msgspec.convert(
            {
                **body,
                "kept": sum(body["cards"].values()),
                "drafts": body["cards"][CardState.DRAFT],
                "rejected": [
                    {"reason": REJECTIONS.get(reason, reason), "count": count}
                    for reason, count in body["rejected"].items()
                ],
                "tokens": body["usage"]["input_tokens"] + body["usage"]["output_tokens"],
            },
            SessionView,
        )
        for body in _sessions(session, user_id, document_id, live=False)
    )
