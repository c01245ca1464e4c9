"""Runs the job layer inside a process: doorbells with their threads, heartbeat and reaper."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import sqlalchemy as sa
import structlog

from studyq.database.engine import Database
from studyq.jobs import claims
from studyq.jobs.clock import Clock, after_setback, held_by_others
from studyq.jobs.commits import CommitWatch
from studyq.jobs.context import Stop
from studyq.jobs.doorbell import Doorbell
from studyq.jobs.enqueue import QUEUES_TOPIC, queue_topic
from studyq.jobs.models import ACTIVE_SQL, WAITING_SQL, Job, Queue
from studyq.jobs.presence import Presence
from studyq.jobs.reaper import promote, reap
from studyq.jobs.registry import QUEUES, Registry
from studyq.jobs.transport import InProcess, Transport
from studyq.jobs.worker import Executing, QueueWorker, WorkerSettings

log = structlog.get_logger("studyq.jobs")

TICK = 1.0  #: seconds between two rounds of the reaper
WATCH = 0.02  #: seconds between two looks for commits of other processes that ring nobody
WATCH_ALONE = 0.25  #: the same while no other process is signed in, or their rings arrive


def ensure_queues(database: Database, concurrency: Mapping[str, int]) -> None:
    """Make the queues' rows, and let changed settings say how many of their jobs run at once.

    What an operator has set stays in force until the setting itself is changed.
    """
    with database.write() as session:
        for name, limit in concurrency.items():
            queue = session.get(Queue, name)
            if queue is None:
                session.add(Queue(name=name, paused=False, concurrency=limit, configured=limit))
            elif queue.configured != limit:
                queue.concurrency = queue.configured = limit


def rooms(database: Database) -> dict[str, int]:
    """How many jobs more may start in each queue that has one waiting and may start any."""
    active = sa.select(sa.func.count()).where(Job.queue == Queue.name, ACTIVE_SQL)
    room = Queue.concurrency - active.scalar_subquery()
    waits = sa.exists().where(Job.queue == Queue.name, WAITING_SQL)
    with database.read() as session:
        found = session.execute(
            sa.select(Queue.name, room).where(waits, Queue.paused.is_(False), room > 0)
        )
        return {name: free for name, free in found}  # noqa: C416  # rows


class JobHost:
    """Everything of the job layer that runs in a process.

    Args:
        concurrency: the queues to serve, and how many of their jobs the settings let run at once.
            A queue has as many threads here as it may run jobs anywhere, so that any process can
            do all the work.
        lease: seconds; `heartbeat` at most half of it. The same in all processes.
        transport: wakes other processes; it is started and stopped with the host.
        group_finishes: let threads that finish jobs at the same moment share a commit.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        *,
        concurrency: Mapping[str, int],
        lease: float = 30.0,
        heartbeat: float = 10.0,
        transport: Transport | None = None,
        group_finishes: bool = True,
    ) -> None:
        self._database = database
        self._registry = registry
        self._heartbeat = heartbeat
        self._transport = InProcess() if transport is None else transport
        self._presence = Presence(database, concurrency, self._transport.problem)
        self._stop = Stop()
        self._over = threading.Event()
        self._nudged = threading.Event()
        self._executing = Executing()
        self._shared = WorkerSettings(
            self._presence.worker_id, lease, registry, self._stop, self._executing, group_finishes
        )
        self._workers = {queue: QueueWorker(database, queue, self._shared) for queue in concurrency}
        self._bells = {
            queue: Doorbell(queue, threads, self._workers[queue].drain)
            for queue, threads in concurrency.items()
        }
        self._concurrency = dict(concurrency)
        self._topics = {queue_topic(queue): queue for queue in {*QUEUES, *concurrency}}
        self._clock = Clock()
        self._lenient_until = 0.0
        self._company = True
        self._watch = CommitWatch(database, pause=self._watch_pause, changed=self._ring_for_work)
        self._threads: list[threading.Thread] = []

    @property
    def worker_id(self) -> str:
        """This process's name in `jobs.worker_id`."""
        return self._presence.worker_id

    def start(self) -> None:
        """Register the process, give back what dead workers held, and start working."""
        ensure_queues(self._database, self._concurrency)
        self._presence.sign_in()
        self._reap()
        self._database.listen(self._heard)
        for bell in self._bells.values():
            bell.start()
        self._transport.start(self._ring)
        self._run_every(self._heartbeat, "heartbeat", self._beat)
        self._run_every(TICK, "reaper", self._round, self._nudged)
        self._round()
        self._watch.start()

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
        self._nudged.set()
        self._watch.stop()
        for thread in self._threads:
            thread.join()
        for queue in self._bells:  # for others to take what was handed back
            self._transport.ring(queue)
        self._transport.stop()
        self._presence.sign_out()

    # rings

    def _heard(self, topics: frozenset[str]) -> None:
        """Ring for what a transaction of this process has changed: here at once, then elsewhere."""
        for topic in topics:
            queue = self._topics.get(topic)
            if queue is not None:
                self._ring(queue)
                self._transport.ring(queue)
        if QUEUES_TOPIC in topics:
            self._nudged.set()

    def _ring(self, queue: str) -> None:
        bell = self._bells.get(queue)
        if bell is not None:
            bell.ring(bell.threads)

    def _ring_for_work(self) -> None:
        for queue, room in rooms(self._database).items():
            if queue in self._bells:
                self._bells[queue].ring(room)

    def _watch_pause(self) -> float:
        return WATCH if self._company and not self._transport.carries else WATCH_ALONE

    # duties

    def _beat(self) -> None:
        with self._database.write() as session:
            connection = session.connection()
            claims.renew(connection, self._executing.claims(), self._shared.lease)
            known = self._presence.show(connection)
        if not known:
            self._presence.sign_in()

    def _round(self) -> None:
        self._look_at_the_clock()
        self._follow_queues()
        self._reap()
        promote(self._database)
        self._ring_for_work()
        self._company = self._presence.has_company()
        if self._presence.has_news:
            self._beat()

    def _look_at_the_clock(self) -> None:
        """When the wall clock has jumped, show at once that this process is alive."""
        moved = self._clock.moved()
        if not moved:
            return
        log.warning("the clock has jumped, or the machine has slept", seconds=round(moved, 1))
        self._lenient_until = time.monotonic() + self._heartbeat + TICK
        if moved < 0:
            after_setback(self._database, self._shared.lease)
        self._beat()

    def _follow_queues(self) -> None:
        """Have as many threads as the queues may run jobs."""
        with self._database.read() as session:
            limits = session.execute(sa.select(Queue.name, Queue.concurrency)).all()
        for name, limit in limits:
            if name in self._bells:
                self._bells[name].resize(limit)

    def _reap(self) -> None:
        executing = {claim.key for claim in self._executing.claims()}
        if time.monotonic() < self._lenient_until:
            executing |= held_by_others(self._database)
        reap(self._database, self._registry, executing=executing)

    def _run_every(
        self,
        seconds: float,
        name: str,
        duty: Callable[[], None],
        nudged: threading.Event | None = None,
    ) -> None:
        due = self._over if nudged is None else nudged

        def loop() -> None:
            while not self._over.is_set():
                due.wait(seconds)
                if self._over.is_set():
                    return
                if nudged is not None:
                    nudged.clear()
                try:
                    duty()
                except Exception:
                    # One bad round (a locked database, a full disk) must not end the duty.
                    log.exception("duty failed", duty=name)

        thread = threading.Thread(target=loop, name=f"studyq-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)
