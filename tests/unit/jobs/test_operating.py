"""What an operator does: pause, widen, retry and cancel many, set priorities."""

from __future__ import annotations

from functools import partial

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, USER, Jobs
from studyq.jobs import operating
from studyq.jobs.context import JobContext
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.errors import ExhaustedError, PermanentError, TransientError
from studyq.jobs.finding import UnknownJobError, UnknownQueueError, Wanted
from studyq.jobs.models import Job
from studyq.jobs.operating import (
    Cancelled,
    Retried,
    cancel_jobs,
    cancel_matching,
    pause,
    resume,
    retry_failed,
    set_concurrency,
)
from studyq.jobs.registry import Outcome
from studyq.jobs.service import WrongStateError, set_priority


def states(jobs: Jobs) -> dict[str, int]:
    with jobs.database.read() as session:
        query = sa.select(Job.state, sa.func.count()).group_by(Job.state)
        return {state: number for state, number in session.execute(query)}  # noqa: C416  # rows


def add_many(jobs: Jobs, count: int) -> list[str]:
    with jobs.database.write() as session:
        return enqueue_many(session.connection(), [NewJob(QUEUE, "work", USER)] * count)


def failing(context: JobContext) -> Outcome:
    if context.subject == "no credit":
        raise ExhaustedError("no_credit", "There is no credit left.")
    raise PermanentError("not_a_pdf", "This file is not a PDF.")


@pytest.mark.parametrize("queue", ["nope", ""])
def test_an_unknown_queue_is_refused(jobs: Jobs, queue: str) -> None:
    for act in (pause, resume, partial(set_concurrency, concurrency=2)):
        with pytest.raises(UnknownQueueError), jobs.database.write() as session:
            act(session, queue)
    for many in (
        lambda: retry_failed(jobs.database, jobs.registry, USER, queue),
        lambda: cancel_jobs(jobs.database, jobs.registry, USER, queue, ["x"]),
        lambda: cancel_matching(
            jobs.database, jobs.registry, USER, Wanted(queue=queue, states=["waiting"])
        ),
    ):
        with pytest.raises(UnknownQueueError):
            many()


