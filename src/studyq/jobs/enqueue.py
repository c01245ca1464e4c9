"""Putting work into a queue, in the transaction of the data that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import new_id, now
from studyq.database.engine import Database, announce
from studyq.database.prepared import Prepared, constant
from studyq.jobs.events import append_arrivals
from studyq.jobs.models import HELD, LIVE_SQL, Job, State
from studyq.jobs.spans import enqueuing
from studyq.logs import request_id
from studyq.tracing import traceparent

MAX_ATTEMPTS = 3
PRIORITY_RANGE = (-100, 100)
QUEUES_TOPIC = "queues"  #: announced when an operator has changed a queue

#: What every job begins with.
_BEGINNING: dict[str, str | int | None] = {
    "attempt": 0,
    "advanced": 0,
    "losses": 0,
    "token": 0,
    "worker_id": None,
    "lease_until": None,
    "cancel_requested": 0,
    "progress": 0,
    "resume_progress": 0,
    "message": "",
    "detail": "{}",
    "checkpoint": "{}",
    "result": None,
    "errors": "[]",
    "started_at": None,
    "progressed_at": None,
    "finished_at": None,
}
_INSERT = Prepared(
    sa.insert(Job).values({name: constant(value) for name, value in _BEGINNING.items()}),
    [column.name for column in Job.__table__.columns if column.name not in _BEGINNING],
)


@dataclass(frozen=True)
class NewJob:
    """A job to be enqueued.

    Args:
        queue: one of the queues.
        name: the handler's name in that queue.
        user_id: whose job it is.
        payload: what the handler needs; never a secret.
        subject: the id of what it works on.
        priority: from -100 to 100, higher first.
        delay: seconds until it may start.
        unique_key: while a live job has this key, no second one is made.
        trigger: user, retry, reprocess or schedule.
        after: the id of a job that must have completed before this one starts; with no delay.
    """

    queue: str
    name: str
    user_id: str
    payload: dict[str, Any] = field(default_factory=dict)
    subject: str | None = None
    priority: int = 0
    delay: float = 0.0
    unique_key: str | None = None
    max_attempts: int = MAX_ATTEMPTS
    trigger: str = "user"
    after: str | None = None

    def __post_init__(self) -> None:
        check_priority(self.priority)
        if self.delay < 0 or self.max_attempts < 1:
            raise ValueError("a delay is not negative, and a job has at least one attempt")
        if self.delay and self.after is not None:
            raise ValueError("a job that comes after another has no delay of its own")


def check_priority(priority: int) -> None:
    """Refuse a priority that is none.

    Raises:
        ValueError: when it is out of range.
    """
    low, high = PRIORITY_RANGE
    if not low <= priority <= high:
        raise ValueError(f"a priority is a number from {low} to {high}, not {priority}")


def queue_topic(queue: str) -> str:
    """The topic announced when a queue may have work."""
    return f"queue:{queue}"


def enqueue(session: Session, job: NewJob) -> str:
    """Write a job in the caller's transaction; its queue is rung when that commits.

    Returns:
        The job's id, or that of the live job with the same unique key.
    """
    return _enqueue(session.connection(), job)


def submit(database: Database, job: NewJob) -> str:
    """Write a job that belongs to no other data, in a transaction of its own, and ring its queue.

    Returns:
        As `enqueue`; the job is committed.
    """
    with database.hold() as connection:
        return _enqueue(connection, job)


def enqueue_many(connection: sa.Connection, jobs: Sequence[NewJob]) -> list[str]:
    """Write many jobs in the running transaction; unique keys must not be taken.

    Returns:
        Their ids, in the order given.
    """
    if not jobs:
        return []
    at = now()
    with enqueuing(jobs):
        origin = {"request_id": request_id(), "traceparent": traceparent()}
        rows = [_row(job, at, origin) for job in jobs]
        for row in rows:
            if row["after_id"] is not None:
                row["state"], row["run_at"] = first_time(connection, row["after_id"], at)
        _INSERT.run_many(connection, rows)
        append_arrivals(connection, (_arrival(row, at) for row in rows))
    for queue in {job.queue for job in jobs}:
        announce(connection, queue_topic(queue))
    return [row["id"] for row in rows]


def first_time(connection: sa.Connection, after_id: str | None, at: int) -> tuple[str, int]:
    """The state in which a job enters its queue, and when it may start.

    Args:
        after_id: the job that comes before it. One that is gone has completed long ago, or has
            been given up together with what came after it.
        at: now.
    """
    if after_id is not None:
        state = connection.scalar(sa.select(Job.state).where(Job.id == after_id))
        if state not in (None, State.COMPLETED):
            return str(State.DELAYED), HELD
    return str(State.WAITING), at


def _enqueue(connection: sa.Connection, job: NewJob) -> str:
    if job.unique_key is not None:
        live = connection.scalar(
            # Literals, not parameters: only so does SQLite use the partial index.
            sa.select(Job.id).where(Job.unique_key == job.unique_key, LIVE_SQL)
        )
        if live is not None:
            return live
    return enqueue_many(connection, [job])[0]


def _row(job: NewJob, at: int, origin: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        **origin,
        "id": new_id(),
        "queue": job.queue,
        "name": job.name,
        "user_id": job.user_id,
        "subject": job.subject,
        "payload": job.payload,
        "state": str(State.DELAYED if job.delay else State.WAITING),
        "priority": job.priority,
        "run_at": at + round(job.delay * 1e6),
        "unique_key": job.unique_key,
        "after_id": job.after,
        "trigger": job.trigger,
        "max_attempts": job.max_attempts,
        "created_at": at,
    }


def _arrival(row: dict[str, Any], at: int) -> dict[str, Any]:
    return {
        "job_id": row["id"],
        "user_id": row["user_id"],
        "queue": row["queue"],
        "subject": row["subject"],
        "state": row["state"],
        "at": at,
    }
