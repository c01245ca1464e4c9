"""A reader that does not read: its stream is closed, nobody else notices, and it can go on."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from event_streams import follow, read_events
from server_process import ServerProcess
from studyq.accounts.models import LOCAL_USER
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs.events import append_events, last_event_id

BATCH = 200
BATCHES = 25
LONG = "A long message. " * 128  # so that the sockets' buffers are full soon


@pytest.fixture
def database(server: ServerProcess) -> Iterator[Database]:
    opened = Database(f"sqlite:///{server.data / 'studyq.db'}")
    yield opened
    opened.close()


def newest(database: Database) -> int:
    """The id of the last event."""
    with database.read() as session:
        return last_event_id(session)


def append(database: Database) -> int:
    """Tell something, many times; returns the last event's id."""
    row: dict[str, object] = {
        "job_id": "told by a test", "user_id": LOCAL_USER, "queue": "pdf-ingestion",
        "subject": None, "event": "progress", "state": "active", "progress": 1,
        "message": LONG, "detail": {}, "at": now(), "waited": None, "ran": None,
    }  # fmt: skip
    with database.write() as session:
        append_events(session.connection(), [row] * BATCH)
        return last_event_id(session)


def connect(server: ServerProcess, after: int) -> socket.socket:
    """A reader that has asked for all events from a place on; it reads none of them."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(30)
    reader.connect(("127.0.0.1", server.port))
    request = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: {after}\r\n\r\n"
    reader.sendall(request.encode())
    assert reader.recv(12) == b"HTTP/1.1 200"
    return reader


def test_a_slow_reader_is_let_go_and_goes_on_where_it_was(
    server: ServerProcess, database: Database
) -> None:
    before = newest(database)
    end = before + BATCH * BATCHES
    heard: queue.Queue[int] = queue.Queue()

    def listen() -> None:
        place = {"Last-Event-ID": str(before)}
        with server.client() as client, client.stream("GET", "/events", headers=place) as answer:
            for event in read_events(answer.iter_lines()):
                heard.put(event.id)
                if event.id == end:
                    return

    with connect(server, before) as slow:
        attentive = threading.Thread(target=listen)
        attentive.start()
        received: list[int] = []
        for _ in range(BATCHES):
            last = append(database)
            while not received or received[-1] < last:
                received.append(heard.get(timeout=30))
        attentive.join(30)
        expected = list(range(before + 1, end + 1))
        assert received == expected, "somebody else's sleep has cost the attentive reader events"
        content = b"".join(iter(lambda: slow.recv(65536), b""))  # it wakes up, and meets the end
    lines = (line for line in content.decode().splitlines() if line.startswith("id: "))
    seen = [int(line.removeprefix("id: ")) for line in lines]
    assert 0 < len(seen) < len(expected), "its stream was not closed"
    assert seen == expected[: len(seen)]
    with server.client() as client:
        rest = follow(client, "/events", after=seen[-1], count=len(expected) - len(seen))
    assert seen + [event.id for event in rest] == expected


def test_many_sleepers_hold_up_nobody(server: ServerProcess, database: Database) -> None:
    before = newest(database)
    with ExitStack() as sleepers:
        for _ in range(20):
            sleepers.enter_context(connect(server, before))
        for _ in range(BATCHES):
            append(database)
        with server.client() as client:
            assert client.get("/health/live").elapsed.total_seconds() < 2
            told = follow(client, "/events", after=before, count=BATCH * BATCHES)
    assert [event.id for event in told] == list(range(before + 1, newest(database) + 1))


@pytest.mark.parametrize("place", ["9" * 18, "9" * 30, "-1", "garbage"])
def test_a_place_that_never_was_is_followed_from_now_on(
    client: httpx.Client, database: Database, place: str
) -> None:
    before, over = append(database), threading.Event()

    def go_on_telling() -> None:
        while not over.wait(0.1):
            append(database)

    telling = threading.Thread(target=go_on_telling)
    telling.start()
    try:
        assert follow(client, "/events", after=place, count=1)[0].id > before
    finally:
        over.set()
        telling.join()
