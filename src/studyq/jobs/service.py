"""What other rooms may ask of the job layer: look at jobs, cancel and retry them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import isoformat, now
from studyq.database.engine import announce
from studyq.jobs.claims import Claim
from studyq.jobs.enqueue import MAX_ATTEMPTS, queue_topic
from studyq.jobs.events import append_events
from studyq.jobs.models import ENDED, Job, Queue, State, Worker
from studyq.jobs.registry import Registry
from studyq.jobs.worker import CANCELLED

WORKER_SILENT = 30.0  #: seconds after which a worker does not count as alive

_JOB = Job.__table__.columns


class UnknownQueueError(LookupError):
    """There is no queue of this name."""


class UnknownJobError(LookupError):
    """There is no job with this id, in this queue, of this user."""


class WrongStateError(Exception):
    """The job's state does not allow this."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


def require_queue(session: Session, name: str) -> Queue:
    """The queue's row.

    Raises:
        UnknownQueueError: when there is none.
    """
    queue = session.get(Queue, name)
    if queue is None:
        raise UnknownQueueError(name)
    return queue


def find_job(session: Session, user_id: str, job_id: str, queue: str | None = None) -> Any:
    """A job's row.

    Raises:
        UnknownJobError: when the user has none with this id (in this queue, if given).
    """
    query = sa.select(*_JOB).where(Job.id == job_id, Job.user_id == user_id)
    if queue is not None:
        query = query.where(Job.queue == queue)
    row = session.execute(query).one_or_none()
    if row is None:
        raise UnknownJobError(job_id)
    return row


def list_jobs(
    session: Session,
    user_id: str,
    *,
    queue: str | None = None,
    states: Sequence[str] = (),
    before: str | None = None,
    limit: int = 50,
) -> list[Any]:
    """Jobs, newest first.

    Args:
        before: an id to go on behind.
    """
    query = sa.select(*_JOB).where(Job.user_id == user_id)
    if queue is not None:
        query = query.where(Job.queue == queue)
    if states:
        query = query.where(Job.state.in_(states))
    if before is not None:
        query = query.where(Job.id < before)
    return list(session.execute(query.order_by(Job.id.desc()).limit(limit)))


def counts(session: Session, queue: str) -> dict[str, int]:
    """How many jobs of a queue are in each state."""
    query = sa.select(Job.state, sa.func.count()).where(Job.queue == queue).group_by(Job.state)
    found = {state: number for state, number in session.execute(query)}  # noqa: C416  # rows
    return {state: found.get(state, 0) for state in State}


def live_job_of(session: Session, subject: str) -> Any | None:
    """The newest job that works on something."""
    query = sa.select(*_JOB).where(Job.subject == subject).order_by(Job.id.desc()).limit(1)
    return session.execute(query).one_or_none()


def cancel(session: Session, registry: Registry, user_id: str, job_id: str) -> str:
    """Cancel a job: one that waits at once, one that runs as soon as it looks.

    Returns:
        The state it is in now; `active` means that it has been told.

    Raises:
        UnknownJobError: when there is none.
        WrongStateError: when it has ended.
    """
    row = find_job(session, user_id, job_id)
    if row.state in ENDED:
        raise WrongStateError(
            row.state, f"This job is {row.state}; only a live job can be cancelled."
        )
    if row.state == State.ACTIVE:
        session.execute(sa.update(Job).where(Job.id == job_id).values(cancel_requested=True))
        return State.ACTIVE
    at = now()
    connection = session.connection()
    connection.execute(
        sa.update(Job)
        .where(Job.id == job_id)
        .values(state=State.CANCELLED, cancel_requested=True, finished_at=at)
    )
    claim = Claim(row)
    claim.message = str(CANCELLED["message"])
    append_events(connection, [claim.event("state", State.CANCELLED, {"error": CANCELLED}, at)])
    registry.tell_change(connection, claim, State.CANCELLED, CANCELLED)
    return State.CANCELLED


