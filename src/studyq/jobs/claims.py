"""The life of an attempt in SQL: claim, renew, progress, and the ways to end.

Every write of an attempt names its fencing token and fails with `LeaseLost` when the job has been
given to somebody else. These are the hot paths: Core statements, built once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from studyq.database.base import now
from studyq.database.prepared import Prepared, constant
from studyq.jobs.errors import LeaseLost
from studyq.jobs.events import append_events
from studyq.jobs.models import WAITING_SQL, Job, Queue, State


class Claim:
    """A job in the hands of a worker, and the token that proves it."""

    __slots__ = (
        "attempt", "begun_with", "checkpoint", "errors", "id", "lease_until", "max_attempts",
        "message", "name", "payload", "progress", "queue", "request_id", "run_at", "started_at",
        "subject", "token", "traceparent", "user_id",
    )  # fmt: skip

    def __init__(self, row: Any) -> None:
        self.id: str = row.id
        self.queue: str = row.queue
        self.name: str = row.name
        self.user_id: str = row.user_id
        self.subject: str | None = row.subject
        self.payload: dict[str, Any] = row.payload
        self.attempt: int = row.attempt
        self.max_attempts: int = row.max_attempts
        self.token: int = row.token
        self.lease_until: int = row.lease_until
        self.run_at: int = row.run_at
        self.started_at: int = row.started_at
        self.progress: int = row.progress
        self.message: str = row.message
        self.checkpoint: dict[str, Any] = row.checkpoint
        #: The checkpoint as it was, in a form that later changes cannot reach.
        self.begun_with = msgspec.json.encode(row.checkpoint)
        self.errors: list[dict[str, Any]] = row.errors
        self.request_id: str | None = row.request_id
        self.traceparent: str | None = row.traceparent

    @property
    def key(self) -> tuple[str, int]:
        """The job and the token: one execution."""
        return self.id, self.token

    def event(self, kind: str, state: str, detail: Mapping[str, Any], at: int) -> dict[str, Any]:
        """An event row of this job as it stands."""
        return {
            "job_id": self.id,
            "user_id": self.user_id,
            "queue": self.queue,
            "subject": self.subject,
            "event": kind,
            # A plain string: for a kind of string the driver looks up how to write it, each time.
            "state": str(state),
            "progress": self.progress,
            "message": self.message,
            "detail": detail,
            "at": at,
            "waited": None,
            "ran": None,
        }

    def end_event(self, state: str, detail: Mapping[str, Any], at: int) -> dict[str, Any]:
        """The event of this attempt's end, which says how long it ran."""
        event = self.event("state", state, detail, at)
        event["ran"] = max(0, at - self.started_at)
        return event


_running = (
    sa.select(sa.func.count())
    .select_from(sa.alias(Job.__table__, "running"))
    .where(
        sa.text("running.queue = :q AND running.state = 'active' AND running.finished_at IS NULL")
    )
    .scalar_subquery()
)
_room = (
    sa.select(Queue.concurrency - _running)
    .where(Queue.name == bindparam("q"), Queue.paused.is_(sa.false()))
    .scalar_subquery()
)
_next = (
    sa.select(Job.id)
    .where(Job.queue == bindparam("q"), WAITING_SQL)
    .order_by(Job.priority.desc(), Job.run_at, Job.id)
    # Not below 0, which would be no limit.
    .limit(sa.func.max(constant(0), sa.func.coalesce(sa.func.min(bindparam("most"), _room), 0)))
)
_CLAIM = Prepared(
    sa.update(Job)
    .where(Job.id.in_(_next))
    .values(
        state=constant("active"),
        token=Job.token + constant(1),
        attempt=Job.attempt + constant(1),
        worker_id=bindparam("w"),
        lease_until=bindparam("until"),
        started_at=bindparam("at"),
        progressed_at=bindparam("at"),
        progress=Job.resume_progress,
        advanced=constant(0),
    )
    .returning(
        Job.id, Job.queue, Job.name, Job.user_id, Job.subject, Job.payload, Job.attempt,
        Job.max_attempts, Job.token, Job.lease_until, Job.run_at, Job.started_at, Job.progress,
        Job.message, Job.checkpoint, Job.errors, Job.request_id, Job.traceparent,
    )
)  # fmt: skip

_HELD = (
    Job.id == bindparam("job_id"),
    Job.token == bindparam("held"),
    sa.text("state = 'active'"),
)
_RENEW = Prepared(sa.update(Job).where(*_HELD).values(lease_until=bindparam("until")))
_PROGRESS = Prepared(
    sa.update(Job)
    .where(*_HELD)
    .values(
        lease_until=bindparam("until"),
        progress=bindparam("to"),
        message=bindparam("said"),
        detail=bindparam("told", type_=sa.JSON),
        progressed_at=bindparam("at"),
    )
)
_CHECKPOINT = Prepared(
    sa.update(Job)
    .where(*_HELD)
    .values(
        checkpoint=bindparam("point", type_=sa.JSON),
        resume_progress=bindparam("to"),
        advanced=sa.or_(Job.advanced, bindparam("moved", type_=sa.Boolean)),
    )
)
_follower = sa.alias(Job.__table__, "follower")
_COMPLETE = Prepared(
    sa.update(Job)
    .where(*_HELD)
    .values(
        state=constant("completed"),
        progress=constant(100),
        message=bindparam("said"),
        result=bindparam("receipt", type_=sa.JSON),
        finished_at=bindparam("at"),
        lease_until=constant(None),
    )
    # Whether other jobs come after it, without a statement more for the many that none does.
    .returning(sa.exists().where(_follower.c.after_id == bindparam("job_id")).label("followed"))
)
_END = Prepared(
    sa.update(Job)
    .where(*_HELD)
    .values(
        state=bindparam("to_state"),
        errors=bindparam("failures", type_=sa.JSON),
        finished_at=bindparam("at"),
        lease_until=constant(None),
    )
)
_PUT_BACK = Prepared(
    sa.update(Job)
    .where(*_HELD)
    .values(
        state=bindparam("to_state"),
        errors=bindparam("failures", type_=sa.JSON),
        attempt=bindparam("attempts"),
        run_at=bindparam("due"),
        losses=Job.losses + bindparam("lost"),
        worker_id=constant(None),
        lease_until=constant(None),
    )
)


