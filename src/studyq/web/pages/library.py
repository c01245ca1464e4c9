"""The library: every document with its coverage, its state, and the search over all of them."""

from __future__ import annotations

from typing import cast, get_args

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation
from litestar.response import Redirect, Template

from studyq.web.pages.review import ReviewData, render_today
from studyq.web.pages.views import LibraryFilter, PageData


@get("/", sync_to_thread=False)
def to_app() -> Redirect:
    """Sends a visitor of the bare address to the application."""
    return Redirect("/app")


@get("/app", sync_to_thread=True)
def home_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    review_data: NamedDependency[SkipValidation[ReviewData]],
    q: FromQuery[str] = "",
) -> Template:
    """The first page: Today once there is something to learn, until then the library.

    A handler of its own, because Litestar 2.25 wraps a threaded handler once for each of its paths
    and then cannot call it.
    """
    today = None if q else review_data.today()
    return render_library(page_data, query=q) if today is None else render_today(page_data, today)


@get("/app/library", sync_to_thread=True)
def library_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    status: FromQuery[str] = "all",
    cursor: FromQuery[str | None] = None,
    q: FromQuery[str] = "",
) -> Template:
    """The list of documents. With `q`, the page opens on the results of that search."""
    return render_library(page_data, status=status, cursor=cursor, query=q)


def render_library(
    page_data: PageData, *, status: str = "all", cursor: str | None = None, query: str = ""
) -> Template:
    """Renders the library; an unknown filter shows everything."""
    known = status if status in get_args(LibraryFilter) else "all"
    return Template(
        template_name="library.html",
        context={
            "shell": page_data.shell(),
            "library": page_data.library(cast(LibraryFilter, known), cursor),
            "query": query,
            "current": "library",
        },
    )
