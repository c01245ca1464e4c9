"""What the tables tell: the same to every process, whichever did the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.ingestion.work import STAGES
from studyq.jobs.duties import duty_states
from studyq.jobs.models import ACTIVE_SQL, Job, Queue, State, Worker
from studyq.jobs.overview import counts, oldest_waiting, serving
from studyq.jobs.presence import WORKER_SILENT
from studyq.jobs.registry import PDF_INGESTION
from studyq.jobs.rollups import BUCKETS, Tally, totals
from studyq.library.models import Document, Status
from studyq.operations.conditions import KINDS
from studyq.operations.metrics import catalogue
from studyq.operations.metrics.readings import Reading, Times
from studyq.operations.models import Incident

Readings = Iterator[Reading]

_COUNTERS = {
    catalogue.ENQUEUED: "enqueued",
    catalogue.STARTED: "started",
    catalogue.COMPLETED: "completed",
    catalogue.FAILED: "failed",
    catalogue.CANCELLED: "cancelled",
    catalogue.RETRIED: "retried",
    catalogue.REAPED: "reaped",
}


def _jobs(session: Session) -> Readings:
    found = counts(session)
    for queue in _queues(session):
        for state in State:
            yield Reading(catalogue.JOBS, found.get(queue, {}).get(state, 0), (queue, state.value))


def _totals(session: Session) -> Readings:
    found = totals(session)
    for queue in sorted({*_queues(session), *found}):
        tally = found.get(queue, Tally())
        for metric, name in _COUNTERS.items():
            yield Reading(metric, getattr(tally, name), (queue,))
        waited = Times(BUCKETS, tally.waited_buckets, tally.waited / 1e6)
        yield Reading(catalogue.WAITING, waited, (queue,))
        ran = Times(BUCKETS, tally.ran_buckets, tally.ran / 1e6)
        yield Reading(catalogue.RUNNING, ran, (queue,))


def _work(session: Session) -> Readings:
    oldest = oldest_waiting(session)
    held = sa.select(Job.queue, sa.func.count()).where(ACTIVE_SQL, Job.lease_until > now())
    leases = _by_label(session, held.group_by(Job.queue))
    for queue in session.scalars(sa.select(Queue).order_by(Queue.name)):
        labels = (queue.name,)
        yield Reading(catalogue.OLDEST, oldest.get(queue.name, 0.0), labels)
        yield Reading(catalogue.LEASES, leases.get(queue.name, 0), labels)
        yield Reading(catalogue.PAUSED, queue.paused, labels)
        yield Reading(catalogue.CONCURRENCY, queue.concurrency, labels)


def _workers(session: Session) -> Readings:
    silent_since = now() - round(WORKER_SILENT * 1e6)
    errors = session.scalars(
        sa.select(Worker.transport_error).where(Worker.seen_at > silent_since)
    ).all()
    yield Reading(catalogue.WORKERS, len(errors))
    yield Reading(catalogue.TRANSPORT, not any(errors))
    served = serving(session)
    for queue in _queues(session):
        yield Reading(catalogue.SERVING, served.get(queue, 0), (queue,))


def _documents(session: Session) -> Readings:
    by_status = sa.select(Document.status, sa.func.count()).group_by(Document.status)
    found = _by_label(session, by_status)
    for status in Status:
        yield Reading(catalogue.DOCUMENTS, found.get(status, 0), (status.value,))
    stage = Job.detail["stage"].as_string()
    by_stage = sa.select(stage, sa.func.count()).where(Job.queue == PDF_INGESTION, ACTIVE_SQL)
    reached = _by_label(session, by_stage.group_by(stage))
    for name in STAGES:
        yield Reading(catalogue.STAGES, reached.get(name, 0), (name,))


def _incidents(session: Session) -> Readings:
    query = sa.select(Incident.kind, sa.func.count()).where(Incident.resolved_at.is_(None))
    found = _by_label(session, query.group_by(Incident.kind))
    for kind in sorted({*KINDS, *found}):
        yield Reading(catalogue.INCIDENTS, found.get(kind, 0), (kind,))


def _duties(session: Session) -> Readings:
    for duty in duty_states(session):
        yield Reading(catalogue.DUTY_FAILED, duty.failed, (duty.name,))
        if duty.finished_at is not None:
            yield Reading(catalogue.DUTY_RUN, duty.finished_at / 1e6, (duty.name,))


def _queues(session: Session) -> list[str]:
    return list(session.scalars(sa.select(Queue.name).order_by(Queue.name)))


def _by_label(session: Session, query: sa.Select[str, int]) -> dict[str, int]:
    """The rows of a query for a label's value and a number."""
    return dict(session.execute(query).all())


#: Each part is asked by itself, so that one that fails takes no other with it.
DATABASE_PARTS: dict[str, Callable[[Session], Readings]] = {
    "jobs": _jobs,
    "totals": _totals,
    "work": _work,
    "workers": _workers,
    "documents": _documents,
    "incidents": _incidents,
    "duties": _duties,
}
