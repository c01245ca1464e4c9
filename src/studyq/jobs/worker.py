"""Runs the jobs of one queue in the calling thread, one after another, until none is left."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import isoformat, now
from studyq.database.engine import Database
from studyq.jobs import claims
from studyq.jobs.backoff import backoff
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

TRACEBACK_CHARS = 8000
CANCELLED = {"code": "cancelled", "message": "Cancelled."}

Events = list[dict[str, Any]]
Ending = Callable[[sa.Connection], Events]


@dataclass
class Executing:
    """The executions that handlers of this process are in right now."""

    _keys: set[tuple[str, int]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, key: tuple[str, int]) -> None:
        """A handler starts."""
        with self._lock:
            self._keys.add(key)

    def remove(self, key: tuple[str, int]) -> None:
        """It ended; its last write, if still to come, is on its own."""
        with self._lock:
            self._keys.discard(key)

    def keys(self) -> list[tuple[str, int]]:
        """A snapshot."""
        with self._lock:
            return list(self._keys)


@dataclass(frozen=True)
class WorkerSettings:
    """What all workers of a process share."""

    worker_id: str
    lease: float
    registry: Registry
    stop: Stop
    executing: Executing


class QueueWorker:
    """Drains one queue. Each thread has its own, with a connection that it holds."""

    def __init__(self, database: Database, queue: str, shared: WorkerSettings) -> None:
        self._database = database
        self._queue = queue
        self._shared = shared
        self._connection = database.connect()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def drain(self) -> None:
        """Claim and run jobs until the queue has none to give or the process stops."""
        claim = self._claim_first()
        while claim is not None:
            claim = self._run(claim)

    def _claim_first(self) -> Claim | None:
        if self._shared.stop.requested.is_set():
            return None
        with self._database.transaction(self._connection) as connection:
            return self._claim(connection, [])

    def _claim(self, connection: sa.Connection, events: Events) -> Claim | None:
        """Claim the next job; append its event together with the ones given."""
        claimed = None
        if not self._shared.stop.requested.is_set():
            claimed = claims.claim_next(
                connection, self._queue, self._shared.worker_id, self._shared.lease
            )
        if claimed is not None:
            events.append(claimed[1])
        if events:
            append_events(connection, events)
        return None if claimed is None else claimed[0]

    def _run(self, claim: Claim) -> Claim | None:
        """Run one attempt and write its end; returns the next claim, made in the same write."""
        context = JobContext(self._database, claim, self._shared.lease, self._shared.stop)
        self._shared.executing.add(claim.key)
        try:
            ending = self._attempt(context, claim)
        finally:
            self._shared.executing.remove(claim.key)
        return self._finish(context, claim, ending)

    def _attempt(self, context: JobContext, claim: Claim) -> Ending:
        try:
            return partial(self._complete, claim, self._call_handler(context, claim))
        except JobCancelled:
            return partial(self._end, claim, State.CANCELLED, CANCELLED)
        except HandedBack:
            return partial(self._hand_back, claim)
        except LeaseLost:
            context.log.warning("lease lost", token=claim.token)
            return _nothing
        except Exception as error:
            failure = describe(claim.attempt, error)
            context.log.warning("attempt failed", code=failure["code"], error=failure["message"])
            if isinstance(error, PermanentError | ExhaustedError):
                return partial(self._end, claim, State.FAILED, failure)
            return partial(self._fail, claim, failure)

    def _call_handler(self, context: JobContext, claim: Claim) -> Outcome:
        registration = self._shared.registry.find(claim.queue, claim.name)
        if registration is None:
            raise PermanentError(
                "unknown_job", f"This version of studyq has no handler for jobs named {claim.name}."
            )
        return registration.handler(context)

    def _finish(self, context: JobContext, claim: Claim, ending: Ending) -> Claim | None:
        def write() -> Claim | None:
            with self._database.transaction(self._connection) as connection:
                return self._claim(connection, ending(connection))

        try:
            return patiently(claim, write)
        except LeaseLost:
            context.log.warning("lease lost at the finish", token=claim.token)
        except Exception as error:
            # The job stays active without a beat: the reaper gives it back when its lease ends.
            context.log.error("finish not written", error=str(error), exc_info=True)
        return self._claim_first()

    def _complete(self, claim: Claim, outcome: Outcome, connection: sa.Connection) -> Events:
        if outcome.effects is not None:
            claims.verify(connection, claim)
            with Session(connection) as session:
                outcome.effects(session)
                session.flush()
        return [claims.complete(connection, claim, outcome.result, outcome.message)]

    def _hand_back(self, claim: Claim, connection: sa.Connection) -> Events:
        return [claims.put_back(connection, claim, error=None, due=now())]

    def _fail(self, claim: Claim, failure: dict[str, Any], connection: sa.Connection) -> Events:
        if claim.attempt >= claim.max_attempts:
            return self._end(claim, State.FAILED, failure, connection)
        due = now() + round(backoff(claim.attempt) * 1e6)
        event = claims.put_back(connection, claim, error=failure, due=due)
        self._shared.registry.tell_change(connection, claim, State.DELAYED, failure)
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
