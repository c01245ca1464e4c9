"""Counts by minute add up to what happened, however often and by whomever they are made."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from job_layer import QUEUE, USER, Jobs, open_database
from studyq.database.base import now
from studyq.database.engine import Database
from studyq.jobs import rollups
from studyq.jobs.context import JobContext
from studyq.jobs.events import append_events
from studyq.jobs.models import Rollup
from studyq.jobs.registry import Outcome
from studyq.jobs.rollups import (
    BUCKETS,
    MINUTE,
    Tally,
    forget_old,
    is_behind,
    quantile,
    roll_up,
    series,
    totals,
)

QUEUES = (QUEUE, "test-analysis")
LOST, OWN = {"error": {"code": "worker_lost"}}, {"error": {"code": "unexpected"}}

#: Of each kind of event: kind, state, detail, whether it ends an attempt, what it counts as.
KINDS: dict[str, tuple[str, str, dict[str, Any], bool, tuple[str, ...]]] = {
    "put in": ("state", "waiting", {}, False, ()),  # enqueued, if it is the job's first
    "put in for later": ("state", "delayed", {}, False, ()),
    "start": ("state", "active", {"attempt": 1}, False, ("started",)),
    "progress": ("progress", "active", {}, False, ()),
    "completed": ("state", "completed", {}, True, ("completed",)),
    "failed": ("state", "failed", OWN, True, ("failed",)),
    "cancelled": ("state", "cancelled", {}, False, ("cancelled",)),
    "again": ("state", "delayed", OWN, True, ("retried",)),
    "handed back": ("state", "waiting", {}, True, ()),
    "lost": ("state", "waiting", LOST, True, ("reaped",)),
    "lost for good": ("state", "failed", LOST, True, ("failed", "reaped")),
}
TIMES = st.sampled_from([0, 999, 1000, 1001, 5_000_000, 3_600_000_000, 3_600_000_001, 10**12])
EVENTS = st.tuples(
    st.sampled_from(sorted(KINDS)), st.integers(0, 5), st.integers(-4, 0), TIMES
)  # kind, job, minute, µs


def bucket_of(time: int) -> int:
    return sum(time > bound * 1e6 for bound in BUCKETS)


def with_time(tally: Tally, name: str, time: int) -> Tally:
    buckets = list(getattr(tally, f"{name}_buckets"))
    buckets[bucket_of(time)] += 1
    added = getattr(tally, name) + time
    return replace(tally, **{name: added, f"{name}_buckets": tuple(buckets)})


class Ledger:
    """What happened, counted one by one."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.tallies: dict[tuple[int, str], Tally] = {}

    def write(self, database: Database, events: Sequence[tuple[str, int, int, int]]) -> None:
        at = now()
        this_minute = at - at % MINUTE
        rows = []
        for name, job, minute, time in events:
            kind, state, detail, ends, counts = KINDS[name]
            if name.startswith("put in") and job not in self.seen:
                counts = ("enqueued",)
            self.seen.add(job)
            queue = QUEUES[job % 2]
            begins = this_minute + minute * MINUTE
            waited, ran = (time if name == "start" else None), (time if ends else None)
            rows.append(
                {"job_id": str(job), "user_id": USER, "queue": queue, "subject": None,
                 "event": kind, "state": state, "progress": 0, "message": "", "detail": detail,
                 "at": begins + 7, "waited": waited, "ran": ran}
            )  # fmt: skip
            if not counts and ran is None:
                continue
            tally = self.tallies.get((begins, queue), Tally())
            for count in counts:
                tally = replace(tally, **{count: getattr(tally, count) + 1})
            if waited is not None:
                tally = with_time(tally, "waited", waited)
            if ran is not None:
                tally = with_time(tally, "ran", ran)
            self.tallies[begins, queue] = tally
        with database.write() as session:
            append_events(session.connection(), rows)

    def check(self, database: Database) -> None:
        expected: dict[str, Tally] = {}
        for (_, queue), tally in self.tallies.items():
            expected[queue] = expected.get(queue, Tally()) + tally
        with database.read() as session:
            told = {queue: tally for queue, tally in totals(session).items() if tally != Tally()}
            steps = series(session, since=now() - 10 * MINUTE, step_minutes=1)
            ten = series(session, since=now() - 10 * MINUTE, step_minutes=10, queue=QUEUE)
        assert told == expected
        by_minute = {
            (at, queue): tally
            for at, tallies in steps
            for queue, tally in tallies.items()
            if tally != Tally()
        }
        assert by_minute == self.tallies
        assert len(steps) >= 11  # those in which nothing happened too
        summed = [tallies[QUEUE] for _, tallies in ten if QUEUE in tallies]
        assert sum(summed, Tally()) == expected.get(QUEUE, Tally())
        assert all(set(tallies) <= {QUEUE} for _, tallies in ten)


