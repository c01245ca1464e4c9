"""Tests: make one, look it over, take it, and see what came of it."""

from __future__ import annotations

from typing import Protocol

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, SkipValidation
from litestar.response import Redirect, Template
from msgspec import Struct

from studyq.web.pages.test_views import (
    AnalysisView,
    ResultView,
    SittingView,
    TestsView,
    TestView,
)
from studyq.web.pages.views import PageData


class TestData(Protocol):
    """Fills the pages of tests for one reader; None for what does not exist."""

    def tests(self, cursor: str | None, document_id: str | None) -> TestsView:
        """All tests."""
        ...

    def test(self, test_id: str) -> TestView | None:
        """One test."""
        ...

    def sitting(self, sitting_id: str) -> SittingView | None:
        """A sitting as its taker sees it."""
        ...

    def result(self, sitting_id: str, version: str | None) -> ResultView | None:
        """What came of a sitting."""
        ...

    def analysis(self, test_id: str) -> AnalysisView | None:
        """The item analysis of a test."""
        ...


Data = NamedDependency[SkipValidation[TestData]]
Shell = NamedDependency[SkipValidation[PageData]]


@get("/app/tests", sync_to_thread=True)
def tests_page(
    page_data: Shell,
    test_data: Data,
    cursor: FromQuery[str | None] = None,
    document: FromQuery[str | None] = None,
) -> Template:
    """All tests; with `document`, the form for a new one opens on it."""
    return _page("tests.html", page_data, test_data.tests(cursor, document))


@get("/app/tests/{test_id:str}", sync_to_thread=True)
def test_page(page_data: Shell, test_data: Data, test_id: FromPath[str]) -> Template:
    """One test: its items, its settings and its sittings."""
    return _page("test.html", page_data, test_data.test(test_id))


@get("/app/tests/{test_id:str}/print", sync_to_thread=True)
def print_page(page_data: Shell, test_data: Data, test_id: FromPath[str]) -> Template:
    """A test on paper, with an answer sheet and the key on a page of its own."""
    return _page("test_print.html", page_data, test_data.test(test_id))


@get("/app/tests/{test_id:str}/analysis", sync_to_thread=True)
def analysis_page(page_data: Shell, test_data: Data, test_id: FromPath[str]) -> Template:
    """How a test's items did."""
    return _page("test_analysis.html", page_data, test_data.analysis(test_id))


@get("/app/sittings/{sitting_id:str}", sync_to_thread=True)
def sitting_page(
    page_data: Shell, test_data: Data, sitting_id: FromPath[str]
) -> Template | Redirect:
    """A sitting, one item a screen; once it has been handed in, its result."""
    view = test_data.sitting(sitting_id)
    if view is not None and view.sitting.status != "open":
        return Redirect(f"/app/sittings/{sitting_id}/result")
    return _page("sitting.html", page_data, view)


@get("/app/sittings/{sitting_id:str}/result", sync_to_thread=True)
def result_page(
    page_data: Shell,
    test_data: Data,
    sitting_id: FromPath[str],
    version: FromQuery[str | None] = None,
) -> Template | Redirect:
    """The score, the sections, what to do next, and each item with yours and right."""
    view = test_data.result(sitting_id, version)
    if view is not None and view.sitting.status == "open":
        return Redirect(f"/app/sittings/{sitting_id}")
    return _page("result.html", page_data, view)


def _page(template: str, page_data: PageData, view: Struct | None) -> Template:
    if view is None:
        raise NotFoundException("There is no such test or sitting, or it was deleted.")
    return Template(
        template_name=template,
        context={"shell": page_data.shell(), "view": view, "current": "tests"},
    )


TEST_PAGES = [tests_page, test_page, print_page, analysis_page, sitting_page, result_page]
