"""Reviews: the next card, ratings, undoing, burying, suspending; settings and limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from studyq.cards.listing import describe_cards
from studyq.database.base import isoformat, now
from studyq.jobs.service import describe_job, find_job
from studyq.reviews import service
from studyq.reviews.jobs import enqueue_fitting
from studyq.reviews.limits import document_limits, limit_document
from studyq.reviews.log import memory_of
from studyq.reviews.models import Schedule
from studyq.reviews.preferences import (
    PreferenceChange,
    Preferences,
    calendar_path,
    change_preferences,
    preferences,
    renew_calendar,
)
from studyq.reviews.queue import review_queue
from studyq.reviews.scheduling import as_body
from studyq.reviews.service import Answer, Rated, rate_card, undo_rating
from studyq.reviews.showing import ShownCard, shown_cards
from studyq.web.api.pdfs import IdempotencyKey, ServicesDependency
from studyq.web.api.review_schemas import (
    Burying,
    CalendarBody,
    CountsBody,
    DocumentLimits,
    IntervalBody,
    LastRating,
    NewRating,
    NextReview,
    RatedBody,
    ReviewCard,
    ReviewSettingsBody,
    ScheduleBody,
    Suspending,
    Undoing,
    UndoneBody,
)
from studyq.web.api.schemas import JobAnswer, JobBody
from studyq.web.problems import problems

MOST_AHEAD = 50

Ahead = Annotated[
    int, QueryParameter(ge=0, le=MOST_AHEAD, description="How many cards after the next one.")
]
OfDocument = Annotated[str | None, QueryParameter(description="Only cards of this document.")]
Skip = Annotated[
    list[str] | None,
    QueryParameter(max_items=MOST_AHEAD, description="Cards whose ratings are still under way."),
]


CardFirst = Annotated[
    str | None, QueryParameter(description="A card to begin with, whether it is due or not.")
]


@get("/reviews/next", sync_to_thread=True, summary="The next card", responses=problems(404, 409))
def get_next(
    services: ServicesDependency,
    document_id: OfDocument = None,
    card_id: CardFirst = None,
    ahead: Ahead = 0,
    skip: Skip = None,
) -> NextReview:
    """The next card to review, what each rating leads to, and how much is left today."""
    with services.database.read() as session:
        return next_review(
            session,
            services.user_id,
            document_id=document_id,
            card_id=card_id,
            ahead=ahead,
            skip=skip or (),
        )


@post(
    "/reviews",
    sync_to_thread=True,
    status_code=201,
    summary="Rate a card",
    responses=problems(404, 409, 422, 503),
)
def post_review(
    services: ServicesDependency,
    data: JSONBody[NewRating],
    idempotency_key: IdempotencyKey = None,
) -> RatedBody:
    """Rate a card: 1 again, 2 hard, 3 good, 4 easy.

    The same Idempotency-Key counts once, however often it is sent. A card that was rated elsewhere
    since it was shown, as its `version` tells, is not rated again (409). Rating before the card is
    due is allowed, and marked `early`.
    """
    answer = Answer(
        card_id=data.card_id,
        rating=data.rating,
        key=idempotency_key,
        version=data.version,
        duration_ms=data.duration_ms,
        waited=data.waited_ms * 1000,
    )
    with services.database.write(synced=True) as session:
        return _describe_rated(rate_card(session, services.user_id, answer, now()))


@post(
    "/reviews/undo",
    sync_to_thread=True,
    status_code=200,
    summary="Take a rating back",
    responses=problems(404, 409, 503),
)
def post_undo(services: ServicesDependency, data: JSONBody[Undoing | None] = None) -> UndoneBody:
    """Take a rating back, the last one by default: the card is as it was before.

    A rating can be undone once, and only while nothing else has happened to its card (409).
    """
    wanted = data or Undoing()
    with services.database.write(synced=True) as session:
        undone = undo_rating(session, services.user_id, now(), review_id=wanted.review_id)
        return UndoneBody(undone.review.undoes or 0, describe_schedule(undone.schedule))


@post(
    "/reviews/bury",
    sync_to_thread=True,
    status_code=200,
    summary="Bury a card until tomorrow",
    responses=problems(404, 409, 503),
)
def post_bury(services: ServicesDependency, data: JSONBody[Burying]) -> ScheduleBody:
    """Show a card no more until the day turns over; `buried: false` shows it again."""
    with services.database.write() as session:
        if data.buried:
            found = service.bury(session, services.user_id, data.card_id, now())
        else:
            found = service.unbury(session, services.user_id, data.card_id)
        return describe_schedule(found)


@post(
    "/reviews/suspend",
    sync_to_thread=True,
    status_code=200,
    summary="Take a card out of the reviews",
    responses=problems(404, 409, 503),
)
def post_suspend(services: ServicesDependency, data: JSONBody[Suspending]) -> ScheduleBody:
    """Take a card out of the reviews, or with `suspended: false` back in; it keeps its history."""
    with services.database.write() as session:
        found = service.suspend(session, services.user_id, data.card_id, suspended=data.suspended)
        return describe_schedule(found)


@get("/reviews/settings", sync_to_thread=True, summary="How you review", responses=problems())
def get_settings(services: ServicesDependency) -> ReviewSettingsBody:
    """Desired retention, limits of a day, steps, when the day turns over, and the rest."""
    with services.database.read() as session:
        found = preferences(session, services.user_id)
        return _describe_settings(found, calendar_path(session, services.user_id))


@patch(
    "/reviews/settings",
    sync_to_thread=True,
    summary="Change how you review",
    responses=problems(422, 503),
)
def patch_settings(
    services: ServicesDependency, data: JSONBody[PreferenceChange]
) -> ReviewSettingsBody:
    """Change what is given; cards keep the dates that they have until they are rated again."""
    with services.database.write() as session:
        changed = change_preferences(session, services.user_id, data)
        return _describe_settings(changed, calendar_path(session, services.user_id))


@post(
    "/reviews/calendar",
    sync_to_thread=True,
    status_code=201,
    summary="Make a calendar of your reviews",
    responses=problems(503),
)
def post_calendar(services: ServicesDependency) -> CalendarBody:
    """Make the secret address of an iCalendar feed; an older address stops working."""
    with services.database.write() as session:
        return CalendarBody(renew_calendar(session, services.user_id))


@post(
    "/reviews/fit",
    sync_to_thread=True,
    status_code=202,
    summary="Fit the scheduling to you",
    responses=problems(409, 503),
)
def post_fit(services: ServicesDependency) -> JobAnswer:
    """Fit FSRS's parameters to your log, as a job; taken when they predict it better.

    It needs the package fsrs-rs-python and 400 ratings. Cards keep the dates that they have until
    they are rated again.
    """
    with services.database.write() as session:
        job_id = enqueue_fitting(session, services.user_id)
        job = describe_job(session, find_job(session, services.user_id, job_id))
    return JobAnswer(msgspec.convert(job, JobBody))


@get(
    "/documents/{document_id:str}/limits",
    sync_to_thread=True,
    summary="Limits of a document",
    responses=problems(404),
)
def get_limits(services: ServicesDependency, document_id: FromPath[str]) -> DocumentLimits:
    """How much of a document comes on a day, beside what holds over all documents."""
    with services.database.read() as session:
        return DocumentLimits(*document_limits(session, services.user_id, document_id))


@put(
    "/documents/{document_id:str}/limits",
    sync_to_thread=True,
    summary="Set the limits of a document",
    responses=problems(404, 503),
)
def put_limits(
    services: ServicesDependency, document_id: FromPath[str], data: JSONBody[DocumentLimits]
) -> DocumentLimits:
    """Say how much of a document comes on a day; null for no limit of its own."""
    with services.database.write() as session:
        limit_document(
            session,
            services.user_id,
            document_id,
            new_per_day=data.new_per_day,
            reviews_per_day=data.reviews_per_day,
        )
    return data


def next_review(
    session: Session,
    user_id: str,
    *,
    document_id: str | None = None,
    card_id: str | None = None,
    ahead: int = 0,
    skip: Sequence[str] = (),
) -> NextReview:
    """What is to be reviewed now, as the API tells it.

    Args:
        document_id: only cards of this document.
        card_id: a card to begin with, whether it is due or not.
        ahead: how many cards after the next one.
        skip: cards whose ratings are still under way.

    Raises:
        NotFoundError: when there is no card to begin with.
        ConflictError: when that card is not learnt.
    """
    at = now()
    first = [] if card_id is None else [service.find_card(session, user_id, card_id)[0].id]
    queue = review_queue(
        session, user_id, at, limit=1 + ahead, document_id=document_id, skip=(*skip, *first)
    )
    wanted = [*first, *queue.cards][: 1 + ahead]
    cards = describe_shown(session, shown_cards(session, user_id, wanted, at))
    last = service.last_rating(session, user_id)
    counts = queue.counts
    return NextReview(
        card=cards[0] if cards else None,
        upcoming=cards[1:],
        counts=CountsBody(counts.learning, counts.review, counts.new, counts.total),
        done_today=queue.done,
        minutes_left=round(queue.seconds / 60, 1),
        next_due_at=isoformat(queue.next_due),
        undo=None if last is None else LastRating(last.id, last.card_id, last.rating or 0),
    )


def describe_shown(session: Session, shown: Sequence[ShownCard]) -> list[ReviewCard]:
    """Cards as they are shown for review."""
    sides = describe_cards(session, [item.card for item in shown])
    return [
        msgspec.convert(
            {
                **side,
                "schedule": describe_schedule(item.schedule),
                "intervals": [
                    {name: getattr(interval, name) for name in IntervalBody.__struct_fields__}
                    for interval in item.intervals
                ],
                "retrievability": item.retrievability,
            },
            ReviewCard,
        )
        for side, item in zip(sides, shown, strict=True)
    ]


def describe_schedule(schedule: Schedule) -> ScheduleBody:
    """A schedule as the API tells it."""
    memory = memory_of(schedule)
    return ScheduleBody(
        card_id=schedule.card_id,
        active=schedule.active,
        phase=memory.phase.value,
        due_at=isoformat(memory.due_at) or "",
        last_review_at=isoformat(memory.last_review_at),
        stability=memory.stability,
        difficulty=memory.difficulty,
        reps=memory.reps,
        lapses=memory.lapses,
        leech=schedule.leech,
        buried_until=isoformat(schedule.buried_until),
        version=schedule.version,
    )


def _describe_rated(rated: Rated) -> RatedBody:
    review = rated.review
    return RatedBody(
        review_id=review.id,
        card_id=review.card_id,
        rating=review.rating or 0,
        early=review.early,
        suspended=review.suspended,
        repeated=rated.repeated,
        schedule=describe_schedule(rated.schedule),
    )


def _describe_settings(found: Preferences, calendar: str | None) -> ReviewSettingsBody:
    body = {**as_body(found), "calendar": calendar}
    known = {name: body[name] for name in ReviewSettingsBody.__struct_fields__}
    return msgspec.convert(known, ReviewSettingsBody)


REVIEW_HANDLERS = [
    get_next,
    post_review,
    post_undo,
    post_bury,
    post_suspend,
    get_settings,
    patch_settings,
    post_calendar,
    post_fit,
    get_limits,
    put_limits,
]
