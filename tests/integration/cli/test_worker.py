"""Servers and workers as processes of their own, on one data folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from event_streams import Told, read_events
from pdf_files import make_pdf
from redis_server import RedisServer
from studyq.database.engine import Database
from studyq_command import SECONDS, Serving, Studyq

QUEUE = "/queue/pdf-ingestion/jobs"
Serve = Callable[..., Serving]
Start = Callable[..., subprocess.Popen[str]]


def await_work(process: subprocess.Popen[str]) -> None:
    """Wait until a worker says that it works."""
    guard = threading.Timer(SECONDS, process.kill)  # so that no line comes, instead of none
    guard.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    guard.cancel()
    assert "works on" in line, line


@pytest.fixture
def work(studyq: Studyq) -> Iterator[Start]:
    """Starts workers on the data folder."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, wait: bool = True, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "studyq", "worker", *arguments],
            env={**studyq.environment, "STUDYQ_LOG_FORMAT": "json", **variables},
            cwd=studyq.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        if wait:
            await_work(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def rows_of(data: Path, query: str) -> list[tuple[Any, ...]]:
    """What the database holds."""
    database = Database(f"sqlite:///{data / 'studyq.db'}")
    try:
        with database.read() as session:
            return [tuple(row) for row in session.execute(sa.text(query))]
    finally:
        database.close()


def upload(address: str, name: str, words: str) -> str:
    """Send a file; returns the id of its job."""
    answer = httpx.put(f"{address}/pdfs/{name}", content=make_pdf([words]), timeout=30)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"]["id"])


def state(address: str, job: str) -> str:
    return str(httpx.get(f"{address}{QUEUE}/{job}").json()["state"])


class Listener:
    """Somebody who follows all events of a server."""

    def __init__(self, address: str) -> None:
        self.seen: list[Told] = []
        self._address = address
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._connected.wait(SECONDS)

    def _listen(self) -> None:
        with httpx.stream("GET", f"{self._address}/events", timeout=SECONDS) as stream:
            self._connected.set()
            for event in read_events(stream.iter_lines()):
                self.seen.append(event)

    def wait_for_ends(self, jobs: list[str]) -> None:
        def ended() -> set[str]:
            return {e.data["job_id"] for e in self.seen if e.data["state"] == "completed"}

        deadline = time.monotonic() + SECONDS
        while not ended() >= set(jobs):
            assert time.monotonic() < deadline, f"missing {set(jobs) - ended()}"
            time.sleep(0.02)

    def join(self) -> None:
        self._thread.join(SECONDS)


@pytest.mark.parametrize("transport", ["in-process", "redis"])
def test_servers_and_workers_share_a_folder(
    serve: Serve, work: Start, studyq: Studyq, tmp_path: Path, transport: str
) -> None:
    with ExitStack() as stack:
        variables = {}
        if transport == "redis":
            redis = RedisServer(tmp_path)
            redis.start()
            stack.callback(redis.kill)
            variables = {
                "REDIS_HOST": "127.0.0.1",
                "REDIS_PORT": str(redis.port),
                "REDIS_PASSWORD": redis.password,
            }
        servers = [serve("--no-worker", **variables) for _ in range(2)]
        workers = [work(**variables) for _ in range(2)]
        listeners = [Listener(server.address) for server in servers]
        jobs = [
            upload(server.address, f"{number}-{name}.pdf", f"Text {number} of server {name}.")
            for number in range(4)
            for name, server in enumerate(servers)
        ]
        for listener in listeners:
            listener.wait_for_ends(jobs)
        for server in servers:
            parts = httpx.get(f"{server.address}/health/ready").json()["parts"]
            assert parts["database"]["ok"]
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        assert [worker.wait(SECONDS) for worker in workers] == [0, 0]
        assert [server.stop()[0] for server in servers] == [0, 0]
    for listener in listeners:
        listener.join()
        ids = [event.id for event in listener.seen]
        assert ids == sorted(set(ids))
    stored = [row[0] for row in rows_of(studyq.data, "SELECT id FROM job_events ORDER BY id")]
    for listener in listeners:
        assert [event.id for event in listener.seen] == stored
    assert rows_of(studyq.data, "SELECT DISTINCT token, attempt FROM jobs") == [(1, 1)]
    assert rows_of(studyq.data, "SELECT * FROM workers") == []
    for worker in workers:
        assert worker.stderr is not None
        assert '"level": "error"' not in worker.stderr.read()


def test_worker_serves_the_queues_that_it_is_told(serve: Serve, work: Start) -> None:
    server = serve("--no-worker")
    work("--queue", "flashcard-generation", "--queue", "test-analysis")
    job = upload(server.address, "a.pdf", "Nobody reads this yet.")
    time.sleep(1.5)  # more than a round of the reaper
    assert state(server.address, job) == "waiting"
    reader = work("--queue", "pdf-ingestion")
    deadline = time.monotonic() + SECONDS
    while state(server.address, job) != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reader.send_signal(signal.SIGINT)
    assert reader.wait(SECONDS) == 0


def test_all_start_at_once_on_an_empty_folder(serve: Serve, work: Start, studyq: Studyq) -> None:
    workers = [work(wait=False) for _ in range(3)]
    server = serve("--no-worker")
    for worker in workers:
        await_work(worker)
    assert rows_of(studyq.data, "SELECT count(*) FROM workers") == [(4,)]
    job = upload(server.address, "a.pdf", "Read by one of three.")
    deadline = time.monotonic() + SECONDS
    while state(server.address, job) != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(SECONDS) == 0
    assert not list(studyq.data.glob("*.bak-*"))


def test_unknown_queue_is_named(studyq: Studyq) -> None:
    said = studyq.refusal(2, "worker", "--queue", "nope")
    assert "nope is no queue; there are pdf-ingestion" in said


def test_transport_that_cannot_be_is_named(studyq: Studyq) -> None:
    said = studyq.refusal(2, "worker", STUDYQ_QUEUE_URL="redis://localhost/0?no_such_option=1")
    assert "STUDYQ_QUEUE_URL" in said


def test_killed_worker_gives_its_job_to_another(serve: Serve, work: Start, studyq: Studyq) -> None:
    server = serve("--no-worker")
    first = work()
    text = "Words that take their time to be read. " * 60
    job = str(
        httpx.put(
            f"{server.address}/pdfs/long.pdf",
            content=make_pdf([f"{number}: {text}" for number in range(400)]),
            timeout=60,
        ).json()["job"]["id"]
    )
    deadline = time.monotonic() + SECONDS
    while state(server.address, job) != "active":
        assert time.monotonic() < deadline
        time.sleep(0.005)
    first.kill()
    killed = time.time()
    first.wait()
    work()
    while state(server.address, job) != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    [(begun, token)] = rows_of(studyq.data, "SELECT started_at, token FROM jobs")
    # The server that serves no such job has seen that its worker is gone.
    assert token == 2
    assert begun / 1e6 - killed < 30, "not before its lease was over"
