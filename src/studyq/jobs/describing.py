"""Jobs as people and the API see them: what each waits for in words, its attempts, its story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import isoformat, now
from studyq.jobs.finding import JOB
from studyq.jobs.models import HELD, WAITING_SQL, Job, JobEvent, Queue, State, Worker
from studyq.jobs.presence import WORKER_SILENT

TIMELINE = 500  #: events of a job that are shown at most, the newest
MASK = "••••••"

_SECRET = ("password", "secret", "token", "key")


class Waits:
    """What jobs wait for; looked up at once for all that are to be shown together."""

    def __init__(self, session: Session, rows: Iterable[Any]) -> None:
        self._at = now()
        waiting = [row for row in rows if row.state == State.WAITING]
        self._before = _predecessors(session, [row for row in rows if is_held(row)])
        self._paused: set[str] = set()
        self._heard: dict[str, int] = {}
        self._place: dict[str, int] = {}
        if waiting:
            self._paused = set(session.scalars(sa.select(Queue.name).where(Queue.paused)))
            self._heard = last_heard(session)
            self._place = _places(session, waiting)

    def of(self, row: Any) -> str | None:
        """Say in words why a job is not running; None when it runs or has ended."""
        if is_held(row):
            return _after(self._before.get(row.after_id))
        if row.state == State.DELAYED:
            seconds = max(1, round((row.run_at - self._at) / 1e6))
            return f"{'retry' if row.attempt else 'start'} in {seconds} s"
        if row.state != State.WAITING:
            return None
        if row.queue in self._paused:
            return "the queue is paused"
        return self._silence(row.queue) or self._turn(row.id)

    def _silence(self, queue: str) -> str | None:
        heard = self._heard.get(queue)
        if heard is None:
            return "no worker is running"
        age = (self._at - heard) / 1e6
        return f"its worker fell silent {age:.0f} s ago" if age > WORKER_SILENT else None

    def _turn(self, job_id: str) -> str:
        ahead = self._place.get(job_id, 1) - 1
        return f"{ahead} ahead of it" if ahead else "next in line"


def is_held(row: Any) -> bool:
    """Whether a job waits until another one has completed."""
    return bool(row.state == State.DELAYED and row.run_at == HELD)


def waiting_for(session: Session, row: Any) -> str | None:
    """Say in words why a job is not running; None when it runs or has ended."""
    return Waits(session, [row]).of(row)


def last_heard(session: Session) -> dict[str, int]:
    """When a worker that serves it was last heard of, for each queue that has one signed in."""
    heard: dict[str, int] = {}
    for served, seen_at in session.execute(sa.select(Worker.queues, Worker.seen_at)):
        heard.update({name: max(seen_at, heard.get(name, 0)) for name in served})
    return heard


def describe_job(session: Session, row: Any) -> dict[str, Any]:
    """A job as the API tells it."""
    return describe_jobs(session, [row])[0]


def describe_jobs(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Jobs as the API tells them."""
    waits = Waits(session, rows)
    return [_describe(row, waits) for row in rows]


def describe_closely(session: Session, row: Any, *, tracebacks: bool) -> dict[str, Any]:
    """A job with what it was given, what comes before and after it, and its story.

    Args:
        tracebacks: whether the reader may see where in the code its errors came from.
    """
    shown = ("traceback",) if tracebacks else ()
    return {
        **describe_job(session, row),
        "errors": [_failure(failure, *shown) for failure in row.errors],
        "input": masked(row.payload),
        "worker": row.worker_id,
        "lease_until": isoformat(row.lease_until),
        "before": _relatives(session, Job.id == row.after_id),
        "after": _relatives(session, Job.after_id == row.id),
        "timeline": _timeline(session, row.id),
    }


def masked(payload: Any) -> Any:
    """A payload whose secrets, should it hold any, cannot be read."""
    if isinstance(payload, list):
        return [masked(item) for item in payload]
    if not isinstance(payload, dict):
        return payload
    return {
        name: MASK if name.lower().endswith(_SECRET) else masked(value)
        for name, value in payload.items()
    }


def _describe(row: Any, waits: Waits) -> dict[str, Any]:
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
        "unique_key": row.unique_key,
        "after_id": row.after_id,
        "cancel_requested": row.cancel_requested,
        "created_at": isoformat(row.created_at),
        "started_at": isoformat(row.started_at),
        "finished_at": isoformat(row.finished_at),
        "run_at": None if is_held(row) else isoformat(row.run_at),
        "waiting_for": waits.of(row),
        "error": last and {"code": last["code"], "message": last["message"]},
        "errors": [_failure(failure) for failure in failures],
        "result": row.result,
        "detail": row.detail,
    }


def _failure(failure: dict[str, Any], *more: str) -> dict[str, Any]:
    names = ("attempt", "code", "class", "message", "at", *more)
    return {name: failure.get(name) for name in names}


def _predecessors(session: Session, held: Sequence[Any]) -> dict[str, Any]:
    if not held:
        return {}
    ids = {row.after_id for row in held}
    query = sa.select(Job.id, Job.name, Job.state, Job.progress).where(Job.id.in_(ids))
    return {row.id: row for row in session.execute(query)}


def _after(first: Any | None) -> str:
    if first is None:
        return "the job before it is gone"
    if first.state == State.FAILED:
        return f"starts after {first.name}, which failed: retry that, or cancel this"
    if first.state == State.CANCELLED:
        return f"starts after {first.name}, which was cancelled: retry that, or cancel this"
    progress = f" at {first.progress} %" if first.state == State.ACTIVE else ""
    return f"starts after {first.name}, which is {first.state}{progress}"


def _places(session: Session, waiting: Sequence[Any]) -> dict[str, int]:
    """Each job's place in its queue's line, from 1."""
    place = sa.func.row_number().over(
        partition_by=Job.queue, order_by=(Job.priority.desc(), Job.run_at, Job.id)
    )
    line = (
        sa.select(Job.id, place.label("place"))
        .where(Job.queue.in_({row.queue for row in waiting}), WAITING_SQL)
        .subquery()
    )
    query = sa.select(line.c.id, line.c.place).where(line.c.id.in_([row.id for row in waiting]))
    return {row.id: row.place for row in session.execute(query)}


def _relatives(session: Session, which: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    query = sa.select(*JOB).where(which).order_by(Job.id)
    return [
        {"id": row.id, "queue": row.queue, "name": row.name, "state": row.state}
        for row in session.execute(query)
    ]


def _timeline(session: Session, job_id: str) -> list[dict[str, Any]]:
    query = (
        sa.select(*JobEvent.__table__.columns)
        .where(JobEvent.job_id == job_id)
        .order_by(JobEvent.id.desc())
        .limit(TIMELINE)
    )
    return [
        {
            "id": event.id,
            "event": event.event,
            "state": event.state,
            "progress": event.progress,
            "message": event.message,
            "detail": event.detail,
            "at": isoformat(event.at),
            "waited": _seconds(event.waited),
            "ran": _seconds(event.ran),
        }
        for event in reversed(session.execute(query).all())
    ]


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6
