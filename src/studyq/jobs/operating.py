"""What an operator does to a queue: pause it, widen it, retry what failed, cancel many at once.

What touches many jobs goes over them in batches, each a short write of its own, so that workers and
requests get their turn in between. A kill in the middle leaves whole batches done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import Database, announce
from studyq.jobs.enqueue import QUEUES_TOPIC, queue_topic
from studyq.jobs.finding import UnknownJobError, Wanted, conditions, find_job, require_queue
from studyq.jobs.models import LIVE, Job, State
from studyq.jobs.registry import Registry
from studyq.jobs.service import WrongStateError, cancel, retry

BATCH = 50  #: jobs changed in one transaction
CONCURRENCY_RANGE = (1, 64)


@dataclass
class Retried:
    """What retrying many did.

    Args:
        skipped: left alone, because another job does their work by now or they were changed.
    """

    retried: int = 0
    skipped: int = 0


@dataclass
class Cancelled:
    """What cancelling many did.

    Args:
        told: they run, and end as soon as they look.
        unknown: there is no such job in this queue.
    """

    cancelled: int = 0
    told: int = 0
    already_ended: int = 0
    unknown: int = 0


def pause(session: Session, queue: str) -> None:
    """Let no more jobs of a queue start; those that run go on.

    Raises:
        UnknownQueueError: when there is none.
    """
    require_queue(session, queue).paused = True
    _tell(session, queue)


def resume(session: Session, queue: str) -> None:
    """Let the jobs of a queue start again.

    Raises:
        UnknownQueueError: when there is none.
    """
    require_queue(session, queue).paused = False
    _tell(session, queue)


def set_concurrency(session: Session, queue: str, concurrency: int) -> None:
    """Let so many jobs of a queue run at once, over all processes; those that run go on.

    It stays in force over restarts until the queue's setting is changed.

    Raises:
        UnknownQueueError: when there is none.
        ValueError: for a number that is not from 1 to 64.
    """
    low, high = CONCURRENCY_RANGE
    if not low <= concurrency <= high:
        raise ValueError(f"from {low} to {high} jobs can run at once, not {concurrency}")
    require_queue(session, queue).concurrency = concurrency
    _tell(session, queue)


def retry_failed(
    database: Database, registry: Registry, user_id: str, queue: str, *, code: str | None = None
) -> Retried:
    """Put all jobs of a queue that have failed by now back into it.

    Args:
        code: only those whose last error has it.

    Raises:
        UnknownQueueError: when there is none.
    """
    wanted = Wanted(queue=queue, states=[State.FAILED], code=code)
    done = Retried()

    def put_back(session: Session, job_id: str) -> None:
        try:
            retry(session, registry, user_id, job_id)
            done.retried += 1
        except (UnknownJobError, WrongStateError):
            done.skipped += 1

    # One that fails again meanwhile is not retried again.
    for ids in _batches(database, user_id, wanted, Job.finished_at <= now()):
        _change(database, ids, put_back)
    return done


def cancel_jobs(
    database: Database, registry: Registry, user_id: str, queue: str, ids: Sequence[str]
) -> Cancelled:
    """Cancel the jobs of a queue that have these ids.

    Raises:
        UnknownQueueError: when there is none.
    """
    with database.read() as session:
        require_queue(session, queue)
    done = Cancelled()
    left = list(dict.fromkeys(ids))
    while left:
        _cancel(database, registry, user_id, queue, left[:BATCH], done)
        del left[:BATCH]
    return done


def cancel_matching(
    database: Database, registry: Registry, user_id: str, wanted: Wanted
) -> Cancelled:
    """Cancel all jobs of a queue that are wanted and live; those that come meanwhile are not.

    Args:
        wanted: with a queue, and with states that are live.

    Raises:
        UnknownQueueError: when there is none.
    """
    if wanted.queue is None or not wanted.states or not set(wanted.states) <= set(LIVE):
        raise ValueError("jobs to cancel are named by their queue and by states that are live")
    done = Cancelled()
    for ids in _batches(database, user_id, wanted, Job.created_at <= now()):
        _cancel(database, registry, user_id, wanted.queue, ids, done)
    return done


def _cancel(
    database: Database,
    registry: Registry,
    user_id: str,
    queue: str,
    ids: Sequence[str],
    done: Cancelled,
) -> None:
    def end(session: Session, job_id: str) -> None:
        try:
            find_job(session, user_id, job_id, queue)
            state = cancel(session, registry, user_id, job_id)
        except UnknownJobError:
            done.unknown += 1
        except WrongStateError:
            done.already_ended += 1
        else:
            done.told += state == State.ACTIVE
            done.cancelled += state == State.CANCELLED

    _change(database, ids, end)


def _batches(
    database: Database, user_id: str, wanted: Wanted, *more: sa.ColumnElement[bool]
) -> Iterator[Sequence[str]]:
    """Ids of the jobs that are wanted, batch after batch, each found when it is its turn."""
    with database.read() as session:
        require_queue(session, str(wanted.queue))
    query = sa.select(Job.id).where(Job.user_id == user_id, *conditions(wanted), *more)
    last = ""
    while True:
        with database.read() as session:
            ids = session.scalars(query.where(Job.id > last).order_by(Job.id).limit(BATCH)).all()
        if not ids:
            return
        yield ids
        last = ids[-1]


def _change(database: Database, ids: Sequence[str], change: Callable[[Session, str], None]) -> None:
    with database.write() as session:
        for job_id in ids:
            change(session, job_id)


def _tell(session: Session, queue: str) -> None:
    connection = session.connection()
    announce(connection, QUEUES_TOPIC)
    announce(connection, queue_topic(queue))
