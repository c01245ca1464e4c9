"""How the service answers while it works: health during ingestion, events to many clients."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime

from benchmarks._running import LONG_BOOK, SHORT_BOOK, Server, percentile, server, verdict

REQUESTS = 1000
PACE = 0.005  #: seconds between two requests
CLIENTS = 500


def main() -> None:
    """Print both figures."""
    if not LONG_BOOK.is_file():
        print(f"There is no {LONG_BOOK}; set BENCH_DATA to a folder with corpus/good in it.")
        return
    health_while_ingesting()
    asyncio.run(events_to_many())


def health_while_ingesting() -> None:
    """p99 of GET /health/live while a book is ingested, over the idle p99."""
    with server() as running:
        running.wait([running.upload(SHORT_BOOK)])
        _latencies(running, 200)
        idle = _latencies(running, REQUESTS)
        job = running.upload(LONG_BOOK)
        busy = _latencies(running, REQUESTS)
        state = running.client.get(job).json()["state"]
    for name, values in (("idle", idle), ("ingesting", busy)):
        p50, p99 = (percentile(values, share) * 1e3 for share in (0.5, 0.99))
        print(f"GET /health/live {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    print(f"(the book was {state} when the measurement ended)")
    verdict("health p99, ingesting over idle", percentile(busy, 0.99) / percentile(idle, 0.99), 4)


async def events_to_many() -> None:
    """Time from an event's stamp to its receipt by each of 500 clients."""
    with server(embedding="none") as running:
        delays: list[float] = []
        ready = asyncio.Semaphore(0)
        port = running.client.base_url.port or 80
        clients = [asyncio.create_task(_listen(port, delays, ready)) for _ in range(CLIENTS)]
        for _ in range(CLIENTS):
            await ready.acquire()
        job = await asyncio.to_thread(running.upload, SHORT_BOOK)
        await asyncio.to_thread(running.wait, [job])
        await asyncio.wait_for(asyncio.gather(*clients), 60)
    p50, p99 = (percentile(delays, share) * 1e3 for share in (0.5, 0.99))
    events = len(delays) / CLIENTS
    print(f"{CLIENTS} clients, {events:g} events each: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    verdict("event to receipt by 500 clients, p99 ms", p99, 250)


def _latencies(running: Server, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        running.client.get("/health/live").raise_for_status()
        taken.append(time.perf_counter() - begun)
        time.sleep(PACE)
    return taken


async def _listen(port: int, delays: list[float], ready: asyncio.Semaphore) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    ready.release()
    async for line in reader:
        if not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        delays.append(time.time() - datetime.fromisoformat(event["at"]).timestamp())
        if event["state"] in ("completed", "failed"):
            break
    writer.close()
