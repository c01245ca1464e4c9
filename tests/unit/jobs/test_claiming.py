"""Which job runs next, and when none does."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, USER, Jobs
from studyq.database import prepared
from studyq.database.prepared import execute
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue, enqueue_many, queue_topic, submit
from studyq.jobs.host import ensure_queues
from studyq.jobs.models import Queue
from studyq.jobs.reaper import promote, queues_with_work
from studyq.jobs.registry import QUEUES, Outcome


@pytest.fixture
def ran(jobs: Jobs) -> list[str]:
    """The ids of the jobs whose handler has run, in that order."""
    order: list[str] = []

    def work(context: JobContext) -> Outcome:
        order.append(context.job_id)
        return Outcome()

    jobs.handle(work)
    return order


def set_queue(jobs: Jobs, **values: object) -> None:
    with jobs.database.write() as session:
        session.execute(sa.update(Queue).where(Queue.name == QUEUE).values(**values))


def test_highest_priority_first_then_the_oldest(jobs: Jobs, ran: list[str]) -> None:
    priorities = [0, 5, -100, 5, 0, 100, -3, 5]
    ids = [jobs.add(priority=priority) for priority in priorities]
    jobs.drain()
    expected = sorted(range(len(ids)), key=lambda place: (-priorities[place], place))
    assert ran == [ids[place] for place in expected]


def test_paused_queue_gives_nothing_until_it_goes_on(jobs: Jobs, ran: list[str]) -> None:
    job = jobs.add()
    set_queue(jobs, paused=True)
    jobs.drain()
    assert ran == []
    set_queue(jobs, paused=False)
    jobs.drain()
    assert ran == [job]


@pytest.mark.parametrize(("concurrency", "at_once"), [(1, 1), (2, 2)])
def test_concurrency_holds_over_all_workers(jobs: Jobs, concurrency: int, at_once: int) -> None:
    ensure_queues(jobs.database, dict.fromkeys(QUEUES, concurrency))
    running, most = 0, 0

    def work(context: JobContext) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        jobs.drain("another process")  # which claims while this job runs
        running -= 1
        return Outcome()

    jobs.handle(work)
    ids = [jobs.add() for _ in range(4)]
    jobs.drain()
    assert most == at_once
    assert {jobs.row(job).state for job in ids} == {"completed"}


def test_delayed_job_waits_for_its_time(jobs: Jobs, ran: list[str]) -> None:
    job = jobs.add(delay=3600)
    due = promote(jobs.database)
    jobs.drain()
    assert (jobs.row(job).state, ran) == ("delayed", [])
    assert due == jobs.row(job).run_at
    jobs.make_due(job)
    assert jobs.row(job).state == "waiting"
    assert queues_with_work(jobs.database) == [QUEUE]
    jobs.drain()
    assert ran == [job]


def test_unique_key_collapses_live_jobs_only(jobs: Jobs) -> None:
    seen = []

    def work(context: JobContext) -> Outcome:
        seen.append(jobs.add(unique_key="key"))  # while it is active
        return Outcome()

    jobs.handle(work)
    first = jobs.add(unique_key="key")
    assert jobs.add(unique_key="key") == first
    assert jobs.add(unique_key="another") != first
    jobs.drain()
    assert first in seen
    assert jobs.add(unique_key="key") != first


def test_what_is_rolled_back_is_not_there_and_rings_nobody(jobs: Jobs, ran: list[str]) -> None:
    heard: list[str] = []
    jobs.database.listen(lambda topics: heard.extend(topics))
    with pytest.raises(ZeroDivisionError), jobs.database.write() as session:
        enqueue(session, NewJob(QUEUE, "work", USER))
        raise ZeroDivisionError
    jobs.drain()
    assert (ran, heard) == ([], [])
    jobs.add()
    assert queue_topic(QUEUE) in heard


def test_a_job_of_its_own_is_there_and_rings_when_it_is_submitted(
    jobs: Jobs, ran: list[str]
) -> None:
    heard: list[str] = []
    jobs.database.listen(lambda topics: heard.extend(topics))
    job = submit(jobs.database, NewJob(QUEUE, "work", USER, unique_key="one"))
    assert queue_topic(QUEUE) in heard
    assert submit(jobs.database, NewJob(QUEUE, "work", USER, unique_key="one")) == job
    jobs.drain()
    assert ran == [job]


def test_many_at_once_keep_their_order(jobs: Jobs, ran: list[str]) -> None:
    with jobs.database.write() as session:
        connection = session.connection()
        ids = enqueue_many(connection, [NewJob(QUEUE, "work", USER) for _ in range(50)])
        assert enqueue_many(connection, []) == []
    assert len(set(ids)) == 50
    jobs.drain()
    assert ran == ids


def test_claim_goes_through_the_index_of_live_jobs(
    jobs: Jobs, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[tuple[str, Any]] = []

    def note(connection: sa.Connection, statement: str, values: Any = (), **options: Any) -> Any:
        run.append((statement, values))
        return execute(connection, statement, values, **options)

    monkeypatch.setattr(prepared, "execute", note)
    job = jobs.add()
    jobs.drain()
    assert ran == [job]
    (claim, values), *_ = [pair for pair in run if "lease_until=?" in pair[0]]
    with jobs.database.read() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {claim}", tuple(values))
        steps = [row[-1] for row in plan]
    assert sum("USING INDEX ix_jobs_live (queue=? AND state=?)" in step for step in steps) == 2
    assert not [step for step in steps if "SCAN" in step or "TEMP" in step], steps


@pytest.mark.parametrize("wishes", [{"priority": 101}, {"delay": -1.0}, {"max_attempts": 0}])
def test_impossible_wishes_are_refused(wishes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"priority|delay"):
        NewJob(QUEUE, "work", USER, **wishes)  # type: ignore[arg-type]
