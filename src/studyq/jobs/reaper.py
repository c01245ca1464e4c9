"""Gives back what dead workers held, and makes due jobs claimable.

A thread runs it, not a job: the sweep must not wait in the queue that it unblocks.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
import structlog

from studyq.database.base import isoformat, now
from studyq.database.engine import Database, announce
from studyq.jobs import claims
from studyq.jobs.backoff import backoff
from studyq.jobs.claims import Claim
from studyq.jobs.enqueue import queue_topic
from studyq.jobs.errors import LeaseLost
from studyq.jobs.events import append_events
from studyq.jobs.identity import host_name, process_started
from studyq.jobs.models import ACTIVE_SQL, DELAYED_SQL, WAITING_SQL, Job, Queue, State, Worker
from studyq.jobs.registry import Registry
from studyq.jobs.worker import CANCELLED

log = structlog.get_logger("studyq.jobs")

BATCH = 200


def reap(
    database: Database, registry: Registry, *, executing: Collection[tuple[str, int]] = ()
) -> int:
    """Take expired and orphaned jobs from their workers.

    An attempt that had moved its checkpoint is not held against a job whose worker died: the job
    goes on from there, at the front of its queue. One that had not counts; the first such loss
    leaves the job at the front, later ones back off, and after its last attempt it fails with
    `worker_lost`. So a job that kills its process ends, and one that gets on is carried through.
    Those that back off together come back one after another: if one of them kills its process
    each time, the others are not beside it again.

    Args:
        executing: executions of this very process, which only their own thread may end.

    Returns:
        How many jobs were taken.
    """
    with database.read() as session:
        gone = _gone_workers(session.connection())
        rows = session.execute(
            sa.select(*Job.__table__.columns)
            .where(
                ACTIVE_SQL,
                sa.or_(Job.lease_until < now(), Job.worker_id.in_(gone)),
            )
            .limit(BATCH)
        ).all()
    taken = again = 0
    for row in rows:
        if (row.id, row.token) not in executing:
            again += row.losses > 0 and not row.advanced
            taken += _take(database, registry, row, again)
    if gone:
        with database.write() as session:
            held = sa.select(Job.worker_id).where(ACTIVE_SQL)
            session.execute(sa.delete(Worker).where(Worker.id.in_(gone), Worker.id.not_in(held)))
    return taken


def promote(database: Database) -> int | None:
    """Make delayed jobs whose time has come claimable.

    Returns:
        When the next one is due, if any is left.
    """
    with database.read() as session:
        due = session.scalar(sa.select(sa.func.min(Job.run_at)).where(DELAYED_SQL))
    if due is None or due > now():
        return due
    with database.write() as session:
        connection = session.connection()
        at = now()
        rows = connection.execute(
            sa.update(Job)
            .where(DELAYED_SQL, Job.run_at <= at)
            .values(state=State.WAITING)
            .returning(*Job.__table__.columns)
        ).all()
        if rows:
            append_events(
                connection, [Claim(row).event("state", State.WAITING, {}, at) for row in rows]
            )
        for queue in {row.queue for row in rows}:
            announce(connection, queue_topic(queue))
    return None


def queues_with_work(database: Database) -> list[str]:
    """Queues that have a waiting job, whether or not anybody rang."""
    with database.read() as session:
        waits = sa.exists().where(Job.queue == Queue.name, WAITING_SQL)
        return list(session.scalars(sa.select(Queue.name).where(waits)))


def _gone_workers(connection: sa.Connection) -> list[str]:
    """Workers of this machine whose process is gone."""
    query = sa.select(Worker.id, Worker.pid, Worker.pid_started).where(Worker.host == host_name())
    return [
        row.id for row in connection.execute(query) if process_started(row.pid) != row.pid_started
    ]


def _take(database: Database, registry: Registry, row: Any, turn: int) -> bool:
    claim = Claim(row)
    error = {
        "attempt": claim.attempt,
        "code": "worker_lost",
        "class": "WorkerLost",
        "message": "The process that ran this job ended or stopped answering.",
        "at": isoformat(now()),
    }
    log.warning(
        "worker lost", request_id=claim.request_id, job_id=claim.id, queue=claim.queue,
        attempt=claim.attempt, worker=row.worker_id,
    )  # fmt: skip
    try:
        with database.write() as session:
            connection = session.connection()
            event = _give_back(connection, registry, row, claim, error, turn)
            append_events(connection, [event])
            announce(connection, queue_topic(claim.queue))
    except LeaseLost:
        return False
    return True


def _give_back(
    connection: sa.Connection,
    registry: Registry,
    row: Any,
    claim: Claim,
    error: dict[str, Any],
    turn: int,
) -> dict[str, Any]:
    if row.cancel_requested:
        event = claims.end(connection, claim, State.CANCELLED, CANCELLED)
        registry.tell_change(connection, claim, State.CANCELLED, CANCELLED)
    elif row.advanced:
        event = claims.put_back(connection, claim, error=None, due=row.run_at)
        registry.tell_change(connection, claim, State.WAITING, None)
    elif claim.attempt >= claim.max_attempts:
        event = claims.end(connection, claim, State.FAILED, error)
        registry.tell_change(connection, claim, State.FAILED, error)
    else:
        delay = round(turn * backoff(row.losses) * 1e6)
        due = now() + delay if row.losses else row.run_at
        event = claims.put_back(connection, claim, error=error, due=due, lost=True)
        registry.tell_change(connection, claim, State.WAITING, error)
    return event
