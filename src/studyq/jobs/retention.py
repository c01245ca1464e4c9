"""Deletes ended jobs and their events when their time is over, whether or not new ones come."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.chains import held_behind
from studyq.jobs.duties import cursor_of, set_cursor
from studyq.jobs.models import IdempotencyKey, Job, JobEvent, Queue, State
from studyq.jobs.rollups import roll_up, uncounted

BATCH = 1000
DUTY = "retention"


def prune(database: Database, *, completed: float, failed: float) -> int:
    """Delete up to 1,000 jobs that ended longer ago than their state is kept.

    What happened to them is counted first; a job with events that came since is left for later,
    and one that others still wait for until they have been given up (`chains.give_up`).

    Args:
        completed: seconds that completed jobs are kept.
        failed: seconds that failed and cancelled jobs, and idempotency keys, are kept.

    Returns:
        How many jobs were deleted; call again at once while it is 1,000.
    """
    roll_up(database)
    at = now()
    old = sa.and_(
        Job.queue.in_(sa.select(Queue.name)),  # what the index begins with
        sa.text("finished_at IS NOT NULL"),
        sa.or_(
            sa.and_(Job.state == State.COMPLETED, Job.finished_at < at - round(completed * 1e6)),
            sa.and_(
                Job.state.in_((State.FAILED, State.CANCELLED)),
                Job.finished_at < at - round(failed * 1e6),
            ),
        ),
        ~uncounted(Job.id),
        ~held_behind(Job.id),
    )
    stale = IdempotencyKey.created_at < at - round(failed * 1e6)
    with database.read() as session:
        ids = list(session.scalars(sa.select(Job.id).where(old).limit(BATCH)))
        keys = session.scalar(sa.select(sa.exists().where(stale)))
        leftover = 0 < cursor_of(session, DUTY) < _newest(session)
    if not ids and not keys and not leftover:
        return 0
    with database.write() as session:
        # Asked again: a failed job may have been put back into its queue since.
        gone = session.scalars(sa.delete(Job).where(Job.id.in_(ids), old).returning(Job.id)).all()
        _delete_events(session, gone)
        session.execute(sa.delete(IdempotencyKey).where(stale))
    return len(ids)


def _delete_events(session: Session, job_ids: Sequence[str]) -> None:
    """Delete the events of jobs, but for the newest of all: ids go on from there.

    That one goes when there are newer ones; the duty's cursor remembers it.
    """
    newest, leftover = _newest(session), cursor_of(session, DUTY)
    session.execute(sa.delete(JobEvent).where(JobEvent.job_id.in_(job_ids), JobEvent.id < newest))
    if 0 < leftover < newest:
        session.execute(sa.delete(JobEvent).where(JobEvent.id == leftover))
        leftover = 0
    kept = session.scalar(
        sa.select(JobEvent.id).where(JobEvent.id == newest, JobEvent.job_id.in_(job_ids))
    )
    set_cursor(session, DUTY, kept or leftover)


def _newest(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(JobEvent.id))) or 0