@pytest.mark.parametrize("concurrency", [0, -1, 65, 10**9])
def test_an_absurd_concurrency_is_refused(jobs: Jobs, concurrency: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 64"), jobs.database.write() as session:
        set_concurrency(session, QUEUE, concurrency)


def test_paused_queue_waits_until_it_is_resumed(jobs: Jobs) -> None:
    jobs.handle(lambda _: Outcome())
    with jobs.database.write() as session:
        pause(session, QUEUE)
    job = jobs.add()
    jobs.drain()
    assert jobs.row(job).state == "waiting"
    with jobs.database.write() as session:
        resume(session, QUEUE)
    jobs.drain()
    assert jobs.row(job).state == "completed"


def test_all_that_failed_are_retried_or_those_with_a_code(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operating, "BATCH", 3)
    jobs.handle(failing)
    poor = [jobs.add(subject="no credit") for _ in range(7)]
    bad = [jobs.add() for _ in range(4)]
    jobs.drain()
    retried = retry_failed(jobs.database, jobs.registry, USER, QUEUE, code="no_credit")
    assert retried == Retried(7)
    assert {jobs.row(job).state for job in poor} == {"waiting"}
    assert {jobs.row(job).trigger for job in poor} == {"retry"}
    assert {jobs.row(job).state for job in bad} == {"failed"}
    assert retry_failed(jobs.database, jobs.registry, USER, QUEUE, code="other") == Retried()
    assert retry_failed(jobs.database, jobs.registry, "somebody else", QUEUE) == Retried()
    jobs.drain()
    assert retry_failed(jobs.database, jobs.registry, USER, QUEUE) == Retried(11)
    assert states(jobs) == {"waiting": 11}


def test_one_that_fails_again_meanwhile_is_not_retried_for_ever(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operating, "BATCH", 1)
    jobs.handle(failing)
    ids = [jobs.add() for _ in range(3)]
    jobs.drain()
    change = operating._change

    def change_and_work(*arguments: object) -> None:
        change(*arguments)  # type: ignore[arg-type]
        jobs.drain()

    monkeypatch.setattr(operating, "_change", change_and_work)
    assert retry_failed(jobs.database, jobs.registry, USER, QUEUE) == Retried(3)
    assert [len(jobs.row(job).errors) for job in ids] == [2, 2, 2]


def test_what_another_job_does_by_now_is_not_retried(jobs: Jobs) -> None:
    jobs.handle(failing)
    old = jobs.add(unique_key="key")
    jobs.drain()
    new = jobs.add(unique_key="key")
    assert retry_failed(jobs.database, jobs.registry, USER, QUEUE) == Retried(0, skipped=1)
    assert (jobs.row(old).state, jobs.row(new).state) == ("failed", "waiting")


def test_many_are_cancelled_by_their_ids(jobs: Jobs) -> None:
    jobs.handle(lambda _: Outcome())
    done = jobs.add()
    jobs.drain()
    ids = add_many(jobs, 120)
    asked = [*ids, ids[0], done, "nope", ""]
    assert cancel_jobs(jobs.database, jobs.registry, USER, QUEUE, asked) == Cancelled(
        cancelled=120, already_ended=1, unknown=2
    )
    assert states(jobs) == {"cancelled": 120, "completed": 1}
    other = jobs.add()
    for user, queue in (("somebody else", QUEUE), (USER, "test-analysis")):
        answer = cancel_jobs(jobs.database, jobs.registry, user, queue, [other])
        assert answer == Cancelled(unknown=1)
    assert jobs.row(other).state == "waiting"


def test_many_are_cancelled_by_what_they_are(jobs: Jobs) -> None:
    told = []

    def work(context: JobContext) -> Outcome:
        if context.subject == "busy":
            raise TransientError("busy", "The server is busy.")
        wanted = Wanted(queue=QUEUE, states=["active"])
        told.append(cancel_matching(jobs.database, jobs.registry, USER, wanted))
        context.progress(50, "half")  # where it looks
        return Outcome()

    jobs.handle(work)
    busy, running = jobs.add(subject="busy"), jobs.add()
    later = jobs.add(delay=60)
    jobs.drain()
    assert told == [Cancelled(told=1)]
    assert jobs.row(running).state == "cancelled"
    with_code = Wanted(queue=QUEUE, states=["delayed"], code="busy")
    assert cancel_matching(jobs.database, jobs.registry, USER, with_code) == Cancelled(1)
    assert (jobs.row(busy).state, jobs.row(later).state) == ("cancelled", "delayed")
    add_many(jobs, 60)
    everything = Wanted(queue=QUEUE, states=["waiting", "delayed", "active"])
    assert cancel_matching(jobs.database, jobs.registry, USER, everything) == Cancelled(61)
    assert states(jobs) == {"cancelled": 63}


@pytest.mark.parametrize(
    "wanted",
    [Wanted(states=["waiting"]), Wanted(queue=QUEUE), Wanted(queue=QUEUE, states=["failed"])],
)
def test_cancelling_wants_to_know_what(jobs: Jobs, wanted: Wanted) -> None:
    with pytest.raises(ValueError, match="live"):
        cancel_matching(jobs.database, jobs.registry, USER, wanted)


def test_priority_of_one_that_waits_is_changed(jobs: Jobs) -> None:
    order = []

    def work(context: JobContext) -> Outcome:
        order.append(context.job_id)
        with pytest.raises(WrongStateError, match="is active"), jobs.database.write() as session:
            set_priority(session, USER, context.job_id, 1)
        return Outcome()

    jobs.handle(work)
    first, second, third = (jobs.add() for _ in range(3))
    with jobs.database.write() as session:
        set_priority(session, USER, third, 100)
        set_priority(session, USER, first, -100)
    jobs.drain()
    assert order == [third, second, first]
    with pytest.raises(WrongStateError, match="is completed"), jobs.database.write() as session:
        set_priority(session, USER, first, 1)
    with pytest.raises(UnknownJobError), jobs.database.write() as session:
        set_priority(session, "somebody else", first, 1)
    for absurd in (-101, 101, 10**30):
        with pytest.raises(ValueError, match="priority"), jobs.database.write() as session:
            set_priority(session, USER, first, absurd)
