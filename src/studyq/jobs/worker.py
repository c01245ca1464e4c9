"""Runs the jobs of one queue in the calling thread, one after another, until none is left."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog

from studyq.database.base import isoformat, now
from studyq.database.engine import Database, joining
from studyq.database.grouped import GroupedWrites
from studyq.jobs import claims
from studyq.jobs.backoff import backoff
from studyq.jobs.chains import release
from studyq.jobs.claims import Claim
from studyq.jobs.context import JobContext, Stop, patiently
from studyq.jobs.errors import (
    ExhaustedError,
    HandedBack,
    JobCancelled,
    JobError,
    LeaseLost,
    PermanentError,
)
from studyq.jobs.events import append_events
from studyq.jobs.models import State
from studyq.jobs.registry import Outcome, Registry
from studyq.jobs.spans import attempting
from studyq.logs import about, is_told
from studyq.tracing import note_failure

log = structlog.get_logger("studyq.jobs")

TRACEBACK_CHARS = 8000
CANCELLED = {"code": "cancelled", "message": "Cancelled."}

Events = list[dict[str, Any]]
Ending = Callable[[sa.Connection], Events]


@dataclass
class Executing:
    """The executions that handlers of this process are in right now."""

    _claims: dict[tuple[str, int], Claim] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, claim: Claim) -> None:
        """A handler starts."""
        with self._lock:
            self._claims[claim.key] = claim

    def remove(self, claim: Claim) -> None:
        """It ended; its last write, if still to come, is on its own."""
        with self._lock:
            self._claims.pop(claim.key, None)

    def claims(self) -> list[Claim]:
        """A snapshot."""
        with self._lock:
            return list(self._claims.values())


@dataclass(frozen=True)
class WorkerSettings:
    """What all workers of a process share.

    Args:
        group_finishes: threads that finish jobs of a queue at the same moment share a commit.
    """

    worker_id: str
    lease: float
    registry: Registry
    stop: Stop
    executing: Executing
    group_finishes: bool = True


class QueueWorker:
    """Drains one queue; any number of threads may do so at once."""

    def __init__(self, database: Database, queue: str, shared: WorkerSettings) -> None:
        self._database = database
        self._queue = queue
        self._shared = shared
        self._finishes = GroupedWrites(database, self._end_and_claim)

    def drain(self) -> None:
        """Claim and run jobs until the queue has none to give or the process stops."""
        claim = self._claim_first()
        while claim is not None:
            with about(
                request_id=claim.request_id, job_id=claim.id, queue=claim.queue, job=claim.name,
                attempt=claim.attempt,
            ), attempting(claim):  # fmt: skip
                claim = self._run(claim)

    def _claim_first(self) -> Claim | None:
        return None if self._shared.stop.requested.is_set() else self._write(_nothing)

    def _write(self, ending: Ending) -> Claim | None:
        """Write an attempt's end and the claim of the thread's next job, in one transaction."""
        if self._shared.group_finishes:
            return self._finishes.run(ending)
        with self._database.hold() as connection:
            return self._end_and_claim(connection, [ending])[0]

    def _end_and_claim(
        self, connection: sa.Connection, endings: Sequence[Ending]
    ) -> list[Claim | None]:
        """Write ends, and as many claims if there are jobs for them."""
        events = [event for ending in endings for event in ending(connection)]
        found: list[Claim | None] = []
        if not self._shared.stop.requested.is_set():
            for claim, event in claims.claim(
                connection, self._queue, len(endings), self._shared.worker_id, self._shared.lease
            ):
                found.append(claim)
                events.append(event)
        if events:
            append_events(connection, events)
        return [*found, *[None] * (len(endings) - len(found))]

    def _run(self, claim: Claim) -> Claim | None:
        """Run one attempt and write its end; returns the next claim, made in the same write."""
        context = JobContext(self._database, claim, self._shared.lease, self._shared.stop)
        self._shared.executing.add(claim)
        try:
            ending = self._attempt(context, claim)
        finally:
            self._shared.executing.remove(claim)
        return self._finish(claim, ending)

    def _attempt(self, context: JobContext, claim: Claim) -> Ending:
        try:
            outcome = self._call_handler(context, claim)
            if is_told(logging.INFO):
                log.info("attempt completed", seconds=round((now() - claim.started_at) / 1e6, 3))
            return partial(self._complete, claim, outcome, copy_context())
        except Exception as error:
            return self._ending_after(claim, error)

    def _ending_after(self, claim: Claim, error: Exception) -> Ending:
        """What is to become of an attempt that raised this."""
        if isinstance(error, JobCancelled):
            log.info("attempt cancelled")
            return partial(self._end, claim, State.CANCELLED, CANCELLED)
        if isinstance(error, HandedBack):
            log.info("attempt handed back")
            return partial(self._put_back, claim, None, 0.0)
        if isinstance(error, LeaseLost):
            log.warning("lease lost", token=claim.token)
            note_failure("lease_lost")
            return _nothing
        failure = describe(claim.attempt, error)
        log.warning("attempt failed", code=failure["code"], error=failure["message"])
        note_failure(failure["code"], error)
        hopeless = isinstance(error, PermanentError | ExhaustedError)
        if hopeless or claim.attempt >= claim.max_attempts:
            return partial(self._end, claim, State.FAILED, failure)
        return partial(self._put_back, claim, failure, backoff(claim.attempt))

    def _call_handler(self, context: JobContext, claim: Claim) -> Outcome:
        registration = self._shared.registry.find(claim.queue, claim.name)
        if registration is None:
            raise PermanentError(
                "unknown_job", f"This version of studyq has no handler for jobs named {claim.name}."
            )
        return registration.handler(context)

    def _finish(self, claim: Claim, ending: Ending, *, last: bool = False) -> Claim | None:
        try:
            return patiently(claim, self._shared.lease, partial(self._write, ending))
        except Exception as error:
            if not last and not isinstance(error, sa.exc.OperationalError):
                # The last effects failed, not the database: the attempt ends with that error.
                instead = self._ending_after(claim, error)
                return self._finish(claim, instead, last=True)
            # The job stays active without a beat: the reaper gives it back when its lease ends.
            log.error("finish not written", error=str(error), exc_info=True)
        return self._claim_first()

    def _complete(
        self, claim: Claim, outcome: Outcome, attempt: Context, connection: sa.Connection
    ) -> Events:
        if outcome.effects is not None:
            claims.verify(connection, claim)
            with joining(connection) as session:
                # Perhaps in the thread of another attempt, which these belong to in no way.
                attempt.run(outcome.effects, session)
        ended, followed = claims.complete(connection, claim, outcome.result, outcome.message)
        return [ended, *(release(connection, claim.id) if followed else ())]

    def _put_back(
        self, claim: Claim, error: dict[str, Any] | None, delay: float, connection: sa.Connection
    ) -> Events:
        if claims.is_cancelled(connection, claim):
            return self._end(claim, State.CANCELLED, CANCELLED, connection)
        due = now() + round(delay * 1e6)
        event = claims.put_back(connection, claim, error=error, due=due)
        self._shared.registry.tell_change(connection, claim, event["state"], error)
        return [event]

    def _end(
        self, claim: Claim, state: State, error: dict[str, Any], connection: sa.Connection
    ) -> Events:
        event = claims.end(connection, claim, state, error)
        self._shared.registry.tell_change(connection, claim, state, error)
        return [event]


def _nothing(_connection: sa.Connection) -> Events:
    return []


def describe(attempt: int, error: BaseException) -> dict[str, Any]:
    """An attempt's error as its job keeps it."""
    if isinstance(error, JobError):
        code, message = error.code, error.message
    else:
        code = "unexpected"
        message = f"An unexpected error ({type(error).__name__}) stopped this attempt: {error}"
    return {
        "attempt": attempt,
        "code": code,
        "class": type(error).__name__,
        "message": message,
        "at": isoformat(now()),
        "traceback": "".join(traceback.format_exception(error))[-TRACEBACK_CHARS:],
    }
