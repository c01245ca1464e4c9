"""The job layer with its threads: several hosts, cancelling, stopping, a locked database."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import process_targets
from job_layer import QUEUE, USER, Jobs, open_database, wait_for
from studyq.database.driver import load_driver
from studyq.database.engine import Database
from studyq.jobs import host as host_module
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue
from studyq.jobs.host import JobHost, ensure_queues
from studyq.jobs.models import Job, Queue, State, Worker
from studyq.jobs.operating import set_concurrency
from studyq.jobs.registry import QUEUES, Outcome
from studyq.processes import ChildProcess, Limits


@contextmanager
def running(
    jobs: Jobs, *, threads: int = 1, lease: float = 30.0, heartbeat: float = 10.0
) -> Iterator[JobHost]:
    """A host that works on the jobs' queue until the block ends."""
    host = JobHost(
        jobs.database, jobs.registry, concurrency={QUEUE: threads}, lease=lease, heartbeat=heartbeat
    )
    host.start()
    try:
        yield host
    finally:
        host.stop(grace=0)


def ended(jobs: Jobs, *ids: str, state: str = "completed") -> Callable[[], bool]:
    return lambda: all(jobs.row(job).state == state for job in ids)


def test_job_is_started_by_its_ring_alone(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studyq.jobs.host.TICK", 3600.0)
    monkeypatch.setattr("studyq.jobs.doorbell.WAIT", 3600.0)
    jobs.handle(lambda _: Outcome())
    with running(jobs):
        for _ in range(20):
            wait_for(ended(jobs, jobs.add()), "a job that nothing but its ring can start")


def test_all_queues_at_their_widest_starve_nobody(jobs: Jobs) -> None:
    """As many threads as an operator can ask for, each with a connection that it keeps."""
    gate = threading.Event()

    def work(context: JobContext) -> Outcome:
        gate.wait(60)
        context.progress(50, "half")
        return Outcome()

    for queue in QUEUES:
        jobs.registry.handler(queue, "wait")(work)
    with jobs.database.write() as session:
        ids = [enqueue(session, NewJob(queue, "wait", USER)) for queue in QUEUES for _ in range(64)]
    host = JobHost(jobs.database, jobs.registry, concurrency=dict.fromkeys(QUEUES, 64))
    host.start()
    try:
        states = sa.select(sa.func.count()).where(Job.state == State.ACTIVE)

        def active() -> int:
            with jobs.database.read() as session:
                return session.scalar(states) or 0

        wait_for(lambda: active() == len(ids), "all at once")
        gate.set()
        wait_for(ended(jobs, *ids), "all jobs")
    finally:
        gate.set()
        host.stop(grace=5)


def test_concurrency_is_global_over_two_hosts(jobs: Jobs, tmp_path: Path) -> None:
    lock, now_running, most = threading.Lock(), 0, 0

    def work(_: JobContext) -> Outcome:
        nonlocal now_running, most
        with lock:
            now_running += 1
            most = max(most, now_running)
        time.sleep(0.02)
        with lock:
            now_running -= 1
        return Outcome()

    jobs.handle(work)
    with ExitStack() as stack:
        other = Jobs(stack.enter_context(open_database(tmp_path)), registry=jobs.registry)
        # Three threads for a queue that may run two jobs; one host alone could run only one.
        stack.enter_context(running(jobs, threads=1))
        stack.enter_context(running(other, threads=2))
        ids = [member.add() for _ in range(20) for member in (jobs, other)]
        wait_for(ended(jobs, *ids), "all jobs")
    assert most == 2


def test_cancelled_job_ends_within_two_seconds_and_its_child_is_killed(jobs: Jobs) -> None:
    pids: list[int] = []

    def work(context: JobContext) -> Outcome:
        with ChildProcess(Limits(), name="test child") as child:
            child.start()
            pids.append(child.pid or 0)
            child.call(process_targets.sleep, 60.0, timeout=90, check=context.check)
        return Outcome()

    jobs.handle(work)
    with running(jobs):
        job = jobs.add()
        wait_for(lambda: bool(pids), "the child", seconds=90)
        begun = time.monotonic()
        assert jobs.cancel(job) == "active"
        wait_for(ended(jobs, job, state="cancelled"), "the end")
        assert time.monotonic() - begun < 2
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], signal.SIGKILL)


def test_stop_hands_back_what_is_left_and_leaves_nothing_active(jobs: Jobs) -> None:
    started = threading.Event()

    def work(context: JobContext) -> Outcome:
        started.set()
        while True:
            time.sleep(0.01)
            context.check()

    jobs.handle(work)
    with running(jobs, threads=1) as host:
        job, waiting = jobs.add(), jobs.add()
        assert started.wait(30)
        begun = time.monotonic()
        host.stop(grace=0.3)
        assert time.monotonic() - begun < 10
        assert (jobs.row(job).state, jobs.row(job).attempt) == ("waiting", 0)
        assert (jobs.row(waiting).state, jobs.row(waiting).token) == ("waiting", 0)
        with jobs.database.read() as session:
            assert session.scalars(sa.select(Worker)).all() == []
        # Stopped already; a second stop finds nothing to do.


def test_job_within_the_grace_time_comes_to_its_end(jobs: Jobs) -> None:
    started = threading.Event()

    def work(context: JobContext) -> Outcome:
        started.set()
        for _ in range(10):
            time.sleep(0.02)
            context.check()
        return Outcome()

    jobs.handle(work)
    with running(jobs) as host:
        job = jobs.add()
        assert started.wait(30)
        host.stop(grace=30)
    assert jobs.row(job).state == "completed"


