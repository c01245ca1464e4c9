"""What has been learnt: coverage of documents, statistics of reviews, and their calendar."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from studyq.database.base import now
from studyq.library.errors import NotFoundError
from studyq.library.service import find_document
from studyq.operations.webhooks import instance_url
from studyq.reviews.calendar import review_calendar
from studyq.reviews.coverage import Coverage, PageCoverage, PageState, coverage
from studyq.reviews.preferences import owner_of_calendar
from studyq.reviews.statistics import Retention, Statistics, review_statistics
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.review_schemas import (
    CoverageBody,
    DayBody,
    DueBody,
    PageCoverageBody,
    PageRun,
    RetentionBody,
    StatisticsBody,
)
from studyq.web.problems import problems

ICAL = "text/calendar"

Past = Annotated[int, QueryParameter(ge=1, le=366, description="Days looked back on.")]
Ahead = Annotated[int, QueryParameter(ge=1, le=366, description="Days looked forward to.")]


@get(
    "/documents/{document_id:str}/coverage",
    sync_to_thread=True,
    summary="What of a document has been learnt",
    responses=problems(404),
)
def get_coverage(services: ServicesDependency, document_id: FromPath[str]) -> CoverageBody:
    """The state of each page: no text, no cards, drafts, learning, known, slipping."""
    with services.database.read() as session:
        document = find_document(session, services.user_id, document_id)
        found = coverage(session, services.user_id, [document], now())[document.id]
    return _describe_coverage(document_id, found)


@get(
    "/reviews/stats",
    sync_to_thread=True,
    summary="Statistics of your reviews",
    responses=problems(),
)
def get_stats(services: ServicesDependency, past: Past = 30, ahead: Ahead = 30) -> StatisticsBody:
    """Reviews and time a day, true retention against the desired one, and what falls due."""
    with services.database.read() as session:
        found = review_statistics(session, services.user_id, now(), past=past, ahead=ahead)
    return describe_statistics(found)


@get(
    "/reviews/calendar/{name:str}",
    sync_to_thread=True,
    media_type=ICAL,
    summary="A calendar of reviews",
    responses={
        200: ResponseSpec(str, description="iCalendar", media_type=ICAL, generate_examples=False),
        **problems(404),
    },
)
def get_calendar(services: ServicesDependency, name: FromPath[str]) -> Response[bytes]:
    """The iCalendar feed whose address `POST /reviews/calendar` made; the name is the secret."""
    secret, dot, kind = name.rpartition(".")
    with services.database.read() as session:
        owner = owner_of_calendar(session, secret) if dot and kind == "ics" else None
        if owner is None:
            raise NotFoundError(
                "calendar_not_found", "There is no such calendar; its address may be an old one."
            )
        url = f"{instance_url(services.settings)}/app/review"
        body = review_calendar(session, owner, now(), url)
    return Response(body, media_type=ICAL, headers={"Cache-Control": "private, max-age=900"})


def describe_statistics(found: Statistics) -> StatisticsBody:
    """Statistics as the API tells them."""
    return StatisticsBody(
        days=[
            DayBody(
                day.day.isoformat(), day.ratings, day.again, day.new, round(day.milliseconds / 1000)
            )
            for day in found.days
        ],
        retention=_describe_retention(found.retention),
        young=_describe_retention(found.young),
        mature=_describe_retention(found.mature),
        desired_retention=found.desired_retention,
        forecast=[DueBody(day.day.isoformat(), day.due) for day in found.forecast],
        phases=found.phases,
        active_days=found.active_days,
        seconds=round(found.milliseconds / 1000),
    )


def _describe_coverage(document_id: str, found: Coverage) -> CoverageBody:
    letters = found.letters
    return CoverageBody(
        document_id=document_id,
        pages=[_describe_page(page) for page in found.pages],
        letters=letters,
        counts={state.name.lower(): letters.count(state) for state in PageState},
        uncovered=[PageRun(first, last) for first, last in found.uncovered],
        cards=found.cards,
        drafts=found.drafts,
        due=found.due,
        new=found.new,
    )


def _describe_page(page: PageCoverage) -> PageCoverageBody:
    return PageCoverageBody(
        page.page,
        page.state.name.lower(),  # type: ignore[arg-type]  # the names of these letters
        page.cards,
        page.drafts,
        page.retrievability,
    )


def _describe_retention(found: Retention) -> RetentionBody:
    return RetentionBody(found.reviews, found.remembered, found.rate)


LEARNING_HANDLERS = [get_coverage, get_stats, get_calendar]
