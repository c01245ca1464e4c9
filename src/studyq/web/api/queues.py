"""Queues and their jobs: look, cancel, retry."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, QueryParameter
from sqlalchemy.orm import Session

from studyq.jobs.registry import QUEUES
from studyq.jobs.service import (
    cancel,
    counts,
    describe_job,
    find_job,
    list_jobs,
    require_queue,
    retry,
)
from studyq.web.api.paging import Cursor, Limit, next_path
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.schemas import JobBody, JobList, QueueBody, QueueList, State
from studyq.web.problems import problems
from studyq.web.services import Services

StateFilter = Annotated[State | None, QueryParameter(name="state")]
CancelledState = Literal["active", "cancelled"]


@get("/queue", sync_to_thread=True, summary="List queues", responses=problems())
def get_queues(services: ServicesDependency) -> QueueList:
    """All queues with how many of their jobs are in each state."""
    with services.database.read() as session:
        return QueueList([_queue(session, name) for name in QUEUES])


@get("/queue/{queue:str}", sync_to_thread=True, summary="Look at a queue", responses=problems(404))
def get_queue(services: ServicesDependency, queue: FromPath[str]) -> QueueBody:
    """One queue."""
    with services.database.read() as session:
        return _queue(session, queue)


@get("/queue/{queue:str}/jobs", sync_to_thread=True, summary="List jobs", responses=problems(404))
def get_jobs(
    services: ServicesDependency,
    queue: FromPath[str],
    wanted: StateFilter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobList:
    """Jobs of a queue, newest first."""
    with services.database.read() as session:
        require_queue(session, queue)
        rows = list_jobs(
            session,
            services.user_id,
            queue=queue,
            states=[wanted] if wanted else [],
            before=cursor,
            limit=limit + 1,
        )
        items = [msgspec.convert(describe_job(session, row), JobBody) for row in rows[:limit]]
    return JobList(items, next_path(f"/queue/{queue}/jobs", rows, limit, state=wanted))


@get(
    "/queue/{queue:str}/jobs/{job_id:str}",
    sync_to_thread=True,
    summary="Look at a job",
    responses=problems(404),
)
def get_job(services: ServicesDependency, queue: FromPath[str], job_id: FromPath[str]) -> JobBody:
    """One job: its state, progress, attempts and receipt."""
    return _job(services, queue, job_id)


@delete(
    "/queue/{queue:str}/jobs/{job_id:str}",
    sync_to_thread=True,
    status_code=200,
    summary="Cancel a job",
    responses=problems(404, 409, 503),
)
def delete_job(
    services: ServicesDependency, queue: FromPath[str], job_id: FromPath[str]
) -> JobBody:
    """Cancel a job: one that waits at once, one that runs within two seconds."""
    with services.database.write() as session:
        require_queue(session, queue)
        find_job(session, services.user_id, job_id, queue)
        cancel(session, services.registry, services.user_id, job_id)
    return _job(services, queue, job_id)


@post(
    "/queue/{queue:str}/jobs/{job_id:str}/retry",
    sync_to_thread=True,
    status_code=202,
    summary="Retry a job",
    responses=problems(404, 409, 503),
)
def retry_job(services: ServicesDependency, queue: FromPath[str], job_id: FromPath[str]) -> JobBody:
    """Put a failed or cancelled job back into its queue; it goes on from its checkpoint."""
    with services.database.write() as session:
        require_queue(session, queue)
        find_job(session, services.user_id, job_id, queue)
        retry(session, services.registry, services.user_id, job_id)
    return _job(services, queue, job_id)


def _job(services: Services, queue: str, job_id: str) -> JobBody:
    with services.database.read() as session:
        require_queue(session, queue)
        row = find_job(session, services.user_id, job_id, queue)
        return msgspec.convert(describe_job(session, row), JobBody)


def _queue(session: Session, name: str) -> QueueBody:
    queue = require_queue(session, name)
    return QueueBody(queue.name, queue.paused, queue.concurrency, counts(session, name))


QUEUE_HANDLERS = [get_queues, get_queue, get_jobs, get_job, delete_job, retry_job]
