"""What other rooms may ask of the job layer about one job: look at it, cancel it, retry it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import announce
from studyq.jobs.claims import Claim
from studyq.jobs.describing import describe_closely, describe_job, describe_jobs, waiting_for
from studyq.jobs.enqueue import MAX_ATTEMPTS, check_priority, first_time, queue_topic
from studyq.jobs.events import append_events
from studyq.jobs.finding import (
    UnknownJobError,
    UnknownQueueError,
    Wanted,
    find_job,
    find_jobs,
    require_queue,
)
from studyq.jobs.models import ENDED, LIVE_SQL, Job, State
from studyq.jobs.presence import WORKER_SILENT
from studyq.jobs.registry import Registry
from studyq.jobs.worker import CANCELLED

__all__ = [
    "WORKER_SILENT",
    "UnknownJobError",
    "UnknownQueueError",
    "Wanted",
    "WrongStateError",
    "cancel",
    "cancel_all_of",
    "describe_closely",
    "describe_job",
    "describe_jobs",
    "find_job",
    "find_jobs",
    "require_queue",
    "retry",
    "set_priority",
    "waiting_for",
]


class WrongStateError(Exception):
    """The job's state does not allow this."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


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
        sa.select(sa.true()).where(Job.unique_key == row.unique_key, LIVE_SQL)
    )
    if twin:
        raise WrongStateError(row.state, "Another job is already doing this work.")
    at = now()
    connection = session.connection()
    state, run_at = first_time(connection, row.after_id, at)
    connection.execute(
        sa.update(Job)
        .where(Job.id == job_id)
        .values(
            state=state,
            run_at=run_at,
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
    append_events(connection, [claim.event("state", state, {}, at)])
    announce(connection, queue_topic(row.queue))
    registry.tell_change(connection, claim, state, None)


def set_priority(session: Session, user_id: str, job_id: str, priority: int) -> None:
    """Let a job that waits start earlier or later than others.

    Args:
        priority: from -100 to 100, higher first.

    Raises:
        UnknownJobError: when there is none.
        WrongStateError: when it runs or has ended.
        ValueError: for a priority out of range.
    """
    check_priority(priority)
    row = find_job(session, user_id, job_id)
    if row.state not in (State.WAITING, State.DELAYED):
        raise WrongStateError(
            row.state, f"This job is {row.state}; its priority matters only while it waits."
        )
    session.execute(sa.update(Job).where(Job.id == job_id).values(priority=priority))


def cancel_all_of(session: Session, registry: Registry, user_id: str, subject: str) -> None:
    """Cancel every live job that works on something."""
    query = sa.select(Job.id).where(
        Job.user_id == user_id, Job.subject == subject, Job.state.not_in(ENDED)
    )
    for job_id in session.scalars(query).all():
        cancel(session, registry, user_id, job_id)
