"""Jobs whose worker died, and jobs whose time has come."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from job_layer import QUEUE, USER, Jobs
from studyq.database.base import now
from studyq.jobs import claims
from studyq.jobs.events import append_events
from studyq.jobs.identity import WorkerIdentity, host_name, process_started
from studyq.jobs.models import Worker
from studyq.jobs.reaper import promote, reap
from studyq.jobs.registry import Outcome


def claim(jobs: Jobs, worker_id: str, *, lease: float = 30.0) -> claims.Claim:
    """Claim the next job as another process would, and never finish it."""
    with jobs.database.write() as session:
        connection = session.connection()
        [(claimed, event)] = claims.claim(connection, QUEUE, 1, worker_id, lease)
        append_events(connection, [event])
        return claimed


def sign_in(jobs: Jobs, worker_id: str, *, host: str, pid: int, pid_started: str) -> None:
    with jobs.database.write() as session:
        session.add(
            Worker(
                id=worker_id,
                host=host,
                pid=pid,
                pid_started=pid_started,
                started_at=now(),
                seen_at=now(),
            )
        )


@pytest.fixture
def dead_pid() -> int:
    """A number that was a process's and is nobody's now."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def test_first_loss_keeps_the_place_later_ones_back_off_the_last_one_fails(jobs: Jobs) -> None:
    jobs.handle(lambda _: Outcome())
    job, younger = jobs.add(), jobs.add()
    place = jobs.row(job).run_at

    assert claim(jobs, "first", lease=0).id == job
    assert reap(jobs.database, jobs.registry) == 1
    row = jobs.row(job)
    assert (row.state, row.run_at, row.attempt, row.losses) == ("waiting", place, 1, 1)

    assert claim(jobs, "second", lease=0).id == job, "it is ahead of the younger one"
    before = now()
    assert reap(jobs.database, jobs.registry) == 1
    row = jobs.row(job)
    assert (row.state, row.losses) == ("delayed", 2)
    assert before + 1.8e6 <= row.run_at <= now() + 2.2e6

    jobs.drain()  # the younger one
    assert jobs.row(younger).state == "completed"
    jobs.make_due(job)
    assert claim(jobs, "third", lease=0).attempt == 3
    assert reap(jobs.database, jobs.registry) == 1
    row = jobs.row(job)
    assert row.state == "failed"
    assert [error["code"] for error in row.errors] == ["worker_lost"] * 3
    assert [change.state for change in jobs.told] == ["waiting", "waiting", "failed"]
    assert [event.terminal for event in jobs.events(job)].count(True) == 1


def move_checkpoint(jobs: Jobs, claimed: claims.Claim, point: dict[str, int]) -> None:
    claimed.checkpoint = point
    with jobs.database.write() as session:
        claims.write_checkpoint(session.connection(), claimed)


def test_an_attempt_that_got_further_does_not_count(jobs: Jobs) -> None:
    jobs.handle(lambda _: Outcome())
    job = jobs.add()
    place = jobs.row(job).run_at
    for page in range(1, 8):
        move_checkpoint(jobs, claim(jobs, f"worker {page}", lease=0), {"page": page})
        assert reap(jobs.database, jobs.registry) == 1
        row = jobs.row(job)
        assert (row.state, row.run_at, row.attempt, row.losses) == ("waiting", place, 0, 0)
        assert (row.checkpoint, row.errors) == ({"page": page}, [])

    for loss in range(1, 4):  # the same checkpoint written again is no progress
        jobs.make_due(job)
        move_checkpoint(jobs, claim(jobs, f"stuck {loss}", lease=0), {"page": 7})
        assert reap(jobs.database, jobs.registry) == 1
        assert jobs.row(job).attempt == loss
    assert jobs.row(job).state == "failed"


def test_those_lost_together_again_come_back_one_after_another(jobs: Jobs) -> None:
    with jobs.database.write() as session:
        session.execute(sa.text("UPDATE queues SET concurrency = 3"))
    ids = [jobs.add() for _ in range(3)]
    for worker in ("first", "second"):
        for _ in ids:
            claim(jobs, worker, lease=0)
        begun = now()
        assert reap(jobs.database, jobs.registry) == 3
    delays = sorted((jobs.row(job).run_at - begun) / 1e6 for job in ids)
    for turn, delay in enumerate(delays, 1):
        assert turn * 1.8 <= delay <= turn * 2.2 + 1


