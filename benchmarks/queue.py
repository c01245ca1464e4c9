"""The queue beside BullMQ, and what it has to reach beside that: one table, from one run.

``python -m benchmarks queue [--rounds N] [--recoveries N] [--json FILE]``. The two systems take
turns, and each figure is the median over the rounds, because other work on the machine slows
both down. Needs node, npm and redis-server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import _recovery, jobs
from benchmarks._bullmq import BullMQ, bullmq, versions
from benchmarks._dashboard import dashboard_times
from benchmarks._running import percentile
from benchmarks._streams import many_streams

BULK = 10_000
SINGLE = 3_000
JOBS = 10_000
RINGS = 200
CLIENTS = 1_000


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Args:
        ratio: what is held against the target: ours over the peer's, or ours alone.
    """

    what: str
    unit: str
    ours: float
    peer: float | None
    ratio: float
    target: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


@dataclass(frozen=True)
class Contest:
    """What both systems do; each side answers with a figure."""

    what: str
    unit: str
    ours: Callable[[], float]
    peer: Callable[[BullMQ], float]
    target: float
    at_least: bool = True


def contests() -> list[Contest]:
    """The comparisons with BullMQ."""
    return [
        Contest("enqueue one by one", "jobs/s", jobs.enqueued_one_by_one,
                lambda peer: rate(peer, "add", SINGLE), 1.5),
        Contest("bulk of 10,000, its addBulk at its best", "jobs/s",
                lambda: jobs.enqueued_in_bulk(BULK), best_bulk, 2.0),
        Contest("no-op, 1 worker", "jobs/s", lambda: jobs.worked_off(1),
                lambda peer: rate(peer, "work-1", JOBS), 1.5),
        Contest("no-op, 8 workers, one commit a job", "jobs/s",
                lambda: jobs.worked_off(8, group_finishes=False),
                lambda peer: rate(peer, "work-8", JOBS), 0.5),
        Contest("no-op, 8 workers, finishes grouped", "jobs/s", lambda: jobs.worked_off(8),
                lambda peer: rate(peer, "work-8", JOBS), 1.0),
        Contest("enqueue to start at idle, p50", "ms",
                lambda: statistics.median(jobs.starting_delays()) * 1e3,
                lambda peer: statistics.median(peer.measure("delays", RINGS)) * 1e3,
                1.0, at_least=False),
    ]  # fmt: skip


def rate(peer: BullMQ, what: str, count: int) -> float:
    """A rate of BullMQ."""
    return float(peer.measure(what, count))


def best_bulk(peer: BullMQ) -> float:
    """The better of one call and chunks of 1,000, which is what users send."""
    return max(rate(peer, "bulk", BULK), rate(peer, "bulk-1000", BULK))


def main(options: Sequence[str] = ()) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks queue")
    parser.add_argument("--rounds", type=int, default=5, help="of each comparison")
    parser.add_argument("--recoveries", type=int, default=30, help="kills of our worker")
    parser.add_argument("--peer-recoveries", type=int, default=1, help="each takes 60 to 90 s")
    parser.add_argument("--json", type=Path, help="file for the figures")
    told = parser.parse_args(options)
    rows = []
    with bullmq() as peer:
        print(versions(), flush=True)
        for contest in contests():
            rows.append(show(compare(contest, peer, told.rounds)))
        for row in recoveries(peer, told.recoveries, told.peer_recoveries):
            rows.append(show(row))
    for what, seconds in dashboard_times().items():
        p95 = percentile(seconds, 0.95) * 1e3
        rows.append(show(Row(f"{what}, p95", "ms", p95, None, p95, 50, False)))
    rows += [show(row) for row in streams()]
    if told.json:
        figures = [{**asdict(row), "met": row.met} for row in rows]
        told.json.write_text(json.dumps({"versions": versions(), "rows": figures}, indent=2))
    print(f"{sum(row.met for row in rows)} of {len(rows)} targets met")


def compare(contest: Contest, peer: BullMQ, rounds: int) -> Row:
    """Let both take turns, the other one first each time."""
    ours, theirs = [], []
    for number in range(rounds):
        sides: list[Callable[[], None]] = [
            lambda: ours.append(contest.ours()),
            lambda: theirs.append(contest.peer(peer)),
        ]
        for side in sides if number % 2 == 0 else reversed(sides):
            side()
    # Neighbours in time are compared: the machine drifts.
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(contest.what, contest.unit, statistics.median(ours), statistics.median(theirs),
               ratio, contest.target, contest.at_least)  # fmt: skip


def recoveries(peer: BullMQ, rounds: int, peer_rounds: int) -> list[Row]:
    """Kill workers of both; the target is in seconds."""
    restarted, beside, theirs = [], [], []
    turns = max(peer_rounds, 1)
    for number in range(turns):
        share = math.ceil((rounds - number) / turns)
        restarted += _recovery.after_restart(share)
        if peer_rounds:
            theirs += _recovery.of_bullmq(peer)
        beside += _recovery.beside_another(share)
    slowest = percentile(theirs, 0.99) if theirs else None
    rows = []
    for what, delays in (("restarted", restarted), ("another alive", beside)):
        p99 = percentile(delays, 0.99)
        print(f"kill -9, {what}: p50 {statistics.median(delays):.2f} s, {len(delays)} jobs")
        rows.append(Row(f"kill -9 to running again, {what}, p99", "s", p99, slowest, p99, 3, False))
    return rows


def streams() -> list[Row]:
    """Events to many clients of one process."""
    delays, missed = asyncio.run(many_streams(CLIENTS))
    print(f"{CLIENTS} clients, {len(delays):,} events received, {missed} missed: "
          f"p50 {percentile(delays, 0.5) * 1e3:.0f} ms")  # fmt: skip
    p99 = percentile(delays, 0.99) * 1e3
    return [
        Row(f"event to receipt by {CLIENTS:,} clients, p99", "ms", p99, None, p99, 400, False),
        Row(f"events missed by {CLIENTS:,} clients", "", missed, None, missed, 0, False),
    ]


def show(row: Row) -> Row:
    """Print a line of the table."""
    sign = ">=" if row.at_least else "<="
    peer = "" if row.peer is None else f"{row.peer:,.4g}"
    held = "" if row.peer is None or row.unit == "s" else f"{row.ratio:.2f}"
    print(
        f"{row.what:50}{row.ours:>10,.4g} {row.unit:7}{peer:>10}{held:>7}"
        f"  {sign} {row.target:g}: {'met' if row.met else 'MISSED'}",
        flush=True,
    )
    return row
