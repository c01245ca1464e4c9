"""Event streams of one server, read cheaply: what has come is only looked at afterwards."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from benchmarks._documents import small_pdf
from benchmarks._running import Server, server
from studyq.database.engine import Database
from studyq.jobs.models import JobEvent

REQUEST = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
UPLOADS = 20
PACE = 0.25  #: seconds between two uploads
AT_ONCE = 50  #: streams that are being opened at a time
SPARE = 200  #: descriptors that a process has open beside its streams


class Stream(asyncio.Protocol):
    """A client of GET /events."""

    def __init__(self) -> None:
        self.open = asyncio.get_running_loop().create_future()
        self._pieces: list[tuple[float, bytes]] = []

    def connection_made(self, transport: Any) -> None:
        """Ask for the stream."""
        self._transport = transport
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Keep what has come, and when."""
        self._pieces.append((time.time(), data))
        if not self.open.done():
            self.open.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """A stream that ends early is seen by what it missed."""
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("the server ended the stream"))

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def events(self) -> Iterator[tuple[float, int, dict[str, Any]]]:
        """What was received: the moment, the event's id and its data."""
        rest, number = b"", 0
        for moment, piece in self._pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.startswith(b"id: "):
                    number = int(line[4:])
                elif line.startswith(b"data: "):
                    yield moment, number, json.loads(line[6:])


async def open_streams(port: int, count: int) -> list[Stream]:
    """Open so many streams; each has answered."""
    allow_open_files(count)
    loop = asyncio.get_running_loop()
    streams: list[Stream] = []
    while len(streams) < count:
        batch = min(AT_ONCE, count - len(streams))
        opened = await asyncio.gather(
            *(loop.create_connection(Stream, "127.0.0.1", port) for _ in range(batch))
        )
        await asyncio.gather(*(stream.open for _, stream in opened))
        streams += [stream for _, stream in opened]
    return streams


def allow_open_files(count: int) -> None:
    """Let this process, and those that it starts, have so many connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE
    if most != resource.RLIM_INFINITY and most < wanted:
        raise SystemExit(f"{wanted} open files are needed, {most} allowed; raise ulimit -n.")
    soft = max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


async def many_streams(clients: int) -> tuple[list[float], int]:
    """Events of a steady trickle of uploads to many clients.

    Returns:
        Seconds from each event's stamp, which is taken shortly before its commit, to its receipt;
        and how many events did not reach a client that should have had them.
    """
    allow_open_files(clients)
    with server(embedding="none") as running:
        streams = await open_streams(running.client.base_url.port or 80, clients)
        uploads = []
        for number in range(UPLOADS):
            uploads.append(await asyncio.to_thread(upload, running, number))
            await asyncio.sleep(PACE)
        await asyncio.to_thread(running.wait, uploads)
        await asyncio.sleep(2)  # what is on its way arrives, or counts as missed
        for stream in streams:
            stream.close()
        told = event_ids(running)
    delays: list[float] = []
    missed = 0
    for stream in streams:
        seen = []
        for moment, number, event in stream.events():
            seen.append(number)
            delays.append(moment - datetime.fromisoformat(event["at"]).timestamp())
        missed += len(told.difference(seen))
        if seen != sorted(set(seen)):
            raise SystemExit("A stream told an event twice, or out of order.")
    return delays, missed


def upload(running: Server, number: int) -> str:
    """Upload a small document; returns its job's address."""
    return running.upload_bytes(f"document-{number}.pdf", small_pdf(number))


def event_ids(running: Server) -> set[int]:
    """The events in the server's database."""
    database = Database(f"sqlite:///{running.data / 'studyq.db'}")
    with database.read() as session:
        found = set(session.scalars(sa.select(JobEvent.id)))
    database.close()
    return found
