"""View models of the pages of tests. Most of what they show has the shapes of the API."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from studyq.web.api.test_schemas import AnalysisBody, SittingBody, TestDetail, TestSummary


class DocumentChoice(Struct, frozen=True):
    """A document that a test can be made of."""

    id: str
    title: str
    sections: tuple[str, ...]
    approved: int


class TestsView(Struct, frozen=True):
    """All tests, and what new ones can be made of."""

    tests: tuple[TestSummary, ...]
    documents: tuple[DocumentChoice, ...]
    #: The document that is chosen beforehand.
    chosen: str | None
    next: str | None


class TestView(Struct, frozen=True):
    """One test with its sittings, newest first."""

    test: TestDetail
    sittings: tuple[SittingBody, ...]
    #: Its job, while that is at work.
    job: dict[str, Any] | None
    analysed: bool


class SittingView(Struct, frozen=True):
    """One sitting, being taken."""

    title: str
    sitting: SittingBody


class ResultView(Struct, frozen=True):
    """What came of a sitting; `analysis` is None while its job is at work."""

    title: str
    sitting: SittingBody
    analysis: AnalysisBody | None
    job: dict[str, Any] | None


class AnalysisView(Struct, frozen=True):
    """The item analysis of a test.

    Attributes:
        failure: Why the analysis of an imported test did not work; None while it may yet.
    """

    test: TestSummary
    analysis: AnalysisBody | None
    job: dict[str, Any] | None
    failure: str | None
