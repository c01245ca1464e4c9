"""The tables of the job layer. The `jobs` row is the only truth about a job."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, and_, text
from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant, RowId


class State(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"  #: in its queue, to be claimed by priority, then age
    DELAYED = "delayed"  #: becomes waiting at `run_at`
    ACTIVE = "active"  #: claimed by a worker that holds its lease
    COMPLETED = "completed"  #: ended; its effects were committed with this state
    FAILED = "failed"  #: ended by a permanent error or after its last attempt
    CANCELLED = "cancelled"  #: ended because somebody said so


#: The `run_at` of a delayed job that another comes before: far beyond any time that comes.
HELD = 253_402_300_799_000_000

LIVE = (State.WAITING, State.DELAYED, State.ACTIVE)
ENDED = (State.COMPLETED, State.FAILED, State.CANCELLED)

# Literals, not parameters: only so does SQLite use a partial index.
WAITING_SQL = text("state = 'waiting' AND finished_at IS NULL")
ACTIVE_SQL = text("state = 'active' AND finished_at IS NULL")
DELAYED_SQL = text("state = 'delayed'")
LIVE_SQL = text("state IN ('waiting', 'delayed', 'active')")
# Few jobs have a key; without one they are in no index that each change would have to touch.
_KEYED_SQL = and_(text("unique_key IS NOT NULL"), LIVE_SQL)


class Queue(Base):
    """A queue and how much of it may run at once, over all processes."""

    __tablename__ = "queues"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    paused: Mapped[bool] = mapped_column(default=False)
    concurrency: Mapped[int]
    #: What the settings said when a server last started; a change of them sets `concurrency`.
    configured: Mapped[int | None]


class Job(Base):
    """One piece of background work."""

    __tablename__ = "jobs"
    __table_args__ = (
        # One index for what waits and what runs: both ends of a claim are in neighbouring pages.
        Index(
            "ix_jobs_live", "queue", "state", text("priority DESC"), "run_at", "id",
            sqlite_where=text("finished_at IS NULL"), postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "ix_jobs_delayed", "run_at",
            sqlite_where=text("state = 'delayed'"), postgresql_where=text("state = 'delayed'"),
        ),
        Index("uq_jobs_unique_key", "unique_key", unique=True,
              sqlite_where=_KEYED_SQL, postgresql_where=_KEYED_SQL),
        # Ended jobs are many: they are counted by queue and state in the index's own order.
        Index(
            "ix_jobs_ended", "queue", "state", "finished_at",
            sqlite_where=text("finished_at IS NOT NULL"),
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
        Index(
            "ix_jobs_failed",
            "queue",
            "id",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
        Index(
            "ix_jobs_subject", "subject",
            sqlite_where=text("subject IS NOT NULL"), postgresql_where=text("subject IS NOT NULL"),
        ),
        Index(
            "ix_jobs_after", "after_id",
            sqlite_where=text("after_id IS NOT NULL"),
            postgresql_where=text("after_id IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(ForeignKey("queues.name"))
    name: Mapped[str]
    user_id: Mapped[Id]
    #: What the job works on, for whoever enqueued it (a document's id, say).
    subject: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int]
    run_at: Mapped[Instant]
    unique_key: Mapped[str | None]
    #: The job that must have completed before this one may start. Until then this one is delayed,
    #: with `HELD` for its time.
    after_id: Mapped[Id | None]
    trigger: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int]
    max_attempts: Mapped[int]
    #: Whether the attempt at work has moved the checkpoint.
    advanced: Mapped[bool]
    #: How many attempts ended because their worker died before they got any further.
    losses: Mapped[int]
    #: The fencing token: grows by one at each claim.
    token: Mapped[int]
    worker_id: Mapped[str | None]
    lease_until: Mapped[Instant | None]
    cancel_requested: Mapped[bool]
    progress: Mapped[int]
    #: The progress that a new attempt starts from: that of the last checkpoint.
    resume_progress: Mapped[int]
    message: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    checkpoint: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    progressed_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    #: The request that enqueued it, for the log.
    request_id: Mapped[str | None]
    #: Where a trace goes on (https://www.w3.org/TR/trace-context/#traceparent-header).
    traceparent: Mapped[str | None]


class JobEvent(Base):
    """One change of a job's state or progress, as its stream tells it.

    Ids grow by one from the newest row on; so that none is used twice, the newest is never deleted
    (SQLite's AUTOINCREMENT would cost each commit the writing of one more page).
    """

    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_job_id_id", "job_id", "id"),)

    id: Mapped[RowId] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[Id]
    user_id: Mapped[Id]
    queue: Mapped[str]
    subject: Mapped[str | None]
    event: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    progress: Mapped[int]
    message: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[Instant]
    #: Of a start: µs since the job could have been claimed.
    waited: Mapped[int | None] = mapped_column(BigInteger)
    #: Of an attempt's end, whatever the end: µs since its start.
    ran: Mapped[int | None] = mapped_column(BigInteger)


class Worker(Base):
    """A process that runs jobs, by which a dead one is told from a silent one."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    #: The process's start time in the kernel's terms: a pid alone is reused.
    pid_started: Mapped[str]
    started_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    #: The queues that it serves.
    queues: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    #: What is wrong with its doorbell; nothing when it rings.
    transport_error: Mapped[str] = mapped_column(server_default="")


class Rollup(Base):
    """What happened in a queue within one minute; minute 0 is the total of all time."""

    __tablename__ = "job_rollups"

    minute: Mapped[Instant] = mapped_column(primary_key=True, autoincrement=False)
    queue: Mapped[str] = mapped_column(String(64), primary_key=True)
    enqueued: Mapped[int]
    started: Mapped[int]
    completed: Mapped[int]
    failed: Mapped[int]
    cancelled: Mapped[int]
    #: Attempts that failed and were put back.
    retried: Mapped[int]
    #: Attempts taken from a worker that was lost.
    reaped: Mapped[int]
    #: Sum (µs) and counts by bucket (`rollups.BUCKETS`) of waiting times.
    waited: Mapped[int] = mapped_column(BigInteger)
    waited_buckets: Mapped[list[int]] = mapped_column(JSON)
    #: The same of the attempts' run times.
    ran: Mapped[int] = mapped_column(BigInteger)
    ran_buckets: Mapped[list[int]] = mapped_column(JSON)


class Duty(Base):
    """A periodic duty, which exactly one of all processes carries out at a time."""

    __tablename__ = "duties"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[Instant]
    #: Who carries it out, and until when nobody else may.
    holder: Mapped[str | None]
    lease_until: Mapped[Instant | None]
    started_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    #: What the last run did, or why it failed.
    outcome: Mapped[str]
    failed: Mapped[bool]
    #: How far it has got, for duties that go on where they stopped (an event's id, say).
    cursor: Mapped[int] = mapped_column(BigInteger)


class IdempotencyKey(Base):
    """The answer to a request that created work, for whoever sends it again."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    operation: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[Instant]
