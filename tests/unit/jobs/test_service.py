"""Looking at jobs: why one waits, lists, counts, what the API tells."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, USER, Jobs
from studyq.database.base import now
from studyq.jobs.errors import PermanentError, TransientError
from studyq.jobs.models import Queue, Worker
from studyq.jobs.overview import counts
from studyq.jobs.registry import Outcome
from studyq.jobs.service import (
    UnknownJobError,
    UnknownQueueError,
    Wanted,
    cancel_all_of,
    describe_job,
    find_job,
    find_jobs,
    require_queue,
    waiting_for,
)


def reason(jobs: Jobs, job: str) -> str | None:
    with jobs.database.read() as session:
        return waiting_for(session, jobs.row(job))


def let_a_worker_live(jobs: Jobs, *, seconds_ago: float = 0.0) -> None:
    seen = now() - round(seconds_ago * 1e6)
    with jobs.database.write() as session:
        session.merge(
            Worker(
                id="w", host="h", pid=1, pid_started="1", started_at=seen, seen_at=seen,
                queues=[QUEUE],
            )
        )  # fmt: skip


def test_says_why_a_job_waits(jobs: Jobs) -> None:
    first, second, urgent = jobs.add(), jobs.add(), jobs.add(priority=1)
    assert reason(jobs, first) == "no worker is running"
    let_a_worker_live(jobs, seconds_ago=40)
    assert reason(jobs, first) == "its worker fell silent 40 s ago"
    let_a_worker_live(jobs)
    assert reason(jobs, urgent) == "next in line"
    assert reason(jobs, first) == "1 ahead of it"
    assert reason(jobs, second) == "2 ahead of it"
    with jobs.database.write() as session:
        session.execute(sa.update(Queue).where(Queue.name == QUEUE).values(paused=True))
    assert reason(jobs, urgent) == "the queue is paused"


def test_says_when_a_job_starts_or_is_tried_again(jobs: Jobs) -> None:
    def work(_: object) -> Outcome:
        raise TransientError("busy", "The server is busy.")

    jobs.handle(work)
    delayed = jobs.add(delay=90)
    assert reason(jobs, delayed) == "start in 90 s"
    failed = jobs.add()
    jobs.drain()
    assert reason(jobs, failed) == "retry in 2 s"


def test_nothing_to_say_about_jobs_that_run_or_have_ended(jobs: Jobs) -> None:
    said = []

    def work(_: object) -> Outcome:
        said.append(reason(jobs, job))
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    assert [*said, reason(jobs, job)] == [None, None]


def test_lists_newest_first_page_by_page(jobs: Jobs) -> None:
    ids = [jobs.add() for _ in range(5)]
    jobs.cancel(ids[2])
    with jobs.database.read() as session:
        page = find_jobs(session, USER, Wanted(queue=QUEUE), limit=2)
        assert [row.id for row in page] == [ids[4], ids[3]]
        rest = find_jobs(session, USER, Wanted(), before=page[-1].id, limit=9)
        assert [row.id for row in rest] == [ids[2], ids[1], ids[0]]
        assert find_jobs(session, "somebody else", Wanted()) == []
        assert find_jobs(session, USER, Wanted(queue="test-analysis")) == []
        assert counts(session) == counts(session, QUEUE) == {
            QUEUE: {
                "waiting": 4, "delayed": 0, "active": 0, "completed": 0, "failed": 0,
                "cancelled": 1,
            }
        }  # fmt: skip


def test_unknown_things_are_named(jobs: Jobs) -> None:
    job = jobs.add()
    with jobs.database.read() as session:
        with pytest.raises(UnknownQueueError, match="no-queue"):
            require_queue(session, "no-queue")
        for user, job_id, queue in (
            (USER, "no-job", None),
            ("somebody else", job, None),
            (USER, job, "test-analysis"),
        ):
            with pytest.raises(UnknownJobError):
                find_job(session, user, job_id, queue)


def test_all_jobs_of_a_subject_are_cancelled(jobs: Jobs) -> None:
    mine = [jobs.add(subject="document"), jobs.add(subject="document", delay=60)]
    other = jobs.add(subject="another")
    with jobs.database.write() as session:
        cancel_all_of(session, jobs.registry, USER, "document")
    assert [jobs.row(job).state for job in mine] == ["cancelled", "cancelled"]
    assert jobs.row(other).state == "waiting"


def test_api_tells_the_error_and_keeps_the_traceback_to_itself(jobs: Jobs) -> None:
    def work(_: object) -> Outcome:
        raise PermanentError("not_a_pdf", "This file is not a PDF.")

    jobs.handle(work)
    job = jobs.add(subject="document", payload={"generation": 1})
    jobs.drain()
    with jobs.database.read() as session:
        told = describe_job(session, jobs.row(job))
    assert told["error"] == {"code": "not_a_pdf", "message": "This file is not a PDF."}
    assert told["document_id"] == "document"
    assert (told["attempts_made"], told["max_attempts"]) == (1, 3)
    assert "traceback" not in told["errors"][0]
    assert "payload" not in told
