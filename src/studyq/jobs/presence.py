"""This process's row in `workers`: that it is there, what it serves, and what ails it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import sqlalchemy as sa
import structlog

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.identity import WorkerIdentity
from studyq.jobs.models import ACTIVE_SQL, Job, Worker

log = structlog.get_logger("studyq.jobs")

WORKER_SILENT = 30.0  #: seconds after which a worker does not count as alive


class Presence:
    """Signs a process in and out, and shows that it is alive.

    Args:
        queues: the names of the queues that it serves.
        problem: what is wrong with its doorbell, in words; nothing when all is well.
    """

    def __init__(
        self, database: Database, queues: Collection[str], problem: Callable[[], str]
    ) -> None:
        self._database = database
        self._identity = WorkerIdentity()
        self._queues = sorted(queues)
        self._problem = problem
        self._told = ""

    @property
    def worker_id(self) -> str:
        """The process's name in `jobs.worker_id`."""
        return self._identity.id

    @property
    def has_news(self) -> bool:
        """Whether what is wrong is something else than others have been told."""
        return self._problem() != self._told

    def sign_in(self) -> None:
        """Make the row."""
        me, at, problem = self._identity, now(), self._problem()
        with self._database.write() as session:
            session.merge(
                Worker(id=me.id, host=me.host, pid=me.pid, pid_started=me.pid_started,
                       started_at=at, seen_at=at, queues=self._queues, transport_error=problem)
            )  # fmt: skip
        self._told = problem

    def show(self, connection: sa.Connection) -> bool:
        """Say within the running write that the process is alive; False when its row is gone."""
        problem = self._problem()
        seen = connection.execute(
            sa.update(Worker)
            .where(Worker.id == self.worker_id)
            .values(seen_at=now(), transport_error=problem)
        )
        self._told = problem
        return seen.rowcount == 1

    def has_company(self) -> bool:
        """Whether other processes are signed in."""
        with self._database.read() as session:
            others = sa.exists().where(Worker.id != self.worker_id)
            return bool(session.scalar(sa.select(others)))

    def sign_out(self) -> None:
        """Take the row away, unless jobs are still in its name."""
        held = sa.exists().where(Job.worker_id == self.worker_id, ACTIVE_SQL)
        try:
            with self._database.write() as session:
                # What could not be handed back is found by this row when a process starts.
                session.execute(sa.delete(Worker).where(Worker.id == self.worker_id, ~held))
        except sa.exc.OperationalError:
            # A reaper of this machine removes the row when the process is gone.
            log.exception("worker not signed out")
