"""Fills the pages of reviews."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.cards.models import CardState, Flashcard
from studyq.library.errors import ConflictError, NotFoundError
from studyq.library.service import find_document
from studyq.reviews.preferences import preferences
from studyq.web.api.reviews import next_review
from studyq.web.pages.review_views import ReviewView
from studyq.web.services import Services

AHEAD = 20  #: cards that a page knows beforehand, to go on with while the server is away


@dataclass(frozen=True)
class ReviewPages:
    """`ReviewData` over the services; one reader's."""

    services: Services

    def review(self, document_id: str | None, card_id: str | None) -> ReviewView | None:
        """What is to be reviewed, or None."""
        user_id = self.services.user_id
        with self.services.database.read() as session:
            try:
                document = document_id and find_document(session, user_id, document_id)
                following = next_review(
                    session, user_id, document_id=document_id, card_id=card_id, ahead=AHEAD
                )
            except (NotFoundError, ConflictError):
                return None
            return ReviewView(
                next=following,
                document_id=document_id,
                title=document.title if document else None,
                learnt=_count(session, user_id, CardState.APPROVED, document_id),
                drafts=_count(session, user_id, CardState.DRAFT, document_id),
                ask_zone=not preferences(session, user_id).time_zone,
            )


def _count(session: Session, user_id: str, state: CardState, document_id: str | None) -> int:
    query = sa.select(sa.func.count()).where(Flashcard.user_id == user_id, Flashcard.state == state)
    if document_id is not None:
        query = query.where(Flashcard.document_id == document_id)
    return session.scalar(query) or 0
