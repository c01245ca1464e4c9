"""The shapes of tests, sittings and their analyses, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from studyq.assessment.models import Bloom, ItemKind
from studyq.web.api.schemas import ErrorBody

ItemGrade = Literal["right", "partial", "wrong", "open"]


class ItemSource(Struct):
    """The page that an item comes from, and the words on it."""

    document_id: str | None
    title: str
    section: str
    page: int | None
    page_label: str | None
    quote: str
    rectangles: list[dict[str, float]]


class TestItem(Struct):
    """An item with its answer."""

    id: str
    ordinal: int
    kind: ItemKind
    bloom: Bloom
    stem: str
    options: list[str]
    answer: str
    accepted: list[str]
    numeric: dict[str, Any] | None
    card_id: str | None
    version: int
    source: ItemSource


class TestSummary(Struct):
    """A test. `status` is making, draft (its items may be edited), ready or failed."""

    id: str
    title: str
    origin: Literal["made", "imported"]
    status: Literal["making", "draft", "ready", "failed"]
    error: ErrorBody | None
    time_limit: int | None
    blueprint: dict[str, Any]
    receipt: dict[str, Any] | None
    job_id: str | None
    item_count: int
    sitting_count: int
    open_sittings: int
    created_at: str
    updated_at: str


class TestDetail(TestSummary):
    """A test with its items."""

    items: list[TestItem]


class TestList(Struct):
    """A page of tests."""

    items: list[TestSummary]
    next: str | None


class SittingItem(Struct):
    """An item as it is shown to its taker, with what has been answered."""

    id: str
    kind: ItemKind
    stem: str
    options: list[str]
    unit: str
    answer: str
    flagged: bool
    milliseconds: int


class SittingBody(Struct):
    """One taking of a test; its items are in the order shown."""

    id: str
    test_id: str
    taker: str
    number: int
    status: Literal["open", "submitted", "graded", "failed"]
    started_at: str
    deadline: str | None
    seconds_left: int | None
    submitted_at: str | None
    points: float | None
    error_message: str | None
    job_id: str | None
    items: list[SittingItem]


class SittingList(Struct):
    """A test's sittings, newest first; without their items."""

    items: list[SittingBody]


class AnalysisBody(Struct):
    """A result of the analysis. `version` grows each time that it runs again."""

    test_id: str
    sitting_id: str | None
    version: int
    created_at: str
    result: dict[str, Any]