def retry(session: Session, registry: Registry, user_id: str, job_id: str) -> None:
    """Put a failed or cancelled job back into its queue, with three more attempts.

    Raises:
        UnknownJobError: when there is none.
        WrongStateError: when it has not failed, or a live job with its unique key exists.
    """
    row = find_job(session, user_id, job_id)
    if row.state not in (State.FAILED, State.CANCELLED):
        raise WrongStateError(
            row.state, f"This job is {row.state}; only a failed job can be retried."
        )
    twin = row.unique_key is not None and session.scalar(
        sa.select(sa.true()).where(
            Job.unique_key == row.unique_key, Job.state.not_in(ENDED), Job.id != job_id
        )
    )
    if twin:
        raise WrongStateError(row.state, "Another job is already doing this work.")
    at = now()
    connection = session.connection()
    connection.execute(
        sa.update(Job)
        .where(Job.id == job_id)
        .values(
            state=State.WAITING,
            run_at=at,
            trigger="retry",
            max_attempts=row.attempt + MAX_ATTEMPTS,
            losses=0,
            cancel_requested=False,
            worker_id=None,
            finished_at=None,
        )
    )
    claim = Claim(row)
    claim.message = ""
    append_events(connection, [claim.event("state", State.WAITING, {}, at)])
    announce(connection, queue_topic(row.queue))
    registry.tell_change(connection, claim, State.WAITING, None)


def cancel_all_of(session: Session, registry: Registry, user_id: str, subject: str) -> None:
    """Cancel every live job that works on something."""
    query = sa.select(Job.id).where(
        Job.user_id == user_id, Job.subject == subject, Job.state.not_in(ENDED)
    )
    for job_id in session.scalars(query).all():
        cancel(session, registry, user_id, job_id)


def waiting_for(session: Session, row: Any) -> str | None:
    """Say in words why a job is not running; None when it runs or has ended."""
    if row.state == State.DELAYED:
        seconds = max(1, round((row.run_at - now()) / 1e6))
        return f"{'retry' if row.attempt else 'start'} in {seconds} s"
    if row.state != State.WAITING:
        return None
    if require_queue(session, row.queue).paused:
        return "the queue is paused"
    alive = session.scalar(
        sa.select(sa.func.count()).where(Worker.seen_at > now() - round(WORKER_SILENT * 1e6))
    )
    if not alive:
        return "no worker is running"
    ahead = session.scalar(
        sa.select(sa.func.count()).where(
            Job.queue == row.queue,
            Job.state == State.WAITING,
            sa.or_(
                Job.priority > row.priority,
                sa.and_(Job.priority == row.priority, Job.run_at < row.run_at),
            ),
        )
    )
    return f"{ahead} ahead of it" if ahead else "next in line"


def describe_job(session: Session, row: Any) -> dict[str, Any]:
    """A job as the API tells it; never its payload's secrets, for there are none."""
    failures = row.errors
    last = failures[-1] if row.state == State.FAILED and failures else None
    return {
        "id": row.id,
        "queue": row.queue,
        "name": row.name,
        "document_id": row.subject,
        "state": row.state,
        "progress": row.progress,
        "message": row.message,
        "attempts_made": row.attempt,
        "max_attempts": row.max_attempts,
        "priority": row.priority,
        "trigger": row.trigger,
        "cancel_requested": row.cancel_requested,
        "created_at": isoformat(row.created_at),
        "started_at": isoformat(row.started_at),
        "finished_at": isoformat(row.finished_at),
        "run_at": isoformat(row.run_at),
        "waiting_for": waiting_for(session, row),
        "error": last and {"code": last["code"], "message": last["message"]},
        "errors": [
            {key: failure[key] for key in ("attempt", "code", "class", "message", "at")}
            for failure in failures
        ],
        "result": row.result,
        "detail": row.detail,
    }
