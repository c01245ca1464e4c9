"""What the pages of reviews show."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from studyq.web.api.review_schemas import NextReview
from studyq.web.pages.charts import Chart


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


class WeakSectionView(Struct, frozen=True):
    """The section that was remembered least of late; `percent` of its reviews."""

    document_id: str
    title: str
    section: str
    page: int | None
    reviews: int
    percent: int


class TodayView(Struct, frozen=True):
    """The page Today.

    Attributes:
        due: Cards left today, new ones among them.
        minutes: How long they will take, by the reader's pace.
        next_due: When the next card is due, in words, if none is now.
        week: Ratings of the last 14 days.
        active_days: Days of those on which something was rated.
        retention: Share of reviews that were remembered within 30 days, in per cent.
    """

    day: date
    due: int
    reviews: int
    new: int
    minutes: int
    done: int
    next_due: str | None
    drafts: int
    weakest: WeakSectionView | None
    week: Chart
    active_days: int
    retention: int | None
    desired: int


class DayRow(Struct, frozen=True):
    """A day of the statistics' tables."""

    day: date
    ratings: int = 0
    again: int = 0
    new: int = 0
    minutes: float = 0.0
    due: int = 0


class RetentionRow(Struct, frozen=True):
    """A row of the table of retention; `percent` is None without reviews."""

    name: str
    reviews: int
    remembered: int
    percent: float | None


class StatisticsView(Struct, frozen=True):
    """The page of statistics; `past` and `ahead` are the rows of its tables, oldest first."""

    ratings: Chart
    time: Chart
    forecast: Chart
    past: tuple[DayRow, ...]
    ahead: tuple[DayRow, ...]
    retention: tuple[RetentionRow, ...]
    desired: float
    phases: tuple[tuple[str, int], ...]
    total: int
    hours: float
    active_days: int
    due_tomorrow: int
