"""Limits of a day for one document, beside those over all."""

from __future__ import annotations

from sqlalchemy.orm import Session

from studyq.library.service import find_document
from studyq.reviews.models import ReviewLimit


def document_limits(
    session: Session, user_id: str, document_id: str
) -> tuple[int | None, int | None]:
    """New cards and reviews of a day that a document may give; None for no limit of its own.

    Raises:
        NotFoundError: when there is no such document.
    """
    document = find_document(session, user_id, document_id)
    row = session.get(ReviewLimit, (user_id, document.id))
    return (None, None) if row is None else (row.new_per_day, row.reviews_per_day)


def limit_document(
    session: Session,
    user_id: str,
    document_id: str,
    *,
    new_per_day: int | None,
    reviews_per_day: int | None,
) -> None:
    """Say how much of a document comes on a day.

    Raises:
        NotFoundError: when there is no such document.
    """
    document = find_document(session, user_id, document_id)
    session.merge(
        ReviewLimit(
            user_id=user_id,
            document_id=document.id,
            new_per_day=new_per_day,
            reviews_per_day=reviews_per_day,
        )
    )
