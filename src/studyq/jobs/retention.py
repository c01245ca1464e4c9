"""Deletes ended jobs and their events when their time is over, whether or not new ones come."""

from __future__ import annotations

import sqlalchemy as sa

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.models import IdempotencyKey, Job, JobEvent, State

BATCH = 1000


def prune(database: Database, *, completed: float, failed: float) -> int:
    """Delete up to 1,000 jobs that ended longer ago than their state is kept.

    Args:
        completed: seconds that completed jobs are kept.
        failed: seconds that failed and cancelled jobs, and idempotency keys, are kept.

    Returns:
        How many jobs were deleted; call again at once while it is 1,000.
    """
    at = now()
    old = sa.or_(
        sa.and_(Job.state == State.COMPLETED, Job.finished_at < at - round(completed * 1e6)),
        sa.and_(
            Job.state.in_((State.FAILED, State.CANCELLED)),
            Job.finished_at < at - round(failed * 1e6),
        ),
    )
    with database.read() as session:
        ids = list(session.scalars(sa.select(Job.id).where(old).limit(BATCH)))
        stale = session.scalar(
            sa.select(sa.func.count())
            .select_from(IdempotencyKey)
            .where(IdempotencyKey.created_at < at - round(failed * 1e6))
        )
    if not ids and not stale:
        return 0
    with database.write() as session:
        # Asked again: a failed job may have been put back into its queue since.
        gone = session.scalars(sa.delete(Job).where(Job.id.in_(ids), old).returning(Job.id)).all()
        session.execute(sa.delete(JobEvent).where(JobEvent.job_id.in_(gone)))
        session.execute(
            sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < at - round(failed * 1e6))
        )
    return len(ids)
