"""A wall clock that is set by an hour, forward or back, while several processes work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, Jobs, open_database, wait_for
from studyq.database import base
from studyq.jobs import host as host_module
from studyq.jobs.clock import Clock
from studyq.jobs.context import JobContext
from studyq.jobs.errors import TransientError
from studyq.jobs.host import JobHost
from studyq.jobs.identity import host_name
from studyq.jobs.models import Worker
from studyq.jobs.registry import Outcome

HOUR = 3600.0


class SettableTime:
    """The module `time` with a wall clock that can be set."""

    def __init__(self) -> None:
        self.shift = 0.0
        self.monotonic = time.monotonic

    def time_ns(self) -> int:
        return time.time_ns() + round(self.shift * 1e9)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[SettableTime]:
    settable = SettableTime()
    monkeypatch.setattr(base, "time", settable)
    monkeypatch.setattr(host_module, "TICK", 0.1)
    yield settable


@pytest.fixture
def pair(jobs: Jobs, tmp_path: Path) -> Iterator[tuple[JobHost, JobHost]]:
    """Two processes' job layers on one file."""
    with ExitStack() as stack:
        other = stack.enter_context(open_database(tmp_path))
        hosts = [
            JobHost(database, jobs.registry, concurrency={QUEUE: 1}, lease=2.0, heartbeat=0.5)
            for database in (jobs.database, other)
        ]
        for host in hosts:
            host.start()
            stack.callback(host.stop, 0)
        yield hosts[0], hosts[1]


def test_small_steps_are_no_jump_and_large_ones_are_told_once() -> None:
    wall, monotonic = 1_000_000.0, 500.0
    clock = Clock(lambda: round(wall * 1e6), lambda: monotonic)
    assert clock.moved() == 0
    wall, monotonic = wall + 60, monotonic + 60
    assert clock.moved() == 0
    wall += 0.5
    assert clock.moved() == 0
    wall += HOUR
    assert clock.moved() == pytest.approx(HOUR + 0.5)
    assert clock.moved() == 0
    wall -= 2 * HOUR
    assert clock.moved() == pytest.approx(-2 * HOUR)
    monotonic += HOUR
    wall += HOUR
    assert clock.moved() == 0


def test_many_small_steps_add_up_to_a_jump() -> None:
    wall = 1_000_000.0
    clock = Clock(lambda: round(wall * 1e6), lambda: 0.0)
    moves = []
    for _ in range(6):
        wall += 0.4
        moves.append(clock.moved())
    assert sum(moves) == pytest.approx(2.4)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_running_jobs_run_once_over_a_jump(
    jobs: Jobs, wall: SettableTime, pair: tuple[JobHost, JobHost], jump: float
) -> None:
    started, gate = threading.Event(), threading.Event()

    def work(_: JobContext) -> Outcome:
        started.set()
        gate.wait(30)
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    assert started.wait(30)
    wall.shift += jump
    time.sleep(3.5)  # longer than a lease, and than processes are lenient
    gate.set()
    wait_for(lambda: jobs.row(job).state == "completed", "the job")
    assert (jobs.row(job).token, jobs.row(job).losses) == (1, 0)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_new_jobs_and_retries_come_soon_after_a_jump(
    jobs: Jobs, wall: SettableTime, pair: tuple[JobHost, JobHost], jump: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("studyq.jobs.backoff.BASE", 0.5)

    def work(context: JobContext) -> Outcome:
        if context.attempt == 1:
            raise TransientError("unlucky", "Not this time.")
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    wait_for(lambda: jobs.row(job).state == "delayed", "the first attempt")
    wall.shift += jump
    new = jobs.add()
    begun = time.monotonic()
    wait_for(lambda: all(jobs.row(each).state == "completed" for each in (job, new)), "both jobs")
    assert time.monotonic() - begun < 10


def test_lease_of_a_lost_worker_ends_soon_although_the_clock_was_put_back(
    jobs: Jobs, wall: SettableTime, pair: tuple[JobHost, JobHost]
) -> None:
    """Of a worker on another machine, whose process cannot be looked at."""
    jobs.handle(lambda _: Outcome())
    at = base.now()
    with jobs.database.write() as session:
        session.add(
            Worker(id="elsewhere", host="another machine", pid=1, pid_started="1",
                   started_at=at, seen_at=at, queues=[QUEUE], transport_error="")
        )  # fmt: skip
    job = jobs.add(delay=HOUR)
    jobs.update(
        job, state="active", token=1, attempt=1, worker_id="elsewhere", run_at=at, started_at=at,
        lease_until=at + 2_000_000,
    )  # fmt: skip
    wall.shift -= HOUR
    wait_for(lambda: jobs.row(job).state == "completed", "the job", seconds=15)
    assert jobs.row(job).token == 2
    with jobs.database.read() as session:
        assert session.get_one(Worker, "elsewhere").seen_at <= base.now()


def test_signs_of_life_are_renewed_at_once(
    jobs: Jobs, wall: SettableTime, pair: tuple[JobHost, JobHost]
) -> None:
    wall.shift += HOUR

    def all_seen() -> bool:
        with jobs.database.read() as session:
            seen = session.scalars(sa.select(Worker.seen_at)).all()
        return len(seen) == 2 and all(base.now() - instant < 5_000_000 for instant in seen)

    wait_for(all_seen, "signs of life", seconds=5)


def test_dead_process_is_noticed_at_once_in_spite_of_a_jump(
    jobs: Jobs, wall: SettableTime, pair: tuple[JobHost, JobHost]
) -> None:
    jobs.handle(lambda _: Outcome())
    at = base.now()
    job = jobs.add(delay=HOUR)
    with jobs.database.write() as session:
        session.add(
            Worker(id="gone", host=host_name(), pid=2**22 + 1, pid_started="1",
                   started_at=at, seen_at=at, queues=[QUEUE], transport_error="")
        )  # fmt: skip
    wall.shift -= HOUR
    jobs.update(
        job, state="active", token=1, attempt=1, worker_id="gone", run_at=at, started_at=at,
        lease_until=at + round(HOUR * 1e6),
    )  # fmt: skip
    wait_for(lambda: jobs.row(job).state == "completed", "the job", seconds=5)
