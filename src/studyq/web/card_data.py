"""Fills the view models of cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.listing import (
    CardFilter,
    count_cards,
    describe_cards,
    find_card,
    list_cards,
    list_tags,
)
from studyq.cards.models import CardSession, Flashcard, SessionStatus
from studyq.jobs.models import Job
from studyq.jobs.service import describe_job
from studyq.library.errors import NotFoundError
from studyq.library.models import Chunk, Document, Page, Pdf
from studyq.web.pages.card_views import (
    CardsView,
    CardsWanted,
    CardView,
    DocumentCards,
    DocumentChoice,
    RunningSession,
)
from studyq.web.services import Services

CARDS = 20  #: on one page of drafts
OF_DOCUMENT = 200  #: in the tab of a document
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


def _running(
    session: Session, user_id: str, document_id: str | None = None
) -> tuple[RunningSession, ...]:
    query = (
        sa.select(CardSession, Document.title)
        .join(Document, Document.id == CardSession.document_id)
        .where(CardSession.user_id == user_id, CardSession.status.in_(LIVE))
        .order_by(CardSession.id)
    )
    if document_id is not None:
        query = query.where(CardSession.document_id == document_id)
    return tuple(_session(session, found, title) for found, title in session.execute(query))


def _session(session: Session, found: CardSession, title: str) -> RunningSession:
    job: sa.Row[Any] | None = session.execute(
        sa.select(*Job.__table__.columns).where(Job.id == found.job_id)
    ).one_or_none()
    body = {
        "id": found.id,
        "document_id": found.document_id,
        "title": title,
        "wanted": found.wanted,
        "kept": session.scalar(sa.select(sa.func.count()).where(Flashcard.session_id == found.id)),
        "job": describe_job(session, job) if job is not None else None,
    }
    return msgspec.convert(body, RunningSession)
