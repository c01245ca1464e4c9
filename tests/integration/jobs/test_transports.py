"""What every transport must do, and what a Redis that fails must not do."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from job_layer import QUEUE, Jobs, open_database, wait_for
from redis_server import RedisServer
from studyq.jobs import doorbell as doorbell_module
from studyq.jobs import host as host_module
from studyq.jobs.context import JobContext
from studyq.jobs.host import JobHost
from studyq.jobs.models import Queue, Worker
from studyq.jobs.operating import pause, resume, set_concurrency
from studyq.jobs.registry import NOTIFICATIONS, Outcome
from studyq.jobs.transport import Transport, open_transport

SECRET = b"thirty-two bytes, or as good as."
NEVER = 3600.0


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["in-process", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of each transport in turn."""
    if request.param == "in-process":
        return ""
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


@dataclass
class Member:
    """One process's part in a company: its own database, transport and job layer."""

    jobs: Jobs
    transport: Transport
    host: JobHost

    @property
    def row(self) -> Worker:
        with self.jobs.database.read() as session:
            return session.get_one(Worker, self.host.worker_id)


@contextmanager
def member(
    folder: Path, url: str, work: Callable[[JobContext], Outcome] | None
) -> Iterator[Member]:
    """A process that works, or one that serves messages to people only."""
    with open_database(folder) as database:
        jobs = Jobs(database)
        if work is not None:
            jobs.handle(work)
        transport = open_transport(url, SECRET)
        host = JobHost(
            database,
            jobs.registry,
            concurrency={NOTIFICATIONS: 1} if work is None else {NOTIFICATIONS: 1, QUEUE: 1},
            transport=transport,
        )
        host.start()
        try:
            wait_for(lambda: not url or transport.carries, "a connection")
            yield Member(jobs, transport, host)
        finally:
            host.stop(grace=0)


@contextmanager
def company(folder: Path, url: str) -> Iterator[tuple[Member, Member]]:
    """A process that only enqueues, and one that works."""
    with member(folder, url, None) as front, member(folder, url, lambda _: Outcome()) as back:
        yield front, back


def run_one(by: Member, seconds: float = 30) -> float:
    """Enqueue a job; returns the seconds until it was started."""
    job = by.jobs.add()
    wait_for(lambda: by.jobs.row(job).state == "completed", "the job", seconds=seconds)
    row = by.jobs.row(job)
    return float(row.started_at - row.created_at) / 1e6


