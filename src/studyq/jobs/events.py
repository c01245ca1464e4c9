"""Job events: appended in the transaction that makes the change, read by streams by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import isoformat
from studyq.database.engine import announce
from studyq.database.prepared import Prepared, constant
from studyq.jobs.models import ENDED, JobEvent

EVENTS_TOPIC = "job-events"

_COLUMNS = [column.name for column in JobEvent.__table__.columns if column.name != "id"]
_INSERT = Prepared(sa.insert(JobEvent), _COLUMNS)
#: What the first event of each job says.
_ARRIVED: dict[str, str | int | None] = {
    "event": "state",
    "progress": 0,
    "message": "",
    "detail": "{}",
    "waited": None,
    "ran": None,
}
_INSERT_ARRIVAL = Prepared(
    sa.insert(JobEvent).values({name: constant(value) for name, value in _ARRIVED.items()}),
    [name for name in _COLUMNS if name not in _ARRIVED],
)


class Event(msgspec.Struct, frozen=True):
    """One event as a stream sends it."""

    id: int
    job_id: str
    user_id: str
    queue: str
    event: str
    state: str
    data: str

    @property
    def terminal(self) -> bool:
        """Whether it is the job's last."""
        return self.state in ENDED


def append_events(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append events within the running transaction and announce them."""
    _INSERT.run_many(connection, rows)
    announce(connection, EVENTS_TOPIC)


def append_arrivals(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """The same for jobs that were just enqueued: job_id, user_id, queue, subject, state and at."""
    _INSERT_ARRIVAL.run_many(connection, rows)
    announce(connection, EVENTS_TOPIC)


def events_after(
    session: Session,
    after: int,
    *,
    job_id: str | None = None,
    user_id: str | None = None,
    limit: int = 1000,
) -> list[Event]:
    """Events with a greater id, oldest first."""
    query = sa.select(*JobEvent.__table__.columns).where(JobEvent.id > after)
    if job_id is not None:
        query = query.where(JobEvent.job_id == job_id)
    if user_id is not None:
        query = query.where(JobEvent.user_id == user_id)
    return [_event(row) for row in session.execute(query.order_by(JobEvent.id).limit(limit))]


def last_event_id(session: Session) -> int:
    """The newest event's id; 0 when there is none."""
    return session.scalar(sa.select(sa.func.max(JobEvent.id))) or 0


def last_event_of(session: Session, job_id: str) -> Event | None:
    """A job's newest event: its current snapshot."""
    query = sa.select(*JobEvent.__table__.columns).where(JobEvent.job_id == job_id)
    row = session.execute(query.order_by(JobEvent.id.desc()).limit(1)).one_or_none()
    return None if row is None else _event(row)


def _event(row: Any) -> Event:
    data = {
        "job_id": row.job_id,
        "queue": row.queue,
        "document_id": row.subject,
        "state": row.state,
        "progress": row.progress,
        "message": row.message,
        "detail": row.detail,
        "at": isoformat(row.at),
    }
    text = msgspec.json.encode(data).decode()
    return Event(row.id, row.job_id, row.user_id, row.queue, row.event, row.state, text)
