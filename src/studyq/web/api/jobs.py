"""Jobs: list and search them, look at one, cancel it, retry it, let it start earlier or later."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta
from sqlalchemy.orm import Session

from studyq.jobs.describing import describe_closely, describe_job, describe_jobs
from studyq.jobs.enqueue import PRIORITY_RANGE
from studyq.jobs.finding import VIEWS, View, Wanted, find_job, find_jobs, require_queue
from studyq.jobs.service import cancel, retry, set_priority
from studyq.library.service import documents_named
from studyq.web.api.paging import Cursor, Limit, next_path
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.schemas import JobBody, JobDetail, JobList, State
from studyq.web.problems import problems
from studyq.web.services import Services

States = Annotated[
    list[State] | None,
    QueryParameter(name="state", max_items=6, description="May be given several times."),
]
Text = Annotated[
    str | None,
    QueryParameter(
        name="q",
        max_length=200,
        description="Stands in the id, the name, the message, the error, or the document's title.",
    ),
]
Word = Annotated[str | None, QueryParameter(max_length=200)]


class JobChange(msgspec.Struct, forbid_unknown_fields=True):
    """What can be changed of a job that waits: higher priorities start first."""

    priority: Annotated[int, Meta(ge=PRIORITY_RANGE[0], le=PRIORITY_RANGE[1])]


@get("/jobs", sync_to_thread=True, summary="List jobs of all queues", responses=problems())
def get_all_jobs(
    services: ServicesDependency,
    view: FromQuery[View] = "all",
    states: States = None,
    text: Text = None,
    trigger: Word = None,
    code: Word = None,
    document_id: Word = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobList:
    """Jobs of all queues, newest first. `needs_attention` are those that failed.

    `state` takes the place of `view`; `code` is that of the last error.
    """
    query = {"q": text, "trigger": trigger, "code": code, "document_id": document_id}
    with services.database.read() as session:
        wanted = _wanted(session, services, states=states or VIEWS[view], **query)
        return _page(
            session, services, wanted, cursor, limit, "/jobs", view=view, state=states, **query
        )


@get("/jobs/{job_id:str}", sync_to_thread=True, summary="Find a job", responses=problems(404))
def get_any_job(services: ServicesDependency, job_id: FromPath[str]) -> JobDetail:
    """One job, whichever queue it is in."""
    return _detail(services, job_id)


@get("/queue/{queue:str}/jobs", sync_to_thread=True, summary="List jobs", responses=problems(404))
def get_jobs(
    services: ServicesDependency,
    queue: FromPath[str],
    states: States = None,
    text: Text = None,
    trigger: Word = None,
    code: Word = None,
    document_id: Word = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobList:
    """Jobs of a queue, newest first; `code` is that of the last error."""
    query = {"q": text, "trigger": trigger, "code": code, "document_id": document_id}
    with services.database.read() as session:
        require_queue(session, queue)
        wanted = _wanted(session, services, queue=queue, states=states or [], **query)
        path = f"/queue/{queue}/jobs"
        return _page(session, services, wanted, cursor, limit, path, state=states, **query)


@get(
    "/queue/{queue:str}/jobs/{job_id:str}",
    sync_to_thread=True,
    summary="Look at a job",
    responses=problems(404),
)
def get_job(services: ServicesDependency, queue: FromPath[str], job_id: FromPath[str]) -> JobDetail:
    """One job: its state and progress, what it was given, its attempts, story and receipt."""
    return _detail(services, job_id, queue)


@patch(
    "/queue/{queue:str}/jobs/{job_id:str}",
    sync_to_thread=True,
    summary="Change a job",
    responses=problems(404, 409, 503),
)
def patch_job(
    services: ServicesDependency,
    queue: FromPath[str],
    job_id: FromPath[str],
    data: JSONBody[JobChange],
) -> JobBody:
    """Let a job that waits start earlier or later than others."""
    with services.database.write() as session:
        _require(session, services, queue, job_id)
        set_priority(session, services.user_id, job_id, data.priority)
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
        _require(session, services, queue, job_id)
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
        _require(session, services, queue, job_id)
        retry(session, services.registry, services.user_id, job_id)
    return _job(services, queue, job_id)


def _wanted(
    session: Session,
    services: Services,
    *,
    q: str | None,
    trigger: str | None,
    code: str | None,
    document_id: str | None,
    **more: Any,
) -> Wanted:
    text = (q or "").strip()
    named = documents_named(session, services.user_id, text) if text else []
    return Wanted(
        text=text, subjects=named, trigger=trigger, code=code, subject=document_id, **more
    )


def _page(
    session: Session,
    services: Services,
    wanted: Wanted,
    cursor: str | None,
    limit: int,
    path: str,
    **query: str | list[State] | None,
) -> JobList:
    rows = find_jobs(session, services.user_id, wanted, before=cursor, limit=limit + 1)
    items = msgspec.convert(describe_jobs(session, rows[:limit]), list[JobBody])
    return JobList(items, next_path(path, rows, limit, **query))


def _require(session: Session, services: Services, queue: str, job_id: str) -> Any:
    require_queue(session, queue)
    return find_job(session, services.user_id, job_id, queue)


def _job(services: Services, queue: str, job_id: str) -> JobBody:
    with services.database.read() as session:
        row = _require(session, services, queue, job_id)
        return msgspec.convert(describe_job(session, row), JobBody)


def _detail(services: Services, job_id: str, queue: str | None = None) -> JobDetail:
    with services.database.read() as session:
        if queue is not None:
            require_queue(session, queue)
        row = find_job(session, services.user_id, job_id, queue)
        told = describe_closely(session, row, tracebacks=services.is_administrator)
        return msgspec.convert(told, JobDetail)


JOB_HANDLERS = [
    get_all_jobs,
    get_any_job,
    get_jobs,
    get_job,
    patch_job,
    delete_job,
    retry_job,
]