def test_lease_that_still_holds_is_respected(jobs: Jobs) -> None:
    job = jobs.add()
    claim(jobs, "elsewhere")
    assert reap(jobs.database, jobs.registry) == 0
    assert jobs.row(job).state == "active"


def test_execution_of_this_very_process_is_left_to_its_thread(jobs: Jobs) -> None:
    jobs.add()
    running = claim(jobs, "this process", lease=0)
    assert reap(jobs.database, jobs.registry, executing=[running.key]) == 0
    assert reap(jobs.database, jobs.registry, executing=[(running.id, running.token + 1)]) == 1


def test_jobs_of_a_dead_process_of_this_machine_come_back_at_once(
    jobs: Jobs, dead_pid: int
) -> None:
    job = jobs.add()
    sign_in(jobs, "dead", host=host_name(), pid=dead_pid, pid_started="1")
    claim(jobs, "dead")
    assert reap(jobs.database, jobs.registry) == 1
    assert jobs.row(job).state == "waiting"
    reap(jobs.database, jobs.registry)
    with jobs.database.read() as session:
        assert session.get(Worker, "dead") is None


def test_process_with_a_reused_number_is_another_one(jobs: Jobs) -> None:
    jobs.add()
    sign_in(jobs, "dead", host=host_name(), pid=os.getpid(), pid_started="long ago")
    claim(jobs, "dead")
    assert reap(jobs.database, jobs.registry) == 1


def test_living_process_and_other_machines_keep_theirs(jobs: Jobs, dead_pid: int) -> None:
    me = WorkerIdentity()
    assert me.pid_started == process_started(os.getpid())
    for _ in range(2):
        jobs.add()
    with jobs.database.write() as session:
        session.execute(sa.text("UPDATE queues SET concurrency = 2"))
    sign_in(jobs, me.id, host=me.host, pid=me.pid, pid_started=me.pid_started)
    sign_in(jobs, "far away", host="another-machine", pid=dead_pid, pid_started="1")
    claim(jobs, me.id)
    claim(jobs, "far away")
    assert reap(jobs.database, jobs.registry) == 0


def test_lost_job_that_was_cancelled_is_cancelled(jobs: Jobs) -> None:
    jobs.handle(lambda _: Outcome())
    job = jobs.add()
    claim(jobs, "gone", lease=0)
    jobs.cancel(job)
    reap(jobs.database, jobs.registry)
    assert jobs.row(job).state == "cancelled"
    assert [change.state for change in jobs.told] == ["cancelled"]


def test_renewed_lease_is_known_to_its_claim(jobs: Jobs) -> None:
    jobs.add()
    running = claim(jobs, "worker", lease=0)
    with jobs.database.write() as session:
        claims.renew(session.connection(), [running], 30)
    row = jobs.row(running.id)
    assert row.lease_until == running.lease_until > now() + 29e6
    assert reap(jobs.database, jobs.registry) == 0


def test_renewing_does_not_win_back_what_was_lost(jobs: Jobs) -> None:
    jobs.add()
    lost = claim(jobs, "first", lease=0)
    reap(jobs.database, jobs.registry)
    with jobs.database.write() as session:
        claims.renew(session.connection(), [lost], 30)
    assert (jobs.row(lost.id).state, jobs.row(lost.id).lease_until) == ("waiting", None)


def test_due_jobs_become_claimable_and_their_queue_is_rung(jobs: Jobs) -> None:
    heard: set[str] = set()
    due, later = jobs.add(delay=60), jobs.add(delay=3600)
    jobs.update(due, run_at=0)
    jobs.database.listen(lambda topics: heard.update(topics))
    assert promote(jobs.database) is None
    assert (jobs.row(due).state, jobs.row(later).state) == ("waiting", "delayed")
    assert [event.state for event in jobs.events(due)] == ["delayed", "waiting"]
    assert f"queue:{QUEUE}" in heard
    assert promote(jobs.database) == jobs.row(later).run_at
    assert jobs.row(due).user_id == USER
