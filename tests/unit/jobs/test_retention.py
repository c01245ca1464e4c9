"""Ended jobs go when their time is over, in batches, and nothing else goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from job_layer import NAME, QUEUE, USER, Jobs
from studyq.database.base import now
from studyq.jobs.enqueue import NewJob, enqueue_many
from studyq.jobs.models import IdempotencyKey, Job, JobEvent
from studyq.jobs.retention import BATCH, prune
from studyq.jobs.rollups import totals

HOUR = 3600.0
DAY = 24 * HOUR


def add_ended(jobs: Jobs, state: str, *, hours_ago: float, count: int = 1) -> list[str]:
    with jobs.database.write() as session:
        ids = enqueue_many(session.connection(), [NewJob(QUEUE, NAME, USER)] * count)
        session.execute(
            sa.update(Job)
            .where(Job.id.in_(ids))
            .values(state=state, finished_at=now() - round(hours_ago * 3600e6))
        )
    return ids


def count(jobs: Jobs, table: type[Job] | type[JobEvent] | type[IdempotencyKey]) -> int:
    with jobs.database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_each_state_is_kept_for_its_time(jobs: Jobs) -> None:
    for state, hours in (("completed", 1.1), ("failed", 25), ("cancelled", 25)):
        add_ended(jobs, state, hours_ago=hours)
    kept = [
        *add_ended(jobs, "completed", hours_ago=0.9),
        *add_ended(jobs, "failed", hours_ago=23),
        *add_ended(jobs, "cancelled", hours_ago=23),
        jobs.add(),
    ]
    assert prune(jobs.database, completed=HOUR, failed=DAY) == 3
    with jobs.database.read() as session:
        assert set(session.scalars(sa.select(Job.id))) == set(kept)
        assert set(session.scalars(sa.select(JobEvent.job_id))) == set(kept)
    assert prune(jobs.database, completed=HOUR, failed=DAY) == 0


def test_goes_in_batches(jobs: Jobs) -> None:
    add_ended(jobs, "completed", hours_ago=2, count=2 * BATCH + 7)
    deleted = [prune(jobs.database, completed=HOUR, failed=DAY) for _ in range(4)]
    assert deleted == [BATCH, BATCH, 7, 0]
    assert count(jobs, Job) == 0


def test_the_newest_event_stays_until_there_is_a_newer_one(jobs: Jobs) -> None:
    add_ended(jobs, "completed", hours_ago=2, count=3)
    prune(jobs.database, completed=HOUR, failed=DAY)
    with jobs.database.read() as session:
        [left] = session.scalars(sa.select(JobEvent.id))
    job = jobs.add()
    with jobs.database.read() as session:
        assert session.scalar(sa.select(sa.func.max(JobEvent.id))) == left + 1
    prune(jobs.database, completed=HOUR, failed=DAY)
    with jobs.database.read() as session:
        assert list(session.scalars(sa.select(JobEvent.job_id))) == [job]


def test_counts_before_it_deletes(jobs: Jobs) -> None:
    add_ended(jobs, "completed", hours_ago=2, count=3)
    prune(jobs.database, completed=HOUR, failed=DAY)
    with jobs.database.read() as session:
        assert totals(session)[QUEUE].enqueued == 3


def test_a_job_with_an_event_not_yet_counted_stays(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_ended(jobs, "completed", hours_ago=2)
    monkeypatch.setattr("studyq.jobs.retention.roll_up", lambda _: 0)  # it came a moment later
    assert prune(jobs.database, completed=HOUR, failed=DAY) == 0
    monkeypatch.undo()
    assert prune(jobs.database, completed=HOUR, failed=DAY) == 1


def test_idempotency_keys_go_as_failed_jobs_do(jobs: Jobs) -> None:
    with jobs.database.write() as session:
        for key, hours in (("old", 25), ("new", 23)):
            session.add(
                IdempotencyKey(
                    user_id=USER,
                    key=key,
                    operation="upload",
                    status=202,
                    body={},
                    created_at=now() - round(hours * 3600e6),
                )
            )
    prune(jobs.database, completed=HOUR, failed=DAY)
    with jobs.database.read() as session:
        assert list(session.scalars(sa.select(IdempotencyKey.key))) == ["new"]


def test_job_that_is_put_back_at_the_last_moment_stays(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job] = add_ended(jobs, "failed", hours_ago=25)
    write = jobs.database.write

    @contextmanager
    def write_later(**options: Any) -> Iterator[Session]:
        monkeypatch.undo()
        jobs.retry(job)  # between the look and the deletion
        transaction: AbstractContextManager[Session] = write(**options)
        with transaction as session:
            yield session

    monkeypatch.setattr(jobs.database, "write", write_later)
    prune(jobs.database, completed=HOUR, failed=DAY)
    assert jobs.row(job).state == "waiting"
    assert len(jobs.events(job)) == 2
