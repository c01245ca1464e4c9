"""Which function runs which job: rooms above register their handlers here by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.engine import joining

if TYPE_CHECKING:
    from studyq.jobs.context import JobContext

PDF_INGESTION = "pdf-ingestion"
FLASHCARD_GENERATION = "flashcard-generation"
TEST_ANALYSIS = "test-analysis"
#: Messages to people elsewhere; served by every process, so that they go out when workers are down.
NOTIFICATIONS = "notifications"
QUEUES = (PDF_INGESTION, FLASHCARD_GENERATION, TEST_ANALYSIS, NOTIFICATIONS)


@dataclass(frozen=True)
class Outcome:
    """What a handler that came to its end hands over.

    Args:
        result: the receipt, kept on the job.
        effects: the last writes, committed together with the state `completed`.
        message: the last progress message.
    """

    result: dict[str, Any] = field(default_factory=dict)
    effects: Callable[[Session], None] | None = None
    message: str = "Done"


@dataclass(frozen=True)
class Change:
    """A job that was put back, failed or cancelled, as its handler's room is told."""

    job_id: str
    subject: str | None
    payload: dict[str, Any]
    state: str
    error_code: str | None = None
    error_message: str | None = None


class Tellable(Protocol):
    """What identifies a job to its room."""

    id: str
    queue: str
    name: str
    subject: str | None
    payload: dict[str, Any]


Handler = Callable[["JobContext"], Outcome]
OnChange = Callable[[Session, Change], None]


@dataclass(frozen=True)
class Registration:
    """A handler and who is told, in the same transaction, when its job ends otherwise."""

    handler: Handler
    on_change: OnChange | None


class Registry:
    """The handlers that a process can run."""

    def __init__(self) -> None:
        self._registrations: dict[tuple[str, str], Registration] = {}

    def handler(
        self, queue: str, name: str, *, on_change: OnChange | None = None
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function for the jobs of this name.

        Args:
            queue: one of the queues.
            name: the job's name.
            on_change: called within the transaction that puts a job back (retry, lost worker),
                fails it or cancels it, so that the room's own rows change with the job.
        """

        def register(function: Handler) -> Handler:
            self._registrations[queue, name] = Registration(function, on_change)
            return function

        return register

    def find(self, queue: str, name: str) -> Registration | None:
        """The registration for a job, or None when this version has none."""
        return self._registrations.get((queue, name))

    def queues(self) -> frozenset[str]:
        """The queues that it has a handler for."""
        return frozenset(queue for queue, _ in self._registrations)

    def tell_change(
        self, connection: sa.Connection, job: Tellable, state: str, error: Mapping[str, Any] | None
    ) -> None:
        """Tell the room of a job, within the running transaction, that the job changed."""
        registration = self.find(job.queue, job.name)
        if registration is None or registration.on_change is None:
            return
        code, message = (error["code"], error["message"]) if error else (None, None)
        with joining(connection) as session:
            registration.on_change(
                session, Change(job.id, job.subject, job.payload, state, code, message)
            )


registry = Registry()
"""The registry of the running service; tests make their own."""

handler = registry.handler