def claim(
    connection: sa.Connection, queue: str, most: int, worker_id: str, lease: float
) -> list[tuple[Claim, dict[str, Any]]]:
    """Take the next jobs of a queue: none if it is paused, and no more than it may run at once.

    Args:
        connection: with a write transaction running.
        lease: seconds.

    Returns:
        The claims, each with its event, to be appended by the caller in the same transaction.
    """
    at = now()
    until = at + round(lease * 1e6)
    rows = _CLAIM.all(
        connection, {"q": queue, "most": most, "w": worker_id, "until": until, "at": at}
    )
    return [(claim, _start(claim, at)) for claim in map(Claim, rows)]


def _start(claim: Claim, at: int) -> dict[str, Any]:
    event = claim.event("state", State.ACTIVE, {"attempt": claim.attempt}, at)
    event["waited"] = max(0, at - claim.run_at)
    return event


def renew(connection: sa.Connection, claims: Sequence[Claim], lease: float) -> None:
    """Renew the leases of the claims given; one that was lost stays lost."""
    until = now() + round(lease * 1e6)
    if claims:
        _RENEW.run_many(
            connection,
            [{"job_id": claim.id, "held": claim.token, "until": until} for claim in claims],
        )
    for claim in claims:
        claim.lease_until = max(claim.lease_until, until)


def is_cancelled(connection: sa.Connection, claim: Claim) -> bool:
    """Whether somebody has asked for the job's end."""
    return bool(connection.scalar(sa.select(Job.cancel_requested).where(Job.id == claim.id)))


def verify(connection: sa.Connection, claim: Claim) -> None:
    """Raise `LeaseLost` unless the claim still holds."""
    held = connection.scalar(
        sa.select(sa.true()).where(
            Job.id == claim.id, Job.token == claim.token, Job.state == State.ACTIVE
        )
    )
    if not held:
        raise LeaseLost(claim.id)


def write_progress(
    connection: sa.Connection, claim: Claim, detail: Mapping[str, Any], lease: float
) -> None:
    """Store the claim's progress and message, renew its lease, append the event."""
    at = now()
    claim.lease_until = at + round(lease * 1e6)
    _fenced(
        connection,
        _PROGRESS,
        claim,
        {"until": claim.lease_until, "to": claim.progress, "said": claim.message,
         "told": detail, "at": at},
    )  # fmt: skip
    append_events(connection, [claim.event("progress", State.ACTIVE, detail, at)])


def write_checkpoint(connection: sa.Connection, claim: Claim) -> None:
    """Store where a new attempt goes on."""
    moved = msgspec.json.encode(claim.checkpoint) != claim.begun_with
    values = {"point": claim.checkpoint, "to": claim.progress, "moved": moved}
    _fenced(connection, _CHECKPOINT, claim, values)


def complete(
    connection: sa.Connection, claim: Claim, result: Mapping[str, Any], message: str
) -> tuple[dict[str, Any], bool]:
    """End the job as completed.

    Returns:
        Its terminal event, to be appended by the caller in the same transaction, and whether other
        jobs come after it, to be released there (`chains.release`).
    """
    at = now()
    values = {"said": message, "receipt": result, "at": at}
    done = _fenced(connection, _COMPLETE, claim, values, returns=True)
    event = claim.end_event(State.COMPLETED, {}, at)
    return {**event, "progress": 100, "message": message}, done.followed


def end(
    connection: sa.Connection, claim: Claim, state: State, error: Mapping[str, Any]
) -> dict[str, Any]:
    """End the job as failed or cancelled; returns its terminal event, as `complete` does."""
    at = now()
    failures = [*claim.errors, error] if state is State.FAILED else claim.errors
    _fenced(connection, _END, claim, {"to_state": state, "failures": failures, "at": at})
    shown = {"error": {"code": error["code"], "message": error["message"]}}
    return {**claim.end_event(state, shown, at), "message": error["message"]}


def put_back(
    connection: sa.Connection,
    claim: Claim,
    *,
    error: Mapping[str, Any] | None,
    due: int,
    lost: bool = False,
) -> dict[str, Any]:
    """Return the job to its queue; returns the event, to be appended in the same transaction.

    Args:
        error: of the attempt that failed; None for a job that is handed back, which then does
            not count the attempt.
        due: when it may start.
        lost: its worker died.
    """
    at = now()
    state = State.DELAYED if due > at else State.WAITING
    values = {
        "to_state": state,
        "failures": [*claim.errors, error] if error else claim.errors,
        "attempts": claim.attempt if error else claim.attempt - 1,
        "due": due,
        "lost": int(lost),
    }
    _fenced(connection, _PUT_BACK, claim, values)
    detail = {"error": {"code": error["code"], "message": error["message"]}} if error else {}
    return claim.end_event(state, detail, at)


def _fenced(
    connection: sa.Connection,
    statement: Prepared,
    claim: Claim,
    values: Mapping[str, Any],
    *,
    returns: bool = False,
) -> Any:
    held = {"job_id": claim.id, "held": claim.token, **values}
    done = statement.first(connection, held) if returns else statement.run(connection, held)
    if not done:
        raise LeaseLost(claim.id)
    return done
