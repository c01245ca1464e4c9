"""Today, Review, and the statistics of reviews."""

from __future__ import annotations

from typing import Protocol

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, SkipValidation
from litestar.response import Template

from studyq.reviews.preferences import Preferences
from studyq.web.pages.review_views import ReviewView, StatisticsView, TodayView
from studyq.web.pages.views import PageData

RECENT = 3  #: documents on the page Today


class ReviewData(Protocol):
    """Fills the pages of reviews for one reader."""

    def review(self, document_id: str | None, card_id: str | None) -> ReviewView | None:
        """What is to be reviewed; None when there is no such document or card."""
        ...

    def today(self) -> TodayView | None:
        """What there is to do today; None while there is nothing to learn."""
        ...

    def settings(self) -> tuple[Preferences, str | None]:
        """How the reader reviews, and the path of their calendar if they have one."""
        ...

    def statistics(self) -> StatisticsView:
        """What the log of reviews says."""
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


@get("/app/today", sync_to_thread=True)
def today_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    review_data: NamedDependency[SkipValidation[ReviewData]],
) -> Template:
    """What there is to do today: cards that are due, what one was reading, the weakest section."""
    return render_today(page_data, review_data.today())


def render_today(page_data: PageData, today: TodayView | None) -> Template:
    """Renders Today; without anything to learn it says how to begin."""
    return Template(
        template_name="today.html",
        context={
            "shell": page_data.shell(),
            "today": today,
            "recent": page_data.library("all", None).rows[:RECENT],
            "current": "today",
        },
    )


@get("/app/statistics", sync_to_thread=True)
def statistics_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    review_data: NamedDependency[SkipValidation[ReviewData]],
) -> Template:
    """Reviews and time a day, true retention against the desired one, and what falls due."""
    return Template(
        template_name="statistics.html",
        context={
            "shell": page_data.shell(),
            "statistics": review_data.statistics(),
            "current": "today",
        },
    )


@get("/app/review/settings", sync_to_thread=True)
def review_settings_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    review_data: NamedDependency[SkipValidation[ReviewData]],
) -> Template:
    """The form of how one reviews: retention, limits of a day, steps, when a day begins."""
    wishes, calendar = review_data.settings()
    return Template(
        template_name="review_settings.html",
        context={
            "shell": page_data.shell(),
            "wishes": wishes,
            "calendar": calendar,
            "current": "review",
        },
    )
