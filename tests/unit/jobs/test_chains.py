"""Chains: what comes after a job starts once that has completed, and not before."""

from __future__ import annotations

import pytest

from job_layer import QUEUE, USER, Jobs
from studyq.database.base import now
from studyq.jobs import reaper
from studyq.jobs.chains import give_up
from studyq.jobs.clock import after_setback
from studyq.jobs.context import JobContext
from studyq.jobs.describing import describe_closely
from studyq.jobs.enqueue import NewJob
from studyq.jobs.errors import PermanentError
from studyq.jobs.models import HELD
from studyq.jobs.registry import Outcome
from studyq.jobs.retention import prune
from studyq.jobs.service import WrongStateError, describe_job, set_priority

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def order(jobs: Jobs) -> list[str]:
    """Ids in the order in which they ran; a job whose subject is `bad` fails the first time."""
    ran: list[str] = []

    def work(context: JobContext) -> Outcome:
        ran.append(context.job_id)
        if context.subject == "bad" and ran.count(context.job_id) == 1:
            raise PermanentError("not_a_pdf", "This file is not a PDF.")
        return Outcome()

    jobs.handle(work)
    return ran


def reason(jobs: Jobs, job: str) -> str | None:
    with jobs.database.read() as session:
        waits: str | None = describe_job(session, jobs.row(job))["waiting_for"]
    return waits


def test_jobs_of_a_chain_run_in_its_order_whatever_their_priorities(
    jobs: Jobs, order: list[str]
) -> None:
    first = jobs.add()
    second = jobs.add(after=first, priority=100)
    third = jobs.add(after=second, priority=50)
    also = jobs.add(after=first)
    assert reason(jobs, second) == "starts after work, which is waiting"
    assert reason(jobs, third) == "starts after work, which is delayed"
    jobs.drain()
    assert order == [first, second, third, also]
    assert [event.state for event in jobs.events(second)] == [
        "delayed", "waiting", "active", "completed",
    ]  # fmt: skip


def test_it_waits_as_long_as_the_first_runs(jobs: Jobs) -> None:
    seen: list[tuple[str, str | None]] = []

    def work(context: JobContext) -> Outcome:
        if context.job_id == first:
            context.progress(40, "some")
            later.append(jobs.add("after", after=first))
            jobs.drain("another process")
            seen.append((jobs.row(later[0]).state, reason(jobs, later[0])))
        return Outcome()

    later: list[str] = []
    jobs.handle(work)
    jobs.handle(work, "after")
    first = jobs.add()
    jobs.drain()
    assert seen == [("delayed", "starts after work, which is active at 40 %")]
    assert jobs.row(later[0]).state == "completed"
    # It has waited since it could start, not since it was enqueued.
    assert jobs.row(later[0]).run_at >= jobs.row(first).finished_at


def test_after_one_that_has_completed_or_is_gone_it_starts_at_once(
    jobs: Jobs, order: list[str]
) -> None:
    first = jobs.add()
    jobs.drain()
    second, third = jobs.add(after=first), jobs.add(after="gone for long")
    assert {jobs.row(job).state for job in (second, third)} == {"waiting"}
    jobs.drain()
    assert order == [first, second, third]


@pytest.mark.parametrize("enqueued", ["before", "afterwards"])
def test_a_first_that_failed_holds_it_up_until_it_is_retried(
    jobs: Jobs, order: list[str], enqueued: str
) -> None:
    first = jobs.add(subject="bad")
    if enqueued == "before":
        second = jobs.add(after=first)
    jobs.drain()
    if enqueued == "afterwards":
        second = jobs.add(after=first)
    jobs.drain()
    assert order == [first]
    assert reason(jobs, second) == "starts after work, which failed: retry that, or cancel this"
    jobs.retry(first)
    jobs.drain()
    assert order == [first, first, second]


def test_a_first_that_was_cancelled_holds_it_up_and_it_can_be_cancelled_too(
    jobs: Jobs, order: list[str]
) -> None:
    first = jobs.add()
    second = jobs.add(after=first)
    jobs.cancel(first)
    jobs.drain()
    assert "which was cancelled" in str(reason(jobs, second))
    jobs.cancel(second)
    jobs.retry(second)  # which puts it back to where it was: behind the first
    jobs.drain()
    assert (order, jobs.row(second).state) == ([], "delayed")
    jobs.retry(first)
    jobs.drain()
    assert order == [first, second]


def test_neither_time_nor_a_clock_put_back_releases_it(jobs: Jobs, order: list[str]) -> None:
    first = jobs.add(subject="bad")
    second = jobs.add(after=first)
    jobs.update(second, attempt=1)
    jobs.drain()
    reaper.promote(jobs.database)
    after_setback(jobs.database, 30.0)
    assert jobs.row(second).run_at == HELD
    assert jobs.row(second).state == "delayed"


def test_one_that_was_released_is_retried_like_any_other(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        if context.job_id == second and context.attempt == 1:
            raise ZeroDivisionError
        return Outcome()

    jobs.handle(work)
    first = jobs.add()
    second = jobs.add(after=first)
    jobs.drain()
    assert reason(jobs, second) == "retry in 2 s"
    jobs.make_due(second)
    jobs.drain()
    assert jobs.row(second).state == "completed"


def test_what_nobody_retries_fails_when_the_first_is_deleted(jobs: Jobs, order: list[str]) -> None:
    first = jobs.add(subject="bad")
    second = jobs.add(after=first)
    third = jobs.add(after=second)
    jobs.drain()
    assert give_up(jobs.database, jobs.registry, failed=DAY) == 0
    jobs.update(first, finished_at=now() - round(2 * DAY * 1e6))
    # Whichever comes first, the job before it stays until it has been given up.
    assert prune(jobs.database, completed=HOUR, failed=DAY) == 0
    assert give_up(jobs.database, jobs.registry, failed=DAY) == 1
    assert prune(jobs.database, completed=HOUR, failed=DAY) == 1
    row = jobs.row(second)
    assert (row.state, row.errors[-1]["code"]) == ("failed", "predecessor_failed")
    assert [(change.job_id, change.state) for change in jobs.told][-1] == (second, "failed")
    assert jobs.events(second)[-1].terminal
    assert "which failed" in str(reason(jobs, third))
    jobs.retry(second)  # nothing comes before it any more
    jobs.drain()
    assert order == [first, second, third]


def test_held_jobs_can_be_cancelled_and_given_another_priority(
    jobs: Jobs, order: list[str]
) -> None:
    first = jobs.add()
    second, third = jobs.add(after=first), jobs.add(after=first)
    with jobs.database.write() as session:
        set_priority(session, USER, third, 5)
    with pytest.raises(WrongStateError, match="is delayed"):
        jobs.retry(third)
    jobs.drain()
    assert order == [first, third, second]


def test_a_job_tells_of_its_chain(jobs: Jobs, order: list[str]) -> None:
    first = jobs.add()
    second = jobs.add(after=first)
    with jobs.database.read() as session:
        told = [
            describe_closely(session, jobs.row(job), tracebacks=False) for job in (first, second)
        ]
    assert [job["id"] for job in told[0]["after"]] == [second]
    assert [job["id"] for job in told[1]["before"]] == [first]
    assert (told[0]["before"], told[1]["after"]) == ([], [])
    assert (told[1]["after_id"], told[1]["run_at"]) == (first, None)


def test_a_delay_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="no delay of its own"):
        NewJob(QUEUE, "work", USER, delay=5.0, after="first")
