"""Review: one card after the other, by keyboard or touch."""

from __future__ import annotations

from typing import Protocol

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, SkipValidation
from litestar.response import Template

from studyq.web.pages.review_views import ReviewView
from studyq.web.pages.views import PageData


class ReviewData(Protocol):
    """Fills the pages of reviews for one reader."""

    def review(self, document_id: str | None, card_id: str | None) -> ReviewView | None:
        """What is to be reviewed; None when there is no such document or card."""
        ...


@get("/app/review", sync_to_thread=True)
def review_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    review_data: NamedDependency[SkipValidation[ReviewData]],
    document: FromQuery[str | None] = None,
    card: FromQuery[str | None] = None,
) -> Template:
    """Cards that are due, or those of one `document`; with `card`, that one first."""
    view = review_data.review(document, card)
    if view is None:
        raise NotFoundException("There is no such document or card, or it was deleted.")
    return Template(
        template_name="review.html",
        context={"shell": page_data.shell(), "review": view, "current": "review"},
    )
