"""Runs the job layer inside a process: doorbells with their threads, heartbeat and reaper."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import sqlalchemy as sa
import structlog

from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs import claims
from studyq.jobs.context import Stop
from studyq.jobs.doorbell import Doorbell
from studyq.jobs.enqueue import queue_topic
from studyq.jobs.identity import WorkerIdentity
from studyq.jobs.models import Job, Queue, State, Worker
from studyq.jobs.reaper import promote, queues_with_work, reap
from studyq.jobs.registry import Registry
from studyq.jobs.retention import BATCH, prune
from studyq.jobs.worker import Executing, QueueWorker, WorkerSettings

log = structlog.get_logger("studyq.jobs")

TICK = 1.0  #: seconds between two rounds of the reaper


def ensure_queues(database: Database, concurrency: Mapping[str, int]) -> None:
    """Make the queues' rows, and set how many of their jobs may run at once."""
    with database.write() as session:
        for name, limit in concurrency.items():
            queue = session.get(Queue, name)
            if queue is None:
                session.add(Queue(name=name, paused=False, concurrency=limit))
            else:
                queue.concurrency = limit


class JobHost:
    """Everything of the job layer that runs in a process.

    Args:
        concurrency: threads for each queue.
        lease: seconds; `heartbeat` at most half of it.
        retention: seconds that completed, and failed or cancelled, jobs are kept.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        *,
        concurrency: Mapping[str, int],
        lease: float = 30.0,
        heartbeat: float = 10.0,
        retention: tuple[float, float] = (3600.0, 86_400.0),
    ) -> None:
        self._database = database
        self._registry = registry
        self._identity = WorkerIdentity()
        self._heartbeat = heartbeat
        self._retention = retention
        self._stop = Stop()
        self._over = threading.Event()
        self._executing = Executing()
        self._shared = WorkerSettings(
            self._identity.id, lease, registry, self._stop, self._executing
        )
        self._local = threading.local()
        self._workers: list[QueueWorker] = []
        self._bells = {
            queue: Doorbell(queue, threads, self._answering(queue))
            for queue, threads in concurrency.items()
        }
        self._concurrency = dict(concurrency)
        self._threads: list[threading.Thread] = []

    @property
    def worker_id(self) -> str:
        """This process's name in `jobs.worker_id`."""
        return self._identity.id

    def start(self) -> None:
        """Register the process, give back what dead workers held, and start working."""
        ensure_queues(self._database, self._concurrency)
        self._sign_in()
        self._reap()
        self._database.listen(self._heard)
        for bell in self._bells.values():
            bell.start()
        self._run_every(self._heartbeat, "heartbeat", self._beat)
        self._run_every(TICK, "reaper", self._round)
        self._round()

    def stop(self, grace: float) -> None:
        """Stop claiming, let handlers reach a checkpoint, hand back the rest.

        Args:
            grace: seconds that handlers may take.
        """
        self._stop.request(grace)
        for bell in self._bells.values():
            bell.hush()
        for bell in self._bells.values():
            bell.stop()
        self._over.set()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.close()
        self._sign_out()

    def _answering(self, queue: str) -> Callable[[], None]:
        def answer() -> None:
            worker = getattr(self._local, "worker", None)
            if worker is None:
                worker = self._local.worker = QueueWorker(self._database, queue, self._shared)
                self._workers.append(worker)
            worker.drain()

        return answer

    def _heard(self, topics: frozenset[str]) -> None:
        for queue, bell in self._bells.items():
            if queue_topic(queue) in topics:
                bell.ring(self._concurrency[queue])

    def _sign_in(self) -> None:
        me, at = self._identity, now()
        with self._database.write() as session:
            session.merge(
                Worker(id=me.id, host=me.host, pid=me.pid, pid_started=me.pid_started,
                       started_at=at, seen_at=at)
            )  # fmt: skip

    def _sign_out(self) -> None:
        held = sa.exists().where(Job.worker_id == self._identity.id, Job.state == State.ACTIVE)
        try:
            with self._database.write() as session:
                # What could not be handed back is found by this row when a process starts.
                session.execute(sa.delete(Worker).where(Worker.id == self._identity.id, ~held))
        except sa.exc.OperationalError:
            # A reaper of this machine removes the row when the process is gone.
            log.exception("worker not signed out")

    def _beat(self) -> None:
        with self._database.write() as session:
            connection = session.connection()
            claims.renew(connection, self._executing.claims(), self._shared.lease)
            seen = connection.execute(
                sa.update(Worker).where(Worker.id == self._identity.id).values(seen_at=now())
            )
        if seen.rowcount == 0:
            self._sign_in()

    def _reap(self) -> None:
        executing = {claim.key for claim in self._executing.claims()}
        reap(self._database, self._registry, executing=executing)

    def _round(self) -> None:
        self._reap()
        promote(self._database)
        for queue in queues_with_work(self._database):
            if queue in self._bells:
                self._bells[queue].ring(self._concurrency[queue])
        completed, failed = self._retention
        while prune(self._database, completed=completed, failed=failed) == BATCH:
            pass

    def _run_every(self, seconds: float, name: str, duty: Callable[[], None]) -> None:
        def loop() -> None:
            while not self._over.wait(seconds):
                try:
                    duty()
                except Exception:
                    # One bad round (a locked database, a full disk) must not end the duty.
                    log.exception("duty failed", duty=name)

        thread = threading.Thread(target=loop, name=f"studyq-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)
