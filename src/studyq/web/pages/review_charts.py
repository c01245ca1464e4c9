"""Charts of reviews: bars of a day each, on a scale that ends at a round number."""

from __future__ import annotations

from collections.abc import Sequence

from studyq.reviews.statistics import DayOfReviews, DueDay
from studyq.web.pages.charts import Chart, ChartPath, bar, round_count

Bars = tuple[str, Sequence[int]]


def ratings_chart(days: Sequence[DayOfReviews]) -> Chart:
    """Ratings a day: the forgotten ones on top of the others."""
    again = [day.again for day in days]
    remembered = [day.ratings - day.again for day in days]
    most = max((day.ratings for day in days), default=0)
    return _bars(
        (("remembered", remembered), ("again", again)),
        f"{round_count(most):,} a day",
        f"{sum(remembered) + sum(again):,} ratings, of which {sum(again):,} forgotten, at most "
        f"{most:,} a day",
    )


def time_chart(days: Sequence[DayOfReviews]) -> Chart:
    """Minutes a day."""
    minutes = [round(day.milliseconds / 60_000) for day in days]
    most = max(minutes, default=0)
    return _bars(
        (("time", minutes),),
        f"{round_count(most):,} min a day",
        f"{sum(minutes):,} minutes, at most {most:,} a day",
    )


def forecast_chart(days: Sequence[DueDay]) -> Chart:
    """Cards that fall due, day by day."""
    due = [day.due for day in days]
    most = max(due, default=0)
    return _bars(
        (("due", due),),
        f"{round_count(most):,} a day",
        f"{sum(due):,} cards fall due, at most {most:,} on a day",
    )


def _bars(series: Sequence[Bars], top: str, summary: str) -> Chart:
    """Bars of several series, each standing on those before."""
    width = len(series[0][1])
    highest = round_count(max((sum(column) for column in zip(*(v for _, v in series), strict=True)),
                              default=0))  # fmt: skip
    below = [0] * width
    paths = []
    for name, values in series:
        d = "".join(bar(place, below[place], value, highest) for place, value in enumerate(values))
        below = [low + value for low, value in zip(below, values, strict=True)]
        if d:
            paths.append(ChartPath(name, d))
    return Chart(width, tuple(paths), top, summary)
