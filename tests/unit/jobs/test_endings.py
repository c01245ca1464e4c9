"""What becomes of an attempt: every way in which it can end."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from job_layer import Jobs
from studyq.database.base import now
from studyq.jobs.context import JobContext
from studyq.jobs.errors import (
    ExhaustedError,
    JobCancelled,
    LeaseLost,
    PermanentError,
    TransientError,
)
from studyq.jobs.models import JobEvent, Queue
from studyq.jobs.reaper import reap
from studyq.jobs.registry import Outcome
from studyq.jobs.service import WrongStateError


def failing(error: Exception) -> Callable[[JobContext], Outcome]:
    def work(_: JobContext) -> Outcome:
        raise error

    return work


def mark(name: str) -> Callable[[Session], None]:
    """An effect that can be seen: a queue of this name."""

    def write(session: Session) -> None:
        session.execute(sa.insert(Queue).values(name=name, paused=True, concurrency=1))

    return write


def marks(jobs: Jobs) -> set[str]:
    with jobs.database.read() as session:
        return set(session.scalars(sa.select(Queue.name).where(Queue.paused)))


def states(jobs: Jobs, job: str) -> list[str]:
    return [event.state for event in jobs.events(job) if event.event == "state"]


def test_completion_commits_the_last_effects(jobs: Jobs) -> None:
    jobs.handle(lambda _: Outcome({"pages": 3}, mark("done"), "Three pages"))
    job = jobs.add()
    jobs.drain()
    row = jobs.row(job)
    assert (row.state, row.progress, row.message) == ("completed", 100, "Three pages")
    assert (row.result, row.attempt, row.token) == ({"pages": 3}, 1, 1)
    assert marks(jobs) == {"done"}
    assert states(jobs, job) == ["waiting", "active", "completed"]
    assert jobs.told == []


def test_transient_error_is_retried_with_backoff_and_kept(jobs: Jobs) -> None:
    jobs.handle(failing(TransientError("busy", "The server is busy.")))
    job = jobs.add()
    for attempt, (least, most) in enumerate([(1.8, 2.2), (3.6, 4.4)], 1):
        before = now()
        jobs.drain()
        row = jobs.row(job)
        assert (row.state, row.attempt) == ("delayed", attempt)
        assert before + least * 1e6 <= row.run_at <= now() + most * 1e6
        jobs.make_due(job)
    jobs.drain()
    row = jobs.row(job)
    assert (row.state, row.attempt, row.losses) == ("failed", 3, 0)
    assert [error["attempt"] for error in row.errors] == [1, 2, 3]
    assert {(error["code"], error["class"]) for error in row.errors} == {("busy", "TransientError")}
    assert all("TransientError" in error["traceback"] for error in row.errors)
    assert [change.state for change in jobs.told] == ["delayed", "delayed", "failed"]
    assert jobs.told[-1].error_message == "The server is busy."


@pytest.mark.parametrize("kind", [PermanentError, ExhaustedError])
def test_hopeless_errors_fail_at_once(
    jobs: Jobs, kind: type[PermanentError] | type[ExhaustedError]
) -> None:
    jobs.handle(failing(kind("no_hope", "This cannot go well.")))
    job = jobs.add()
    jobs.drain()
    row = jobs.row(job)
    assert (row.state, row.attempt, row.errors[0]["code"]) == ("failed", 1, "no_hope")
    assert states(jobs, job) == ["waiting", "active", "failed"]
    assert [(change.state, change.error_code) for change in jobs.told] == [("failed", "no_hope")]


def test_unexpected_error_is_retried_and_named(jobs: Jobs) -> None:
    jobs.handle(failing(ZeroDivisionError("by nought")))
    job = jobs.add()
    jobs.drain()
    row = jobs.row(job)
    assert (row.state, row.errors[0]["code"]) == ("delayed", "unexpected")
    assert "ZeroDivisionError" in row.errors[0]["message"]


def test_job_that_nobody_knows_fails_with_its_name(jobs: Jobs) -> None:
    job = jobs.add("from_the_future")
    jobs.drain()
    assert jobs.row(job).errors[0]["code"] == "unknown_job"
    assert "from_the_future" in jobs.row(job).errors[0]["message"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TransientError("full", "No room."), "delayed"),
        (PermanentError("gone", "It is gone."), "failed"),
        (JobCancelled("job"), "cancelled"),
        (ZeroDivisionError("by nought"), "delayed"),
    ],
)
def test_last_effects_that_fail_end_the_attempt_and_are_undone(
    jobs: Jobs, error: Exception, state: str
) -> None:
    def work(_: JobContext) -> Outcome:
        def effects(session: Session) -> None:
            mark("half done")(session)
            raise error

        return Outcome({}, effects)

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    assert (jobs.row(job).state, jobs.row(job).progress) == (state, 0)
    assert marks(jobs) == set()
    assert '"progress":0' in jobs.events(job)[-1].data


def test_progress_never_goes_back_and_leaves_100_to_completion(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        for percent in (10, 40, 20, 100, 250):
            context.progress(percent, f"at {percent}")
        assert jobs.row(context.job_id).progress == 99
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    told = [event.data for event in jobs.events(job)]
    assert sum('"progress":100' in data for data in told) == 1
    assert jobs.row(job).progress == 100


def test_next_attempt_starts_from_the_checkpoint(jobs: Jobs) -> None:
    started = []

    def work(context: JobContext) -> Outcome:
        started.append((context.attempt, dict(context.checkpoint), jobs.row(job).progress))
        if context.attempt == 1:
            context.commit(mark("page 1"), percent=30, message="1", checkpoint={"page": 1})
            context.progress(70, "far beyond the checkpoint")
            raise TransientError("busy", "The server is busy.")
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    assert jobs.row(job).progress == 70
    jobs.make_due(job)
    jobs.drain()
    assert started == [(1, {}, 0), (2, {"page": 1}, 30)]
    assert (jobs.row(job).state, marks(jobs)) == ("completed", {"page 1"})


def test_worker_that_lost_its_job_can_write_nothing(jobs: Jobs) -> None:
    raised = []

    def work(context: JobContext) -> Outcome:
        if context.token > 1:
            return Outcome({}, mark("the second one's"))
        reap(jobs.database, jobs.registry)  # by another process, which finds the lease expired
        jobs.drain("another process")
        writes: list[Callable[[], None]] = [
            lambda: context.progress(50, "still here"),
            lambda: context.commit(mark("stale"), percent=60, message="stale"),
            lambda: context.check(),
        ]
        for write in writes:
            with pytest.raises(LeaseLost) as lost:
                write()
            raised.append(lost.type)
            context._checked = 0.0  # look again at once
        return Outcome({}, mark("the first one's"))

    jobs.handle(work)
    job = jobs.add()
    jobs.drain(lease=0.0)
    assert len(raised) == 3
    assert (jobs.row(job).state, jobs.row(job).token) == ("completed", 2)
    assert marks(jobs) == {"the second one's"}
    assert states(jobs, job) == ["waiting", "active", "waiting", "active", "completed"]


@pytest.mark.parametrize("delay", [0.0, 60.0])
def test_waiting_and_delayed_jobs_are_cancelled_at_once(jobs: Jobs, delay: float) -> None:
    job = jobs.add(delay=delay)
    assert jobs.cancel(job) == "cancelled"
    assert states(jobs, job)[-1] == "cancelled"
    assert [change.state for change in jobs.told] == []  # nobody has registered for it
    with pytest.raises(WrongStateError):
        jobs.cancel(job)


def test_active_job_is_told_and_its_effects_stay_out(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        assert jobs.cancel(context.job_id) == "active"
        context.check()
        return Outcome({}, mark("done"))

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    assert (jobs.row(job).state, marks(jobs)) == ("cancelled", set())
    assert [change.state for change in jobs.told] == ["cancelled"]


def test_cancelled_job_that_fails_meanwhile_is_not_tried_again(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        jobs.cancel(context.job_id)
        raise TransientError("busy", "The server is busy.")

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    assert jobs.row(job).state == "cancelled"


def test_stopping_process_hands_jobs_back_at_a_checkpoint(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        jobs.stop.request(grace=60)
        context.check()  # within the grace time there is no need to end here
        context.commit(mark("page 1"), percent=30, message="1", checkpoint={"page": 1})
        raise AssertionError("the attempt was to end at its checkpoint")

    jobs.handle(work)
    job, other = jobs.add(), jobs.add()
    jobs.drain()
    row = jobs.row(job)
    assert (row.state, row.attempt, row.checkpoint) == ("waiting", 0, {"page": 1})
    assert (row.errors, marks(jobs)) == ([], {"page 1"})
    assert jobs.row(other).token == 0, "nothing is claimed any more"
    assert [change.state for change in jobs.told] == ["waiting"]


def test_after_the_grace_time_any_check_hands_back(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        jobs.stop.request(grace=0)
        context.check()
        raise AssertionError("the grace time is over")

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    assert (jobs.row(job).state, jobs.row(job).attempt) == ("waiting", 0)


def test_retry_by_hand_gives_three_more_attempts(jobs: Jobs) -> None:
    jobs.handle(failing(PermanentError("no_hope", "This cannot go well.")))
    job = jobs.add(unique_key="key")
    with pytest.raises(WrongStateError):
        jobs.retry(job)
    jobs.drain()
    jobs.retry(job)
    row = jobs.row(job)
    assert (row.state, row.attempt, row.max_attempts, row.trigger) == ("waiting", 1, 4, "retry")
    jobs.drain()
    assert len(jobs.row(job).errors) == 2, "what went wrong before is kept"
    jobs.add(unique_key="key")
    with pytest.raises(WrongStateError, match="already doing this work"):
        jobs.retry(job)


def test_events_tell_how_long_a_job_waited_and_each_attempt_ran(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        time.sleep(0.02)
        if context.attempt == 1:
            raise TransientError("unlucky", "Not this time.")
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.update(job, run_at=now() - 5_000_000)
    jobs.drain()
    jobs.make_due(job)
    jobs.drain()
    with jobs.database.read() as session:
        query = sa.select(JobEvent.state, JobEvent.waited, JobEvent.ran).order_by(JobEvent.id)
        told = session.execute(query).all()
    assert [row.state for row in told] == [
        "waiting", "active", "delayed", "waiting", "active", "completed"
    ]  # fmt: skip
    waited = [row.waited for row in told]
    assert 5_000_000 <= waited[1] < 60_000_000
    assert waited[4] is not None
    assert [span is None for span in waited] == [True, False, True, True, False, True]
    ran = [row.ran for row in told]
    assert 20_000 <= min(ran[2], ran[5]) <= max(ran[2], ran[5]) < 60_000_000
    assert [span is None for span in ran] == [True, True, False, True, True, False]
