"""How queues fare, and what is told of one job: input, attempts, story."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, Jobs
from studyq.database.base import now
from studyq.jobs.context import JobContext
from studyq.jobs.describing import MASK, TIMELINE, describe_closely, describe_jobs, masked
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.errors import PermanentError, TransientError
from studyq.jobs.finding import UnknownQueueError, Wanted, find_jobs
from studyq.jobs.models import Worker
from studyq.jobs.overview import overview
from studyq.jobs.registry import QUEUES, Outcome
from studyq.jobs.retention import prune


def test_a_queue_without_jobs_has_nothing_to_tell(jobs: Jobs) -> None:
    with jobs.database.read() as session:
        told = overview(session, QUEUES)
        with pytest.raises(UnknownQueueError):
            overview(session, ["nope"])
    assert [queue["name"] for queue in told] == list(QUEUES)
    assert set(told[0]["counts"].values()) == {0}
    assert (told[0]["oldest_waiting"], told[0]["workers"], told[0]["failures"]) == (None, 0, [])
    assert told[0]["last_hour"]["average_wait"] is None
    assert told[0]["last_hour"]["p95_run"] is None


def test_a_queue_tells_what_happened_even_after_its_jobs_are_gone(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        if context.subject:
            raise PermanentError(context.subject, "It cannot go well.")
        return Outcome()

    jobs.handle(work)
    for subject in (None, None, "a", "b", "b"):
        jobs.add(subject=subject)
    jobs.drain()
    assert prune(jobs.database, completed=0.0, failed=3600.0) == 2
    waiting = jobs.add()
    jobs.update(waiting, run_at=now() - 90_000_000)
    lost = jobs.add()
    jobs.update(lost, run_at=now() - 900_000_000, progressed_at=now() - 1_000_000)
    with jobs.database.write() as session:
        for name, age in (("a", 0), ("b", 0), ("silent", 31)):
            seen = now() - age * 1_000_000
            session.add(
                Worker(
                    id=name, host="h", pid=1, pid_started="1", started_at=seen, seen_at=seen,
                    queues=[QUEUE],
                )
            )  # fmt: skip
    with jobs.database.read() as session:
        (told,) = overview(session, [QUEUE])
    assert told["counts"]["waiting"] == 2
    assert told["counts"]["failed"] == 3
    assert 89 < told["oldest_waiting"] < 120
    assert told["workers"] == 2
    assert told["failures"] == [{"code": "b", "count": 2}, {"code": "a", "count": 1}]
    hour = told["last_hour"]
    assert (hour["enqueued"], hour["completed"], hour["failed"]) == (7, 2, 3)
    assert 0 < hour["average_wait"] < 10
    assert 0 < hour["p95_run"] < 10


def test_a_job_tells_its_input_its_attempts_and_its_story(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        context.progress(20, "Reading", stage="read")
        if context.attempt == 1:
            raise TransientError("busy", "The server is busy.")
        return Outcome({"pages": 3}, message="Three pages")

    jobs.handle(work)
    job = jobs.add(payload={"generation": 1, "api_key": "abc"}, unique_key="key")
    jobs.drain()
    jobs.make_due(job)
    jobs.drain()
    with jobs.database.read() as session:
        told = describe_closely(session, jobs.row(job), tracebacks=True)
        discreet = describe_closely(session, jobs.row(job), tracebacks=False)
    assert told["input"] == {"generation": 1, "api_key": MASK}
    assert told["unique_key"] == "key"
    assert told["result"] == {"pages": 3}
    assert "TransientError: The server is busy." in told["errors"][0]["traceback"]
    assert "traceback" not in discreet["errors"][0]
    story = [(entry["event"], entry["state"], entry["progress"]) for entry in told["timeline"]]
    assert told["timeline"][-1]["ran"] > 0
    assert story == [
        ("state", "waiting", 0),
        ("state", "active", 0),
        ("progress", "active", 20),
        ("state", "delayed", 20),
        ("state", "waiting", 20),
        ("state", "active", 0),
        ("progress", "active", 20),
        ("state", "completed", 100),
    ]


def test_a_long_story_is_told_from_its_end(jobs: Jobs) -> None:
    def work(context: JobContext) -> Outcome:
        for number in range(TIMELINE + 50):
            context.progress(1, "on and on", stage=str(number))
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    with jobs.database.read() as session:
        story = describe_closely(session, jobs.row(job), tracebacks=False)["timeline"]
    assert len(story) == TIMELINE
    assert story[-1]["state"] == "completed"


def test_places_in_line_are_told_for_many_with_few_questions(jobs: Jobs) -> None:
    with jobs.database.write() as session:
        enqueue_many(session.connection(), [NewJob(QUEUE, "work", "user")] * 50)
        session.add(
            Worker(
                id="w", host="h", pid=1, pid_started="1", started_at=now(), seen_at=now(),
                queues=[QUEUE],
            )
        )  # fmt: skip
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    with jobs.database.read() as session:
        sa.event.listen(session.get_bind(), "before_cursor_execute", count)
        told = describe_jobs(session, find_jobs(session, "user", Wanted(), limit=50))
        sa.event.remove(session.get_bind(), "before_cursor_execute", count)
    assert asked < 8
    assert [job["waiting_for"] for job in told] == [
        *(f"{ahead} ahead of it" for ahead in range(49, 0, -1)),
        "next in line",
    ]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"password": "x", "n": 1}, {"password": MASK, "n": 1}),
        ({"a": [{"Client_Secret": "x"}]}, {"a": [{"Client_Secret": MASK}]}),
        ({"max_tokens": 5, "keys": [1]}, {"max_tokens": 5, "keys": [1]}),
    ],
)
def test_secrets_cannot_be_read(payload: dict[str, object], shown: dict[str, object]) -> None:
    assert masked(payload) == shown
