"""Queues: how they fare; pause, resume and widen them; retry and cancel many of their jobs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get, patch, post
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg, FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from studyq.jobs.finding import Wanted
from studyq.jobs.models import LIVE
from studyq.jobs.operating import (
    CONCURRENCY_RANGE,
    cancel_jobs,
    cancel_matching,
    pause,
    resume,
    retry_failed,
    set_concurrency,
)
from studyq.jobs.overview import overview
from studyq.jobs.registry import QUEUES
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.schemas import CancelledBody, QueueBody, QueueList, RetriedBody
from studyq.web.openapi import OptionalBody
from studyq.web.problems import ProblemError, problems
from studyq.web.services import Services

Word = Annotated[str, Meta(max_length=200)]


class QueueChange(msgspec.Struct, forbid_unknown_fields=True):
    """How many jobs of the queue run at once, over all processes."""

    concurrency: Annotated[int, Meta(ge=CONCURRENCY_RANGE[0], le=CONCURRENCY_RANGE[1])]


class FailedJobs(msgspec.Struct, forbid_unknown_fields=True):
    """Which failed jobs: those whose last error has the code, or all."""

    code: Word | None = None


class LiveJobs(msgspec.Struct, forbid_unknown_fields=True):
    """Which live jobs: those that fit all that is said; something must be.

    `state` may be `live`, for any; `code` is that of the last error of a job to be tried again.
    """

    ids: Annotated[list[Word], Meta(min_length=1, max_length=1000)] | UnsetType = UNSET
    state: Literal["waiting", "delayed", "active", "live"] | UnsetType = UNSET
    code: Word | UnsetType = UNSET
    trigger: Word | UnsetType = UNSET
    document_id: Word | UnsetType = UNSET


SomeLiveJobs = Annotated[
    LiveJobs,
    BodyKwarg(media_type=RequestEncodingType.JSON, schema_extra={"min_properties": 1}),
]


@get("/queue", sync_to_thread=True, summary="List queues", responses=problems())
def get_queues(services: ServicesDependency) -> QueueList:
    """All queues: how many of their jobs are in each state, and how they fare."""
    with services.database.read() as session:
        return msgspec.convert({"items": overview(session, QUEUES)}, QueueList)


@get("/queue/{queue:str}", sync_to_thread=True, summary="Look at a queue", responses=problems(404))
def get_queue(services: ServicesDependency, queue: FromPath[str]) -> QueueBody:
    """One queue."""
    return _queue(services, queue)


@patch(
    "/queue/{queue:str}",
    sync_to_thread=True,
    summary="Change a queue",
    responses=problems(404, 503),
)
def patch_queue(
    services: ServicesDependency, queue: FromPath[str], data: JSONBody[QueueChange]
) -> QueueBody:
    """Let more or fewer jobs of a queue run at once, from now on; those that run go on."""
    with services.database.write() as session:
        set_concurrency(session, queue, data.concurrency)
    return _queue(services, queue)


@post(
    "/queue/{queue:str}/pause",
    sync_to_thread=True,
    status_code=200,
    summary="Pause a queue",
    responses=problems(404, 503),
)
def pause_queue(services: ServicesDependency, queue: FromPath[str]) -> QueueBody:
    """Let no more jobs of a queue start; those that run go on."""
    with services.database.write() as session:
        pause(session, queue)
    return _queue(services, queue)


@post(
    "/queue/{queue:str}/resume",
    sync_to_thread=True,
    status_code=200,
    summary="Resume a queue",
    responses=problems(404, 503),
)
def resume_queue(services: ServicesDependency, queue: FromPath[str]) -> QueueBody:
    """Let the jobs of a paused queue start again."""
    with services.database.write() as session:
        resume(session, queue)
    return _queue(services, queue)


@post(
    "/queue/{queue:str}/retry-failed",
    sync_to_thread=True,
    status_code=202,
    summary="Retry all failed jobs",
    operation_class=OptionalBody,
    responses=problems(404, 503),
)
def post_retry_failed(
    services: ServicesDependency,
    queue: FromPath[str],
    data: JSONBody[FailedJobs | None] = None,
) -> RetriedBody:
    """Put the failed jobs back into their queue: all of them, or those with an error's code."""
    code = data.code if data else None
    done = retry_failed(services.database, services.registry, services.user_id, queue, code=code)
    return RetriedBody(done.retried, done.skipped)


@post(
    "/queue/{queue:str}/cancel",
    sync_to_thread=True,
    status_code=200,
    summary="Cancel many jobs",
    responses=problems(404, 503),
)
def post_cancel(
    services: ServicesDependency, queue: FromPath[str], data: SomeLiveJobs
) -> CancelledBody:
    """Cancel jobs: those with the ids given, or all that are live and fit what is said."""
    given = {name: value for name, value in msgspec.structs.asdict(data).items() if value != UNSET}
    database, registry, user_id = services.database, services.registry, services.user_id
    if not given:
        raise ProblemError(
            400, "bad_request", 'Say which jobs: {"ids": […]}, or {"state": "live"} for all.'
        )
    if given.keys() == {"ids"}:
        done = cancel_jobs(database, registry, user_id, queue, given["ids"])
    else:
        wanted = Wanted(
            queue=queue,
            ids=given.get("ids"),
            states=LIVE if given.get("state", "live") == "live" else [given["state"]],
            code=given.get("code"),
            trigger=given.get("trigger"),
            subject=given.get("document_id"),
        )
        done = cancel_matching(database, registry, user_id, wanted)
    return CancelledBody(done.cancelled, done.told, done.already_ended, done.unknown)


def _queue(services: Services, name: str) -> QueueBody:
    with services.database.read() as session:
        return msgspec.convert(overview(session, [name])[0], QueueBody)


QUEUE_HANDLERS = [
    get_queues,
    get_queue,
    patch_queue,
    pause_queue,
    resume_queue,
    post_retry_failed,
    post_cancel,
]
