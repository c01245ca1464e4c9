"""Server-sent events: what happens to one job, or to all of the user's, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated

from litestar import get
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, HeaderParameter
from sse_starlette import EventSourceResponse, ServerSentEvent

from studyq.jobs.events import Event
from studyq.jobs.service import find_job, require_queue
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.problems import problems
from studyq.web.services import Services

PING = 15  #: seconds between comments that keep proxies from closing a quiet stream
STOP_GRACE = 1.0  #: seconds that a stream may take to end in good order when the server stops
SEND_TIMEOUT = 30.0  #: seconds that a reader may take for one event before its stream is closed
FROM_NOWHERE = 2**63 - 1  #: the place of a client whose Last-Event-ID makes no sense

LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID")]


@get(
    "/queue/{queue:str}/jobs/{job_id:str}/events",
    media_type="text/event-stream",
    summary="Follow a job",
    responses=problems(404),
)
async def job_events(
    services: ServicesDependency,
    queue: FromPath[str],
    job_id: FromPath[str],
    last_event_id: LastEventId = None,
) -> EventSourceResponse:
    """All events of a job, from its first or from behind Last-Event-ID, until it has ended."""
    await sync_to_thread(_require_job, services, queue, job_id)
    return _stream(services, job_id=job_id, after=_place(last_event_id))


@get("/events", media_type="text/event-stream", summary="Follow all jobs", responses=problems())
async def all_events(
    services: ServicesDependency, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Events of all jobs from now on, or from behind Last-Event-ID; it does not end by itself."""
    return _stream(services, job_id=None, after=_place(last_event_id))


def _require_job(services: Services, queue: str, job_id: str) -> None:
    with services.database.read() as session:
        require_queue(session, queue)
        find_job(session, services.user_id, job_id, queue)


def _place(last_event_id: str | None) -> int | None:
    if last_event_id is None or last_event_id == "":
        return None
    plausible = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19
    return int(last_event_id) if plausible else FROM_NOWHERE


def _stream(services: Services, *, job_id: str | None, after: int | None) -> EventSourceResponse:
    async def messages() -> AsyncIterator[bytes]:
        follow = services.tail.follow(user_id=services.user_id, job_id=job_id, after=after)
        async for event in follow:
            yield _frame(event)

    return EventSourceResponse(
        messages(),
        ping=PING,
        send_timeout=SEND_TIMEOUT,
        shutdown_grace_period=STOP_GRACE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@lru_cache(maxsize=256)
def _frame(event: Event) -> bytes:
    """The event on the wire; made once, however many clients listen."""
    return ServerSentEvent(data=event.data, id=str(event.id), event=event.event).encode()
