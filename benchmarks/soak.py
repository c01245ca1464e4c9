"""Whether memory and latency stay flat: a real server at steady load, for 20 minutes.

``python -m benchmarks soak [--minutes N] [--plot FILE.svg]``. Each second a document is uploaded
(one in ten is damaged, so that its job fails), and the oldest of the last hundred is deleted;
streams are read all the time. Completed jobs are kept for two minutes, so that retention works
during the run as well. The first tenth of the time is warming up and counts for no verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks._documents import DAMAGED, small_pdf
from benchmarks._plot import Panel, plot
from benchmarks._running import group_memory, percentile, server, verdict
from benchmarks._streams import REQUEST

MINUTES = 20.0
PERIOD = 1.0  #: seconds from upload to upload
DAMAGED_EVERY = 10
KEPT = 100  #: documents in the library
READERS = 50
SAMPLE = 10.0  #: seconds that one sample covers
RETENTION = "120"  #: seconds
LONGEST = 60.0  #: seconds that the last jobs may take to end
MOST_GROWTH = 1.15  #: of the last quarter over the first


@dataclass
class Sample:
    """What one span of time was like; times are ms, memory is MB."""

    minute: float
    memory: float
    receipt_p50: float
    receipt_p99: float
    upload_p50: float
    job_p50: float


@dataclass
class Gathered:
    """What has been measured since the last sample, in seconds."""

    receipts: list[float] = field(default_factory=list)
    uploads: list[float] = field(default_factory=list)
    jobs: list[float] = field(default_factory=list)


class Load:
    """The uploads, and what readers have been told of their jobs."""

    def __init__(self, address: str) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=60)
        self._documents: deque[str] = deque()
        self._begun: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._all_ended = asyncio.Event()
        self.now = Gathered()
        self.counts = {"completed": 0, "failed": 0}
        self.events = 0

    async def run(self, seconds: float) -> None:
        """Upload at a steady pace."""
        begun = time.monotonic()
        number = 0
        while (due := number * PERIOD) < seconds:
            await asyncio.sleep(max(0.0, begun + due - time.monotonic()))
            await self._upload(number)
            number += 1
        self._note_ends()
        await asyncio.wait_for(self._all_ended.wait(), LONGEST)

    def _note_ends(self) -> None:
        # Either may be known first: that a job was made, or that it has ended.
        for job in self._begun.keys() & self._ended.keys():
            self.now.jobs.append(self._ended.pop(job) - self._begun.pop(job))
        (self._all_ended.clear if self._begun else self._all_ended.set)()

    async def _upload(self, number: int) -> None:
        content = DAMAGED + str(number).encode() if number % DAMAGED_EVERY == 9 else None
        files = {"file": (f"{number}.pdf", content or small_pdf(number))}
        begun = time.time()
        answer = (await self._http.post("/pdfs", files=files)).raise_for_status().json()
        self.now.uploads.append(time.time() - begun)
        self._begun[answer["job"]["id"]] = begun
        self._note_ends()
        self._documents.append(answer["pdf"]["id"])
        if len(self._documents) > KEPT:
            (await self._http.delete(f"/pdfs/{self._documents.popleft()}")).raise_for_status()

    async def read(self, port: int, ready: asyncio.Semaphore, *, first: bool) -> None:
        """Read one stream to the end; the first one says when jobs have ended."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        ready.release()
        try:
            async for line in reader:
                if line.startswith(b"data: "):
                    self._told(json.loads(line[6:]), first=first)
        finally:
            writer.close()

    def _told(self, event: dict[str, Any], *, first: bool) -> None:
        moment = time.time()
        self.events += 1
        self.now.receipts.append(moment - datetime.fromisoformat(event["at"]).timestamp())
        if first and event["state"] in self.counts:
            self.counts[event["state"]] += 1
            self._ended[event["job_id"]] = moment
            self._note_ends()

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()


