"""What the pages of reviews show."""

from __future__ import annotations

from msgspec import Struct

from studyq.web.api.review_schemas import NextReview


class ReviewView(Struct, frozen=True):
    """The page on which cards are reviewed.

    Attributes:
        next: The first cards; the page asks for more by itself.
        document_id: Only cards of this document, or None for all.
        title: That document's.
        learnt: Cards that are approved, whether due or not.
        drafts: Cards that nobody has approved yet.
        ask_zone: Whether nobody has said yet in which time zone the reader is.
    """

    next: NextReview
    document_id: str | None
    title: str | None
    learnt: int
    drafts: int
    ask_zone: bool
