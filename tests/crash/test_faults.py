"""Two worker processes while Redis is killed, frozen and emptied, and while the disk is full."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from crash.arena import Arena, WorkerProcess
from crash.test_rounds import settle
from crash.worker_process import SECRET
from redis_server import RedisServer
from studyq.jobs.enqueue import queue_topic
from studyq.jobs.registry import QUEUES
from studyq.jobs.transport import open_transport

Say = Callable[[str], None]
BULK = 6 * 1024 * 1024  #: bytes put into the database, so that no other file is as long
SHORT = 1024 * 1024  #: bytes beyond which a process with a full disk cannot write a file


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@contextmanager
def rung_over(arena: Arena, url: str) -> Iterator[None]:
    """Let jobs that the arena adds be rung for over Redis."""
    transport = open_transport(url, SECRET)
    queues = {queue_topic(queue): queue for queue in QUEUES}

    def ring(topics: frozenset[str]) -> None:
        for topic in topics & queues.keys():
            transport.ring(queues[topic])

    transport.start(lambda queue: None)
    arena.database.listen(ring)
    try:
        yield
    finally:
        transport.stop()


def harm_redis(arena: Arena, server: RedisServer) -> None:
    """Do something to Redis: away and back empty, frozen for a moment, or emptied."""
    draw = arena.random.random()
    if not server.running:
        server.start()
    elif draw < 0.5:
        server.kill()
    elif draw < 0.75:
        server.flush()
    else:
        server.freeze()
        time.sleep(arena.random.uniform(0.1, 0.5))
        server.thaw()


def test_two_workers_while_redis_fails(
    arena: Arena, say: Say, rounds: int, redis_server: RedisServer
) -> None:
    count = max(4, rounds // 4)
    kills = 0
    with rung_over(arena, redis_server.url):
        pair = [arena.start(queue_url=redis_server.url) for _ in range(2)]
        for _ in range(count):
            arena.add_mixture(6)
            time.sleep(arena.random.uniform(0, 0.2))
            harm_redis(arena, redis_server)
            if arena.random.random() < 0.4:
                kills += 1
                arena.kill(pair.pop(arena.random.randrange(2)))
                pair.append(arena.start(queue_url=redis_server.url, ready=False))
            arena.cancel_some()
            arena.add_mixture(2)
        for worker in pair:
            assert worker.worker_id or worker.await_ready(), worker.log.read_text()
        # With Redis away at the end: what was rung for in vain is done all the same.
        redis_server.kill()
        arena.add_mixture(10)
        assert arena.drain(), arena.check()
    settle(arena, say, f"{count} faults of Redis, {kills} kills of one of two workers")


@contextmanager
def full_disk(worker: WorkerProcess) -> Iterator[None]:
    """Let a process write no file any further, as if the disk were full."""
    _, most = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (SHORT, most))
    try:
        yield
    finally:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (most, most))


def test_disk_full_while_jobs_report_progress(arena: Arena, say: Say, rounds: int) -> None:
    count = max(3, rounds // 10)
    with arena.database.write() as session:
        session.execute(sa.text("CREATE TABLE bulk (content BLOB)"))
        session.execute(sa.text("INSERT INTO bulk VALUES (zeroblob(:size))"), {"size": BULK})
    pair = [arena.start() for _ in range(2)]
    for _ in range(count):
        steps = [arena.add("steps", payload={"steps": 20, "seconds": 0.03}) for _ in range(3)]
        arena.add_mixture(5)
        arena.wait_for(
            lambda steps=steps: any(arena.state(job) != "waiting" for job in steps),  # type: ignore[misc]
            "a job that reports progress",
        )
        with full_disk(arena.random.choice(pair)):
            # Some for longer than the lease.
            time.sleep(arena.random.uniform(0.3, 3.0))
        arena.cancel_some()
    assert any(worker.says("disk") for worker in pair), "no process has met a full disk"
    settle(arena, say, f"{count} times a full disk under one of two workers")
