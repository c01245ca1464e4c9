"""Jobs that finish at the same moment share a commit, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from job_layer import QUEUE, Jobs, wait_for
from studyq.database.engine import announce
from studyq.jobs.context import JobContext
from studyq.jobs.errors import PermanentError
from studyq.jobs.host import JobHost
from studyq.jobs.models import Job
from studyq.jobs.registry import Outcome

THREADS = 5

Ending = Callable[[JobContext], Outcome]


class Finishers:
    """Handlers that end when all have started and the database is kept from being written."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.gate = threading.Event()
        self.started: dict[str, JobContext] = {}
        with jobs.database.write() as session:
            session.execute(sa.text("CREATE TABLE effects (job TEXT)"))
            session.execute(sa.text("UPDATE queues SET concurrency = 5, configured = 5"))
        self.commits: list[frozenset[str]] = []
        jobs.database.listen(self.commits.append)

    def handle(self, name: str, end: Ending) -> None:
        def work(context: JobContext) -> Outcome:
            self.started[context.job_id] = context
            assert self.gate.wait(30)
            return end(context)

        self.jobs.handle(work, name)

    def effect(self, context: JobContext) -> Callable[[Session], None]:
        def write(session: Session) -> None:
            session.execute(sa.text("INSERT INTO effects VALUES (:job)"), {"job": context.job_id})
            announce(session.connection(), f"effect of {context.job_id}")

        return write

    def effects(self) -> list[str]:
        with self.jobs.database.read() as session:
            return list(session.scalars(sa.text("SELECT job FROM effects ORDER BY job")))

    @contextmanager
    def finish(self, count: int) -> Iterator[None]:
        """Let all finish; the block runs before any of them can be written."""
        host = JobHost(self.jobs.database, self.jobs.registry, concurrency={QUEUE: THREADS})
        host.start()
        finishes = host._workers[QUEUE]._finishes
        try:
            wait_for(lambda: len(self.started) == count, "all jobs")
            with self.jobs.database.write() as session:
                self.gate.set()
                wait_for(lambda: len(finishes._waiting) == count, "all finishes")
                self.session = session
                yield
            wait_for(
                lambda: all(self.state(job) != "active" for job in list(self.started)), "the ends"
            )
        finally:
            host.stop(grace=0)

    def state(self, job: str) -> str:
        return str(self.jobs.row(job).state)


@pytest.fixture
def finishers(jobs: Jobs) -> Finishers:
    return Finishers(jobs)


def test_all_in_one_commit_each_with_its_effect(jobs: Jobs, finishers: Finishers) -> None:
    finishers.handle("good", lambda context: Outcome({}, finishers.effect(context)))
    ids = sorted(jobs.add("good") for _ in range(THREADS))
    with finishers.finish(THREADS):
        pass
    assert finishers.effects() == ids
    effects = {f"effect of {job}" for job in ids}
    assert [told & effects for told in finishers.commits if told & effects] == [effects]
    for job in ids:
        assert [event.state for event in jobs.events(job)] == ["waiting", "active", "completed"]


def test_next_jobs_are_claimed_once_each(jobs: Jobs, finishers: Finishers) -> None:
    finishers.handle("good", lambda context: Outcome({}, finishers.effect(context)))
    ids = sorted(jobs.add("good") for _ in range(2 * THREADS))
    with finishers.finish(THREADS):
        pass
    wait_for(lambda: all(finishers.state(job) == "completed" for job in ids), "all jobs")
    assert finishers.effects() == ids
    assert [jobs.row(job).token for job in ids] == [1] * len(ids)


def test_effects_that_fail_leave_nothing_and_fail_only_their_job(
    jobs: Jobs, finishers: Finishers
) -> None:
    def fail(context: JobContext) -> Outcome:
        def write(session: Session) -> None:
            finishers.effect(context)(session)
            raise PermanentError("no", "These effects cannot be written.")

        return Outcome({}, write)

    finishers.handle("good", lambda context: Outcome({}, finishers.effect(context)))
    finishers.handle("bad", fail)
    good = [jobs.add("good"), jobs.add("good")]
    bad = [jobs.add("bad"), jobs.add("bad")]
    good.append(jobs.add("good"))
    with finishers.finish(THREADS):
        pass
    assert finishers.effects() == sorted(good)
    assert [finishers.state(job) for job in good + bad] == ["completed"] * 3 + ["failed"] * 2
    for job in good + bad:
        assert sum(event.terminal for event in jobs.events(job)) == 1
    assert {change.job_id for change in jobs.told} == set(bad)


def test_a_lost_lease_hurts_nobody_else(jobs: Jobs, finishers: Finishers) -> None:
    finishers.handle("good", lambda context: Outcome({}, finishers.effect(context)))
    ids = [jobs.add("good") for _ in range(3)]
    with finishers.finish(3):
        lost = sa.update(Job).where(Job.id == ids[1]).values(token=2, worker_id="another")
        finishers.session.execute(lost)
        finishers.started.pop(ids[1])
    assert finishers.effects() == sorted([ids[0], ids[2]])
    assert [finishers.state(job) for job in ids] == ["completed", "active", "completed"]
    assert jobs.row(ids[1]).token == 2