@given(
    parts=st.lists(
        st.tuples(st.lists(EVENTS, min_size=1, max_size=12), st.integers(0, 2)), max_size=5
    ),
    batch=st.sampled_from([1, 3, 50_000]),
)
@settings(max_examples=60, deadline=None)
def test_counts_add_up_to_what_happened(
    parts: list[tuple[list[tuple[str, int, int, int]], int]], batch: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        open_database(Path(folder)) as database,
    ):
        patch.setattr(rollups, "BATCH", batch)
        ledger = Ledger()
        written = counted = 0
        for events, times in parts:
            ledger.write(database, events)
            written += len(events)
            for _ in range(times):
                counted += roll_up(database)
            ledger.check(database)
        assert counted + roll_up(database) == written
        assert not is_behind(database)
        ledger.check(database)


def test_counting_that_is_cut_off_counts_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger()
    ledger.write(database, [("put in", 0, 0, 0), ("start", 0, 0, 5), ("completed", 0, 0, 9)])

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rollups, "set_cursor", power_cut)
    with pytest.raises(KeyboardInterrupt):
        roll_up(database)
    monkeypatch.undo()
    ledger.check(database)
    assert roll_up(database) == 3
    ledger.check(database)


def test_what_somebody_else_counted_meanwhile_is_dropped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger()
    ledger.write(database, [("put in", 0, 0, 0), ("start", 0, 0, 5)])
    store = rollups._store
    late = []

    def overtaken(*arguments: Any) -> bool:
        monkeypatch.undo()
        assert roll_up(database) == 2
        late.append(store(*arguments))
        return late[0]

    monkeypatch.setattr(rollups, "_store", overtaken)
    assert roll_up(database) == 0
    assert late == [False]
    ledger.check(database)


def test_counts_what_workers_do(jobs: Jobs) -> None:
    attempts: list[int] = []

    def work(_: JobContext) -> Outcome:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("the first time it fails")
        return Outcome()

    jobs.handle(work)
    job = jobs.add()
    jobs.drain()
    jobs.make_due(job)
    jobs.drain()
    roll_up(jobs.database)
    with jobs.database.read() as session:
        tally = totals(session)[QUEUE]
    assert (tally.enqueued, tally.started, tally.completed, tally.failed) == (1, 2, 1, 0)


def test_old_minutes_go_and_totals_stay(database: Database) -> None:
    ledger = Ledger()
    old = -round(rollups.KEPT / 60) - 2
    ledger.write(database, [("put in", 0, old, 0), ("put in", 2, -1, 0)])
    roll_up(database)
    assert forget_old(database) == 1
    with database.read() as session:
        minutes = session.scalar(sa.select(sa.func.count()).where(Rollup.minute > 0))
        assert minutes == 1
        assert totals(session)[QUEUE].enqueued == 2


def test_quantiles_lie_within_their_bucket() -> None:
    assert quantile([0] * (len(BUCKETS) + 1), 0.5) is None
    only = [0] * (len(BUCKETS) + 1)
    only[3] = 10  # from 5 to 10 ms
    assert quantile(only, 0.5) == pytest.approx(0.0075)
    assert quantile(only, 1.0) == pytest.approx(0.01)
    only[-1] = 90
    assert quantile(only, 0.5) == BUCKETS[-1]


@given(st.lists(st.integers(0, 4 * 10**9), min_size=1, max_size=60), st.floats(0.01, 1.0))
@example([1001] * 3 + [2501] * 3, 0.5)  # all of a bucket whose bounds are no binary fractions
def test_quantiles_are_as_exact_as_their_buckets(times: list[int], q: float) -> None:
    buckets = [0] * (len(BUCKETS) + 1)
    for time in times:
        buckets[bucket_of(time)] += 1
    told = quantile(buckets, q)
    assert told is not None
    rank = max(1, -(-q * len(times) // 1))  # the smallest time that a share q did not exceed
    exact = sorted(times)[int(rank) - 1]
    place = min(bucket_of(exact), len(BUCKETS) - 1)
    lower = BUCKETS[place - 1] if place else 0.0
    assert lower <= told <= BUCKETS[place]