def only_transports_start_jobs(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Switch everything off that would start a job later."""
    monkeypatch.setattr(host_module, "TICK", NEVER)
    monkeypatch.setattr(doorbell_module, "WAIT", NEVER)
    if url:
        monkeypatch.setattr(host_module, "WATCH_ALONE", NEVER)


# every transport


def test_job_starts_at_once_in_another_process(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_transports_start_jobs(monkeypatch, url)
    with company(tmp_path, url) as (front, _):
        waited = [run_one(front) for _ in range(15)]
    # Milliseconds, on a machine with nothing else to do.
    assert statistics.median(waited) < 0.25


def test_job_of_the_same_process_waits_for_no_transport(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_transports_start_jobs(monkeypatch, url)
    monkeypatch.setattr(host_module, "WATCH", NEVER)
    with company(tmp_path, url) as (_, back):
        monkeypatch.setattr(back.transport, "ring", lambda queue: None)
        assert statistics.median([run_one(back) for _ in range(15)]) < 0.25


def test_every_job_runs_once_however_many_hear_its_ring(tmp_path: Path, url: str) -> None:
    runs: list[str] = []

    def work(context: JobContext) -> Outcome:
        runs.append(context.job_id)
        return Outcome()

    with ExitStack() as stack:
        front = stack.enter_context(member(tmp_path, url, None))
        for _ in range(3):
            stack.enter_context(member(tmp_path, url, work))
        with front.jobs.database.write() as session:
            session.execute(sa.update(Queue).values(concurrency=3))
        ids = [front.jobs.add() for _ in range(60)]
        wait_for(lambda: all(front.jobs.row(job).state == "completed" for job in ids), "the jobs")
    assert sorted(runs) == sorted(ids)
    assert {front.jobs.row(job).token for job in ids} == {1}


def test_concurrency_is_followed_while_jobs_run_and_kills_none(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "TICK", 0.05)
    gate, running, most = threading.Event(), set[str](), 0

    def work(context: JobContext) -> Outcome:
        nonlocal most
        running.add(context.job_id)
        most = max(most, len(running))
        gate.wait(30)
        running.discard(context.job_id)
        return Outcome()

    def allow(front: Member, limit: int) -> None:
        with front.jobs.database.write() as session:
            set_concurrency(session, QUEUE, limit)

    with member(tmp_path, url, None) as front, member(tmp_path, url, work) as back:
        first = [front.jobs.add() for _ in range(4)]
        wait_for(lambda: len(running) == 1, "the first")
        allow(front, 4)
        wait_for(lambda: len(running) == 4, "four at once")
        allow(front, 1)
        wait_for(lambda: back.host._bells[QUEUE].threads == 1, "fewer threads")
        assert len(running) == 4
        most = 0
        later = [front.jobs.add() for _ in range(6)]
        gate.set()
        wait_for(
            lambda: all(front.jobs.row(job).state == "completed" for job in [*first, *later]),
            "all jobs",
        )
        wait_for(lambda: named_threads(QUEUE) == 1, "the end of threads that are too many")
    assert {front.jobs.row(job).token for job in [*first, *later]} == {1}


def named_threads(queue: str) -> int:
    """Threads of this process that work on a queue."""
    return sum(f"studyq-{queue}-Worker" in thread.name for thread in threading.enumerate())


def test_resumed_queue_goes_on_at_once(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_transports_start_jobs(monkeypatch, url)
    with company(tmp_path, url) as (front, _):
        with front.jobs.database.write() as session:
            pause(session, QUEUE)
        job = front.jobs.add()
        time.sleep(0.3)
        assert front.jobs.row(job).state == "waiting"
        with front.jobs.database.write() as session:
            resume(session, QUEUE)
        wait_for(lambda: front.jobs.row(job).state == "completed", "the job")


def test_process_says_what_it_serves_and_leaves_nothing_behind(tmp_path: Path, url: str) -> None:
    before = set(threading.enumerate())
    with company(tmp_path, url) as (front, back):
        assert front.row.queues == [NOTIFICATIONS]
        assert back.row.queues == sorted([NOTIFICATIONS, QUEUE])
        assert (front.row.transport_error, front.transport.problem()) == ("", "")
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert set(threading.enumerate()) <= before


# Redis that fails


@contextmanager
def stopped(server: RedisServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    server.freeze()
    yield
    server.thaw()


@contextmanager
def with_another_password(server: RedisServer) -> Iterator[None]:
    right = server.password
    server.kill()
    server.password = "another"
    server.start()
    yield
    server.kill()
    server.password = right
    server.start()


Fault = Callable[[RedisServer], Any]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (stopped, "cannot be reached"),
        (frozen, "does not answer"),
        (with_another_password, "refuses the name or password"),
    ],
)
def test_redis_that_fails_loses_nothing_and_comes_back(
    tmp_path: Path, redis_server: RedisServer, fault: Fault, words: str
) -> None:
    with capture_logs() as logs, company(tmp_path, redis_server.url) as (front, back):
        run_one(front)
        with fault(redis_server):
            wait_for(lambda: words in front.transport.problem(), "word of the fault")
            wait_for(lambda: words in back.row.transport_error, "the worker's word of it")
            begun = time.monotonic()
            for _ in range(1000):
                front.transport.ring(QUEUE)
            assert time.monotonic() - begun < 1
            waited = [run_one(front) for _ in range(10)]
        wait_for(lambda: front.transport.carries and back.transport.carries, "the recovery")
        wait_for(lambda: back.row.transport_error == "", "the worker's word of the recovery")
        run_one(front)
    assert statistics.median(waited) < 1
    told = [line for line in logs if line["event"].startswith("rings ")]
    reasons = [line["reason"] for line in told if "reason" in line]
    # Two processes; a fault may change on the way (refused at first, then loading).
    assert len([reason for reason in reasons if words in reason]) <= 4
    assert len(reasons) <= 6
    assert sum(line["event"] == "rings go over redis again" for line in told) >= 2


def test_redis_that_forgets_everything_changes_nothing(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_transports_start_jobs(monkeypatch, redis_server.url)
    with company(tmp_path, redis_server.url) as (front, back):
        for _ in range(5):
            redis_server.flush()
            run_one(front)
        assert (front.transport.problem(), back.transport.problem()) == ("", "")


def test_process_starts_without_redis_and_finds_it_later(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    with open_database(tmp_path) as database:
        jobs = Jobs(database)
        jobs.handle(lambda _: Outcome())
        transport = open_transport(server.url, SECRET)
        host = JobHost(database, jobs.registry, concurrency={QUEUE: 1}, transport=transport)
        begun = time.monotonic()
        host.start()
        assert time.monotonic() - begun < 5
        try:
            job = jobs.add()
            wait_for(lambda: jobs.row(job).state == "completed", "a job without Redis")
            wait_for(lambda: "cannot be reached" in transport.problem(), "word of it")
            server.start()
            wait_for(lambda: transport.carries, "the connection")
            assert transport.problem() == ""
        finally:
            host.stop(grace=0)
            server.kill()


def test_forged_rings_are_ignored(redis_server: RedisServer) -> None:
    heard: list[str] = []
    transport = open_transport(redis_server.url, SECRET)
    other = open_transport(redis_server.url, SECRET)
    stranger = open_transport(redis_server.url, b"another instance on the same Redis")
    with capture_logs() as logs:
        transport.start(heard.append)
        for sender in (other, stranger):
            sender.start(lambda queue: None)
        try:
            wait_for(lambda: transport.carries and other.carries, "connections")
            heard.clear()
            channel = transport._channel  # type: ignore[attr-defined]
            with redis_server.client() as client:
                for message in (b"", b"pdf-ingestion", b"\x80\x04.", b"x:" + b"0" * 40):
                    assert client.publish(channel, message) == 2
            stranger.ring("flashcard-generation")
            transport.ring("test-analysis")  # its own, which its threads have heard already
            other.ring("pdf-ingestion")
            wait_for(lambda: "pdf-ingestion" in heard, "a true ring")
            time.sleep(0.1)
            assert heard == ["pdf-ingestion"]
        finally:
            for each in (transport, other, stranger):
                each.stop()
    assert sum("valid signature" in line["event"] for line in logs) == 2  # once a process


@pytest.mark.parametrize("may_publish", [True, False])
def test_user_of_redis_needs_few_rights(redis_server: RedisServer, may_publish: bool) -> None:
    rights = ["+subscribe", "+ping", "&studyq:rings:*", *(["+publish"] if may_publish else [])]
    with redis_server.client() as client:
        few = ["ACL", "SETUSER", "few", "reset", "on", ">pass", *rights]
        client.execute_command(*few)  # type: ignore[no-untyped-call]
    url = f"redis://few:pass@127.0.0.1:{redis_server.port}/0"
    sender, hearer = open_transport(url, SECRET), open_transport(url, SECRET)
    heard: list[str] = []
    sender.start(lambda queue: None)
    hearer.start(heard.append)
    try:
        wait_for(lambda: sender.carries and hearer.carries, "connections")
        heard.clear()
        sender.ring(QUEUE)
        if may_publish:
            wait_for(lambda: heard == [QUEUE], "the ring")
        else:
            wait_for(lambda: "publish and subscribe" in sender.problem(), "word of it")
    finally:
        sender.stop()
        hearer.stop()
