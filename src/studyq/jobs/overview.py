"""How each queue is doing: its jobs by state, who serves it, how long they wait and run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.jobs.finding import LAST_CODE, require_queue
from studyq.jobs.models import WAITING_SQL, Job, State, Worker
from studyq.jobs.presence import WORKER_SILENT
from studyq.jobs.rollups import Tally, quantile, series

HOUR = 3600.0  #: seconds that times and ends are told of

#: From when on a waiting job waits. One whose worker was lost keeps its place in the line by an old
#: `run_at`, but has not waited since then.
WAITING_SINCE = sa.case((Job.progressed_at > Job.run_at, Job.progressed_at), else_=Job.run_at)

_LIVE = sa.text("finished_at IS NULL")
_ENDED = sa.text("finished_at IS NOT NULL")


def overview(session: Session, names: Iterable[str]) -> list[dict[str, Any]]:
    """Queues as the API tells them, in the order given.

    Raises:
        UnknownQueueError: when one is none.
    """
    queues = [require_queue(session, name) for name in names]
    only = queues[0].name if len(queues) == 1 else None
    found = counts(session, only)
    oldest, workers = oldest_waiting(session), serving(session)
    codes, hour = _failures(session, only), _last_hour(session, only)
    return [
        {
            "name": queue.name,
            "paused": queue.paused,
            "concurrency": queue.concurrency,
            "counts": found.get(queue.name, dict.fromkeys(map(str, State), 0)),
            "workers": workers.get(queue.name, 0),
            "oldest_waiting": oldest.get(queue.name),
            "failures": codes.get(queue.name, []),
            "last_hour": _told(hour.get(queue.name, Tally())),
        }
        for queue in queues
    ]


def count_failed(session: Session, user_id: str) -> int:
    """How many of a user's jobs have failed and were not retried."""
    # A literal, not a parameter: only so does SQLite use the partial index.
    query = sa.select(sa.func.count()).where(sa.text("state = 'failed'"), Job.user_id == user_id)
    return session.scalar(query) or 0


def counts(session: Session, queue: str | None = None) -> dict[str, dict[str, int]]:
    """How many jobs are in each state, by queue.

    Args:
        queue: only this one.
    """
    found: dict[str, dict[str, int]] = {}
    # Two questions, each answered within an index; rows are read for neither.
    for part in (_LIVE, _ENDED):
        query = sa.select(Job.queue, Job.state, sa.func.count()).where(part)
        if queue is not None:
            query = query.where(Job.queue == queue)
        for name, state, number in session.execute(query.group_by(Job.queue, Job.state)):
            found.setdefault(name, dict.fromkeys(map(str, State), 0))[state] = number
    return found


def oldest_waiting(session: Session) -> dict[str, float]:
    """Seconds that the job which waits longest has waited, by queue."""
    at = now()
    query = sa.select(Job.queue, sa.func.min(WAITING_SINCE)).where(WAITING_SQL).group_by(Job.queue)
    return {name: max(0.0, (at - first) / 1e6) for name, first in session.execute(query)}


def serving(session: Session) -> dict[str, int]:
    """How many living processes serve each queue."""
    found: dict[str, int] = {}
    alive = Worker.seen_at > now() - round(WORKER_SILENT * 1e6)
    for served in session.scalars(sa.select(Worker.queues).where(alive)):
        for name in served:
            found[name] = found.get(name, 0) + 1
    return found


def _failures(session: Session, queue: str | None) -> dict[str, list[dict[str, Any]]]:
    """Failed jobs by their last error's code, the most frequent first, by queue."""
    query = sa.select(Job.queue, LAST_CODE, sa.func.count().label("n")).where(
        sa.text("state = 'failed'")
    )
    if queue is not None:
        query = query.where(Job.queue == queue)
    found: dict[str, list[dict[str, Any]]] = {}
    ordered = query.group_by(Job.queue, LAST_CODE).order_by(sa.desc("n"), LAST_CODE)
    for name, code, number in session.execute(ordered):
        found.setdefault(name, []).append({"code": code, "count": number})
    return found


def _last_hour(session: Session, queue: str | None) -> dict[str, Tally]:
    steps = series(session, since=now() - round(HOUR * 1e6), step_minutes=1, queue=queue)
    names = {name for _, tallies in steps for name in tallies}
    return {
        name: reduce(add, (tallies.get(name, Tally()) for _, tallies in steps)) for name in names
    }


def _told(hour: Tally) -> dict[str, Any]:
    waits, runs = sum(hour.waited_buckets), sum(hour.ran_buckets)
    return {
        "enqueued": hour.enqueued,
        "completed": hour.completed,
        "failed": hour.failed,
        "cancelled": hour.cancelled,
        "retried": hour.retried,
        "average_wait": hour.waited / waits / 1e6 if waits else None,
        "average_run": hour.ran / runs / 1e6 if runs else None,
        "p95_wait": quantile(hour.waited_buckets, 0.95),
        "p95_run": quantile(hour.ran_buckets, 0.95),
    }