def test_heartbeat_keeps_a_silent_job_from_the_reapers_of_others(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "TICK", 0.1)

    def work(_: JobContext) -> Outcome:
        time.sleep(2.5)  # says nothing for longer than its lease
        return Outcome()

    jobs.handle(work)
    with ExitStack() as stack:
        other = Jobs(stack.enter_context(open_database(tmp_path)), registry=jobs.registry)
        for member in (jobs, other):
            stack.enter_context(running(member, lease=1.5, heartbeat=0.2))
        job = jobs.add()
        wait_for(ended(jobs, job), "the job")
    assert (jobs.row(job).token, jobs.row(job).losses) == (1, 0)


def test_finish_waits_for_a_locked_database(jobs: Jobs, tmp_path: Path) -> None:
    """Longer than the busy timeout, and longer than the lease that the job was claimed with."""
    locked, handler_over = threading.Event(), threading.Event()

    def work(_: JobContext) -> Outcome:
        time.sleep(1.5)  # of the lease of 2 s, renewed meanwhile
        assert locked.wait(30)
        handler_over.set()
        return Outcome()

    with open_database(tmp_path, busy_timeout=0.1) as impatient:
        hasty = Jobs(impatient)
        hasty.handle(work)
        with running(hasty, lease=2.0, heartbeat=0.2):
            job = jobs.add()
            wait_for(lambda: jobs.row(job).state == "active", "the start")
            time.sleep(1.2)
            connection = load_driver().connect(str(jobs.database.path), isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
            locked.set()
            assert handler_over.wait(30)
            time.sleep(0.6)
            connection.execute("ROLLBACK")
            connection.close()
            wait_for(ended(jobs, job), "the finish")
    assert (jobs.row(job).token, jobs.row(job).losses) == (1, 0)


def test_duties_outlive_a_locked_database(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "TICK", 0.05)
    jobs.handle(lambda _: Outcome())
    with open_database(tmp_path, busy_timeout=0.05) as impatient:
        hasty = Jobs(impatient, registry=jobs.registry)
        with running(hasty, heartbeat=0.05):
            delayed = jobs.add(delay=0.3)
            connection = load_driver().connect(str(jobs.database.path), isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(1.0)
            connection.execute("ROLLBACK")
            connection.close()
            wait_for(ended(jobs, delayed, jobs.add()), "jobs after the lock")


def test_start_recovers_orphans_before_anything_else(jobs: Jobs, database: Database) -> None:
    jobs.handle(lambda _: Outcome())
    job = jobs.add()
    with database.write() as session:
        session.execute(
            sa.update(Job)
            .where(Job.id == job)
            .values(
                state=State.ACTIVE,
                token=1,
                attempt=1,
                worker_id="gone",
                lease_until=0,
                started_at=0,
            )
        )
    with running(jobs):
        wait_for(ended(jobs, job), "the orphan")
    assert (jobs.row(job).token, jobs.row(job).losses) == (2, 1)


def test_settings_change_the_concurrency_and_keep_a_pause(jobs: Jobs) -> None:
    with jobs.database.write() as session:
        session.execute(sa.update(Queue).values(paused=True))
    ensure_queues(jobs.database, dict.fromkeys(QUEUES, 7))
    with jobs.database.read() as session:
        queues = session.scalars(sa.select(Queue)).all()
        assert {(queue.paused, queue.concurrency) for queue in queues} == {(True, 7)}


def test_what_an_operator_has_set_outlives_a_start_until_the_setting_changes(jobs: Jobs) -> None:
    def concurrency() -> int:
        with jobs.database.read() as session:
            return session.get_one(Queue, QUEUE).concurrency

    def start(setting: int) -> int:
        ensure_queues(jobs.database, {QUEUE: setting})
        return concurrency()

    assert start(3) == 3
    with jobs.database.write() as session:
        session.execute(sa.update(Queue).where(Queue.name == QUEUE).values(concurrency=9))
    assert [start(3), start(3), start(4), start(3)] == [9, 9, 4, 3]


def test_operators_change_is_followed_at_once(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_module, "TICK", 3600.0)
    gate, begun = threading.Event(), list[str]()

    def work(context: JobContext) -> Outcome:
        begun.append(context.job_id)
        gate.wait(30)
        return Outcome()

    jobs.handle(work)
    with running(jobs):
        ids = [jobs.add() for _ in range(3)]
        wait_for(lambda: len(begun) == 1, "the first")
        with jobs.database.write() as session:
            set_concurrency(session, QUEUE, 3)
        wait_for(lambda: len(begun) == 3, "three at once")
        gate.set()
        wait_for(ended(jobs, *ids), "all jobs")


def test_handlers_may_enqueue_within_their_last_effects(jobs: Jobs) -> None:
    def mother(context: JobContext) -> Outcome:
        def effects(session: sa.orm.Session) -> None:
            enqueue(session, NewJob(QUEUE, "child", context.user_id, subject=context.job_id))

        return Outcome({}, effects)

    jobs.handle(mother, "mother")
    jobs.handle(lambda _: Outcome(), "child")
    with running(jobs):
        ids = [jobs.add("mother") for _ in range(5)]

        def all_born() -> bool:
            with jobs.database.read() as session:
                done = sa.select(Job.subject).where(Job.name == "child", Job.state == "completed")
                return set(session.scalars(done)) == set(ids)

        wait_for(all_born, "the children")
