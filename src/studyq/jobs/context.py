"""What a handler holds while it runs: progress, checkpoints, and word of cancellation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.database.engine import Database, is_locked
from studyq.jobs.claims import Claim, verify, write_checkpoint, write_progress
from studyq.jobs.errors import HandedBack, JobCancelled, LeaseLost
from studyq.jobs.models import Job, State

T = TypeVar("T")

CHECK_EVERY = 0.2  #: seconds between two looks at the job's row
LEASE_MARGIN = 0.1  #: a lease counts as nearly over when this share of it is left


@dataclass
class Stop:
    """How a process tells its running attempts to end."""

    requested: threading.Event = field(default_factory=threading.Event)
    deadline: float = float("inf")

    def request(self, grace: float) -> None:
        """Ask for an end at the next checkpoint, and at once after the grace time (seconds)."""
        self.deadline = time.monotonic() + grace
        self.requested.set()


class JobContext:
    """One attempt of a job, as its handler sees it."""

    def __init__(self, database: Database, claim: Claim, lease: float, stop: Stop) -> None:
        self._database = database
        self._claim = claim
        self._lease = lease
        self._stop = stop
        self._checked = 0.0
        self._stage: object = None

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self._claim.id

    @property
    def token(self) -> int:
        """The fencing token; with the job's id, the key of effects outside the database."""
        return self._claim.token

    @property
    def user_id(self) -> str:
        """Whose job it is."""
        return self._claim.user_id

    @property
    def subject(self) -> str | None:
        """The id of what the job works on."""
        return self._claim.subject

    @property
    def payload(self) -> dict[str, Any]:
        """What the job was enqueued with."""
        return self._claim.payload

    @property
    def attempt(self) -> int:
        """This attempt's number, from 1."""
        return self._claim.attempt

    @property
    def checkpoint(self) -> dict[str, Any]:
        """Where the last attempt got to; empty at first."""
        return self._claim.checkpoint

    @property
    def database(self) -> Database:
        """For reading; writes go through `commit`."""
        return self._database

    def progress(self, percent: float, message: str, **detail: Any) -> None:
        """Report progress; stored when the whole per cent or `detail["stage"]` has changed.

        Raises:
            JobCancelled, HandedBack, LeaseLost: when the attempt is to end here.
        """
        if self._is_news(percent, detail):
            self._write(lambda session: self._report(session, percent, message, detail))
        self.check(at_checkpoint=True)

    def commit(
        self,
        effects: Callable[[Session], None],
        *,
        percent: float,
        message: str,
        checkpoint: dict[str, Any] | None = None,
        **detail: Any,
    ) -> None:
        """Commit effects together with the progress that they mean, and a checkpoint if given.

        Raises:
            JobCancelled, HandedBack, LeaseLost: when the attempt is to end here; after
                `JobCancelled` and `HandedBack` the effects are committed.
        """
        # Asked once: a write that has to be repeated tells the same.
        news = self._is_news(percent, detail)

        def write(session: Session) -> None:
            connection = session.connection()
            verify(connection, self._claim)
            effects(session)
            session.flush()
            if news:
                self._report(session, percent, message, detail)
            if checkpoint is not None:
                self._claim.checkpoint = checkpoint
                write_checkpoint(connection, self._claim)

        self._write(write)
        self.check(at_checkpoint=True)

    def check(self, *, at_checkpoint: bool = False) -> None:
        """Raise when the attempt is to end: cancelled, process stopping, or lease lost.

        Cheap enough to be called often: the job's row is looked at five times a second.
        """
        moment = time.monotonic()
        if self._stop.requested.is_set() and (at_checkpoint or moment >= self._stop.deadline):
            raise HandedBack(self._claim.id)
        if moment - self._checked < CHECK_EVERY:
            return
        self._checked = moment
        with self._database.read() as session:
            row = session.execute(
                sa.select(Job.cancel_requested, Job.token, Job.state).where(
                    Job.id == self._claim.id
                )
            ).one_or_none()
        if row is None or row.token != self._claim.token or row.state != State.ACTIVE:
            raise LeaseLost(self._claim.id)
        if row.cancel_requested:
            raise JobCancelled(self._claim.id)

    def _is_news(self, percent: float, detail: dict[str, Any]) -> bool:
        return int(percent) > self._claim.progress or detail.get("stage") != self._stage

    def _report(
        self, session: Session, percent: float, message: str, detail: dict[str, Any]
    ) -> None:
        # 100 is told by the transaction that completes the job, and by nothing else.
        self._claim.progress = max(self._claim.progress, min(int(percent), 99))
        self._claim.message = message
        self._stage = detail.get("stage")
        write_progress(session.connection(), self._claim, detail, self._lease)

    def _write(self, write: Callable[[Session], None]) -> None:
        def attempt() -> None:
            with self._database.write() as session:
                write(session)

        patiently(self._claim, self._lease, attempt)


def patiently(claim: Claim, lease: float, write: Callable[[], T]) -> T:
    """Run a write again while another process holds the database, until the lease nearly ends.

    Args:
        lease: how long a lease is (seconds).
    """
    while True:
        try:
            return write()
        except sa.exc.OperationalError as error:
            left = (claim.lease_until - now()) / 1e6
            if not is_locked(error) or left < LEASE_MARGIN * lease:
                raise