def main(options: Sequence[str] = ()) -> None:
    """Print slopes and ratios, and draw the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--plot", type=Path, default=Path("docs/images/soak.svg"))
    told = parser.parse_args(options)
    samples = asyncio.run(soak(told.minutes * 60))
    told.plot.write_text(draw(samples))
    print(f"plot: {told.plot}")
    settled = [sample for sample in samples if sample.minute > told.minutes / 10]
    for name, what, unit in (
        ("memory", "memory (PSS)", "MB"),
        ("receipt_p50", "commit to receipt, p50", "ms"),
        ("receipt_p99", "commit to receipt, p99", "ms"),
        ("upload_p50", "upload answered, p50", "ms"),
        ("job_p50", "upload to the job's end, p50", "ms"),
    ):
        judge(what, unit, times(settled), series(settled, name))


def draw(samples: Sequence[Sample]) -> str:
    """The samples as an SVG."""

    def panel(title: str, **lines: str) -> Panel:
        named = {name: series(samples, figure) for name, figure in lines.items()}
        return Panel(title, times(samples), named)

    return plot([
        panel("memory of all processes (PSS), MB", PSS="memory"),
        panel("commit of an event to its receipt, ms", p50="receipt_p50", p99="receipt_p99"),
        panel("upload to the end of its job, ms", p50="job_p50"),
    ])  # fmt: skip


async def soak(seconds: float) -> list[Sample]:
    """Load a server for so long; returns a sample for each span of time."""
    samples: list[Sample] = []
    with server(retention_completed=RETENTION, log_level="error") as running:
        port = running.client.base_url.port or 80
        load = Load(str(running.client.base_url))
        ready = asyncio.Semaphore(0)
        readers = [
            asyncio.create_task(load.read(port, ready, first=number == 0))
            for number in range(READERS)
        ]
        for _ in readers:
            await ready.acquire()
        begun = time.monotonic()
        work = asyncio.create_task(load.run(seconds))
        while not work.done():
            await asyncio.wait([work], timeout=SAMPLE)
            past, load.now = load.now, Gathered()
            if past.receipts and past.uploads and past.jobs:
                memory = await asyncio.to_thread(group_memory, running.process)
                samples.append(take(past, memory, (time.monotonic() - begun) / 60))
        work.result()
        ended = [reader for reader in readers if reader.done()]
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        await load.close()
    if ended:
        raise SystemExit(f"{len(ended)} of {READERS} streams ended before the load did.")
    print(
        f"{load.counts['completed']} jobs completed, {load.counts['failed']} failed as they must, "
        f"{load.events:,} events received by {READERS} readers"
    )
    return samples


def take(past: Gathered, memory: int, minute: float) -> Sample:
    """Sum up a span of time."""
    return Sample(
        minute,
        memory / 1e6,
        percentile(past.receipts, 0.5) * 1e3,
        percentile(past.receipts, 0.99) * 1e3,
        percentile(past.uploads, 0.5) * 1e3,
        percentile(past.jobs, 0.5) * 1e3,
    )


def judge(what: str, unit: str, minutes: list[float], values: list[float]) -> None:
    """Print how a figure changed over time, and whether that is flat."""
    slope = statistics.linear_regression(minutes, values).slope
    quarter = max(1, len(values) // 4)
    # Medians: one sample of a busy machine is no trend.
    first, last = (statistics.median(part) for part in (values[:quarter], values[-quarter:]))
    print(f"{what}: {first:.1f} {unit} at first, {last:.1f} {unit} at last, {slope:+.3f} a minute")
    verdict(f"{what}, last quarter over first", last / first, MOST_GROWTH)


def times(samples: Sequence[Sample]) -> list[float]:
    """When the samples were taken, in minutes."""
    return [sample.minute for sample in samples]


def series(samples: Sequence[Sample], name: str) -> list[float]:
    """One figure of each sample."""
    return [float(getattr(sample, name)) for sample in samples]
