"""Chains: a job that starts only once another one has completed.

Until then it is delayed, with `HELD` for its time, so that no claim ever looks at it. The
transaction that completes the first makes it claimable. A first that fails or is cancelled keeps it
waiting, and it says so, until somebody retries the first or cancels this one; when the first is old
enough to be deleted, this one fails.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.orm import InstrumentedAttribute, aliased

from studyq.database.base import isoformat, now
from studyq.database.engine import Database, announce
from studyq.database.prepared import Prepared, constant
from studyq.jobs.claims import Claim
from studyq.jobs.enqueue import queue_topic
from studyq.jobs.events import append_events
from studyq.jobs.models import DELAYED_SQL, HELD, Job, State
from studyq.jobs.registry import Registry

BATCH = 100

_JOB = Job.__table__.columns
_HELD = (sa.text("jobs.state = 'delayed'"), Job.run_at == HELD)
_HAS_NEXT = Prepared(sa.select(Job.id).where(Job.after_id == bindparam("done")).limit(constant(1)))
_RELEASE = Prepared(
    sa.update(Job)
    .where(Job.after_id == bindparam("done"), DELAYED_SQL)
    .values(state=constant("waiting"), run_at=bindparam("at"))
    .returning(*_JOB)
)


def release(connection: sa.Connection, job_id: str) -> list[dict[str, Any]]:
    """Let what comes after a job start, within the transaction that completes it.

    Returns:
        Events, to be appended in the same transaction.
    """
    if not _HAS_NEXT.all(connection, {"done": job_id}):  # most have none, and this costs less
        return []
    at = now()
    released = [Claim(row) for row in _RELEASE.all(connection, {"done": job_id, "at": at})]
    for claim in released:
        announce(connection, queue_topic(claim.queue))
    return [claim.event("state", State.WAITING, {}, at) for claim in released]


def give_up(database: Database, registry: Registry, *, failed: float) -> int:
    """Fail what comes after jobs that failed or were cancelled long ago, and after those gone.

    Args:
        failed: seconds that failed and cancelled jobs are kept.

    Returns:
        How many jobs failed; call again at once while it is 100.
    """
    first, line = aliased(Job), now() - round(failed * 1e6)
    hopeless = sa.or_(
        first.id.is_(None),
        sa.and_(first.state.in_((State.FAILED, State.CANCELLED)), first.finished_at < line),
    )
    with database.read() as session:
        ids = session.scalars(
            sa.select(Job.id)
            .outerjoin(first, first.id == Job.after_id)
            .where(*_HELD, hopeless)
            .limit(BATCH)
        ).all()
    if ids:
        with database.write() as session:
            connection = session.connection()
            rows = connection.execute(sa.select(*_JOB).where(Job.id.in_(ids), *_HELD)).all()
            append_events(connection, [_fail(connection, registry, row) for row in rows])
    return len(ids)


def held_behind(job_id: InstrumentedAttribute[str]) -> sa.ColumnElement[bool]:
    """Whether other jobs wait for a job; in SQL."""
    follower = aliased(Job)
    return sa.exists().where(
        follower.after_id == job_id, follower.state == State.DELAYED, follower.run_at == HELD
    )


def _fail(connection: sa.Connection, registry: Registry, row: Any) -> dict[str, Any]:
    claim, at = Claim(row), now()
    error = {
        "attempt": claim.attempt,
        "code": "predecessor_failed",
        "class": "PredecessorFailed",
        "message": "The job that comes before this one did not complete, and nobody retried it.",
        "at": isoformat(at),
    }
    connection.execute(
        sa.update(Job)
        .where(Job.id == claim.id)
        .values(state=State.FAILED, errors=[*claim.errors, error], finished_at=at)
    )
    registry.tell_change(connection, claim, State.FAILED, error)
    shown = {"error": {"code": error["code"], "message": error["message"]}}
    return {**claim.event("state", State.FAILED, shown, at), "message": error["message"]}
