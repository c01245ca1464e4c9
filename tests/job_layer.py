"""A database with studyq's tables, and a job layer without threads, for tests of the job layer.

`Jobs.drain` runs what a worker thread would run, in the thread of the test, so that most of what
is promised can be looked at step by step.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.database.engine import Database
from studyq.database.migrate import upgrade
from studyq.jobs.context import JobContext, Stop
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.events import Event, events_after
from studyq.jobs.host import ensure_queues
from studyq.jobs.models import Job
from studyq.jobs.reaper import promote
from studyq.jobs.registry import QUEUES, Change, Outcome, Registry
from studyq.jobs.service import cancel, retry
from studyq.jobs.worker import Executing, QueueWorker, WorkerSettings

USER = "00000000-0000-7000-8000-000000000001"
QUEUE = "pdf-ingestion"
NAME = "work"


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="studyq-tests-")) / "studyq.db"
    upgrade(f"sqlite:///{path}")
    return path


@contextmanager
def open_database(folder: Path, **options: Any) -> Iterator[Database]:
    """A database of this version's schema with the three queues, one job at a time each."""
    path = folder / "studyq.db"
    if not path.exists():
        shutil.copy(_template(), path)
    database = Database(f"sqlite:///{path}", **options)
    ensure_queues(database, dict.fromkeys(QUEUES, 1))
    try:
        yield database
    finally:
        database.close()


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    """Wait until something holds, or fail with what did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.005)


@dataclass
class Jobs:
    """One queue, its handler, and workers that run when they are told to."""

    database: Database
    registry: Registry = field(default_factory=Registry)
    stop: Stop = field(default_factory=Stop)
    executing: Executing = field(default_factory=Executing)
    told: list[Change] = field(default_factory=list)

    def handle(self, handler: Callable[[JobContext], Outcome], name: str = NAME) -> None:
        """Let a function run the jobs of a name."""

        def on_change(_: Session, change: Change) -> None:
            self.told.append(change)

        self.registry.handler(QUEUE, name, on_change=on_change)(handler)

    def add(self, name: str = NAME, **wishes: Any) -> str:
        """Enqueue a job."""
        with self.database.write() as session:
            return enqueue(session, NewJob(QUEUE, name, USER, **wishes))

    def drain(self, worker_id: str = "worker", *, lease: float = 30.0, queue: str = QUEUE) -> None:
        """Run what can be claimed of a queue, one job after another."""
        shared = WorkerSettings(worker_id, lease, self.registry, self.stop, self.executing)
        QueueWorker(self.database, queue, shared).drain()

    def row(self, job_id: str) -> Any:
        """A job as it stands."""
        with self.database.read() as session:
            query = sa.select(*Job.__table__.columns).where(Job.id == job_id)
            return session.execute(query).one()

    def events(self, job_id: str) -> list[Event]:
        """What has been told of a job."""
        with self.database.read() as session:
            return events_after(session, 0, job_id=job_id)

    def cancel(self, job_id: str) -> str:
        """Ask for a job's end."""
        with self.database.write() as session:
            return cancel(session, self.registry, USER, job_id)

    def retry(self, job_id: str) -> None:
        """Put an ended job back."""
        with self.database.write() as session:
            retry(session, self.registry, USER, job_id)

    def update(self, job_id: str, **values: Any) -> None:
        """Set what only time or another process could set."""
        with self.database.write() as session:
            session.execute(sa.update(Job).where(Job.id == job_id).values(**values))

    def make_due(self, job_id: str) -> None:
        """Let a delayed job's time come."""
        self.update(job_id, run_at=0)
        promote(self.database)
